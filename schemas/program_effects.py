"""The effects an action type may have beyond points, and the facts that each brings along."""

from collections.abc import Mapping
from typing import Final, Literal

from schemas.program_facts import Fact

Effect = Literal[
    "profile",
    "opening",
    "reserve",
    "confirm",
    "cancel",
    "reverse",
    "suspend",
    "unsuspend",
    "erase",
    "join_path",
    "leave_path",
    "primary_path",
    "unlock",
    "grant_unlock",
    "register_code",
    "look_up_code",
    "payment",
    "claim_reward",
    "grant_reward",
    "deliver_reward",
    "resolve_rewards",
    "tier_review",
    "settle",
    "open_period",
    "close_period",
    "restate_period",
    "check_badge",
]

_TEXT: Final = Fact(type="text")
_NEEDED: Final = Fact(type="text", required=True)
_MEMBER: Final = Fact(type="member", required=True)
_NUMBERS: Final = Fact(type="numbers")
_COUNT: Final = Fact(type="integer", required=True, least=0)
_PERIOD: Final = {"board": _NEEDED, "period": Fact(type="period", required=True)}

EFFECT_FACTS: Final[Mapping[str, Mapping[str, Fact]]] = {
    "profile": {
        "country": Fact(type="country"),
        "team": Fact(type="team"),
        "segments": Fact(type="texts"),
        "joined_at": Fact(type="moment"),
        "timezone": Fact(type="timezone"),
        "listed": Fact(type="flag"),
    },
    "opening": {
        # By currency, in whole points with their decimals.
        "balances": _NUMBERS,
        "lifetimes": _NUMBERS,
        "lots": Fact(type="lots"),
        # By ladder, by badge (its level), by streak (its days), by action type.
        "steps": Fact(type="names"),
        "badges": _NUMBERS,
        "streaks": _NUMBERS,
        "counts": _NUMBERS,
    },
    "reserve": {
        "points": Fact(type="decimal(6)", required=True, least=0, nonzero=True),
        "currency": _TEXT,
        "reward": _TEXT,
    },
    "confirm": {"reservation": _NEEDED},
    "cancel": {"reservation": _NEEDED},
    "reverse": {
        "action_id": _NEEDED,
        "points": Fact(type="decimal(6)", least=0, nonzero=True),
        "reason": _TEXT,
        "created_by": _TEXT,
    },
    "suspend": {"until": Fact(type="moment"), "reason": _NEEDED, "created_by": _TEXT},
    "unsuspend": {"reason": _NEEDED, "created_by": _TEXT},
    "erase": {"reason": _NEEDED, "created_by": _NEEDED},
    "join_path": {"path": _NEEDED},
    "leave_path": {"path": _NEEDED},
    "primary_path": {"path": _NEEDED},
    "unlock": {"unlock": _NEEDED},
    "grant_unlock": {"unlock": _NEEDED, "created_by": _NEEDED},
    "register_code": {"owner": _MEMBER},
    # `unanswered`: it waited for as long as an action may come late, and is declined now.
    "look_up_code": {"referred_user": _MEMBER, "unanswered": Fact(type="flag")},
    "payment": {"status": _NEEDED, "owner": _MEMBER},
    "claim_reward": {"member": _MEMBER},
    "grant_reward": {"reward": _NEEDED, "created_by": _TEXT},
    "deliver_reward": {"reward": _NEEDED, "created_by": _TEXT},
    "resolve_rewards": {},
    "tier_review": {
        "ladder": _NEEDED,
        "points": Fact(type="decimal(6)", required=True),
    },
    "settle": {},
    "open_period": _PERIOD,
    "close_period": {
        **_PERIOD,
        "participants": _COUNT,
        # The sum of all scores, and what it comes to per member.
        "points": Fact(type="integer", required=True),
        "average": Fact(type="decimal(3)", required=True),
        "median": Fact(type="decimal(3)", required=True),
        "winners": Fact(type="scores", required=True),
        "top": Fact(type="scores", required=True),
        # By `topic:partition` the next offset when the board was read.
        "positions": Fact(type="numbers", required=True),
        "keep_until": Fact(type="moment"),
    },
    "restate_period": {
        **_PERIOD,
        "changed": _COUNT,
        "changes": Fact(type="changes", required=True),
    },
    "check_badge": {
        "badge": _NEEDED,
        "holds": Fact(type="flag", required=True),
        "rank": Fact(type="integer", least=1),
    },
}
"""By effect: its facts by name. An action type may declare further ones, or say these again alike."""
