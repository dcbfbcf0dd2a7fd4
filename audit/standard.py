"""Action types that a program has without writing them (docs/rules.md, Periods)."""

from typing import Any

Document = dict[str, Any]

_JOB = {"origin": "job"}
_OF_BOARDS: Document = {
    "PERIOD_OPEN": _JOB | {"effect": "open_period"},
    "PERIOD_CLOSE": _JOB | {"effect": "close_period"},
    "PERIOD_RESTATE": _JOB | {"effect": "restate_period"},
}
_CHECK: Document = _JOB | {"effect": "check_badge"}
_NOTICE: Document = _JOB | {
    "facts": {
        "points": {"type": "decimal(6)", "required": True},
        "currency": {"type": "text", "required": True},
        "expires_at": {"type": "moment", "required": True},
    }
}


def all_actions(document: Document) -> Document:
    """Every action type of a program: those it writes, and those it has anyway, with its changes."""
    anyway: Document = {}
    if document.get("boards"):
        anyway |= _OF_BOARDS
    if any("rank" in badge for badge in document.get("badges", {}).values()):
        anyway["BADGE_CHECK"] = _CHECK
    if document.get("expiry_notice"):
        anyway["EXPIRY_NOTICE"] = _NOTICE
    written: Document = document["actions"]
    return written | {name: kind | written.get(name, {}) for name, kind in anyway.items()}
