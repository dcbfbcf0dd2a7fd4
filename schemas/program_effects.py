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
]

_TEXT: Final = Fact(type="text")
_NEEDED: Final = Fact(type="text", required=True)
_MEMBER: Final = Fact(type="member", required=True)
_NUMBERS: Final = Fact(type="numbers")

EFFECT_FACTS: Final[Mapping[str, Mapping[str, Fact]]] = {
    "profile": {
        "country": Fact(type="country"),
        "team": Fact(type="code"),
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
    "look_up_code": {"referred_user": _MEMBER},
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
}
"""By effect: its facts by name. An action type may declare further ones, or say these again alike."""
