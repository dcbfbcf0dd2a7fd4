"""Action types that a program has without saying so: what jobs say of its boards, badges and lots.

A program that writes one of them says only what is otherwise, like a `title` or `notify`.
"""

from collections.abc import Mapping
from typing import Any, Final

Document = Mapping[str, Any]

EXPIRY_NOTICE: Final = "EXPIRY_NOTICE"

_PERIOD: Final = {"origin": ["job"], "reference": ["board", "period"]}
_OF_BOARDS: Final[Mapping[str, Document]] = {
    "PERIOD_OPEN": {**_PERIOD, "title": "A period begins", "effect": "open_period"},
    "PERIOD_CLOSE": {**_PERIOD, "title": "A period has ended", "effect": "close_period"},
    "PERIOD_RESTATE": {**_PERIOD, "title": "What came late is told", "effect": "restate_period"},
}
_OF_RANKS: Final[Mapping[str, Document]] = {
    "BADGE_CHECK": {
        "title": "A badge begins or ends to hold",
        "origin": ["job"],
        "reference": ["badge", "holds", "rank"],
        "effect": "check_badge",
    },
}
_OF_EXPIRY: Final[Mapping[str, Document]] = {
    EXPIRY_NOTICE: {
        "title": "Points expire soon",
        "origin": ["job"],
        "facts": {
            "points": {"type": "decimal(6)", "required": True},
            "currency": {"type": "text", "required": True},
            "expires_at": {"type": "moment", "required": True},
        },
        "reference": ["points", "currency", "expires_at"],
    },
}


def with_standard(document: Document) -> Document:
    """Return a program file's content with the action types that it has without saying so.

    With `boards` the three of periods, with a badge of a `rank` its check, with `expiry_notice` that.
    What is no program is returned as it is; whoever reads it next says why.
    """
    actions, badges = document.get("actions"), document.get("badges")
    if not isinstance(actions, dict):
        return document
    ranked = isinstance(badges, dict) and any(
        isinstance(badge, dict) and "rank" in badge for badge in badges.values()
    )
    standard = {
        **(_OF_BOARDS if document.get("boards") else {}),
        **(_OF_RANKS if ranked else {}),
        **(_OF_EXPIRY if document.get("expiry_notice") else {}),
    }
    written = {name: actions.get(name, {}) for name in standard}
    merged = {
        name: {**standard[name], **said} for name, said in written.items() if isinstance(said, dict)
    }
    return {**document, "actions": {**actions, **merged}}
