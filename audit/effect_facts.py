"""The facts that each effect brings along to the action types that have it (docs/rules.md)."""

from audit.rules import Document

_TEXT: Document = {"type": "text"}
_NEEDED: Document = {"type": "text", "required": True}
_MOMENT: Document = {"type": "moment"}
_MEMBER: Document = {"type": "member", "required": True}
_NUMBERS: Document = {"type": "numbers"}
_COUNT: Document = {"type": "integer", "required": True, "least": 0}
_ROWS: Document = {"type": "scores", "required": True}
_PLACES: Document = {"type": "decimal(3)", "required": True}
_PERIOD: dict[str, Document] = {"board": _NEEDED, "period": {"type": "period", "required": True}}
_AMOUNT: Document = {"type": "decimal(6)", "least": 0, "nonzero": True}

_BROUGHT: dict[str, Document] = {
    "profile": {
        "country": {"type": "country"},
        "team": {"type": "team"},
        "segments": {"type": "texts"},
        "joined_at": _MOMENT,
        "timezone": {"type": "timezone"},
        "listed": {"type": "flag"},
    },
    "opening": {
        "balances": _NUMBERS,
        "lifetimes": _NUMBERS,
        "lots": {"type": "lots"},
        "steps": {"type": "names"},
        "badges": _NUMBERS,
        "streaks": _NUMBERS,
        "counts": _NUMBERS,
    },
    "reserve": {"points": _AMOUNT | {"required": True}, "currency": _TEXT, "reward": _TEXT},
    "confirm": {"reservation": _NEEDED},
    "cancel": {"reservation": _NEEDED},
    "reverse": {"action_id": _NEEDED, "points": _AMOUNT, "reason": _TEXT, "created_by": _TEXT},
    "suspend": {"until": _MOMENT, "reason": _NEEDED, "created_by": _TEXT},
    "unsuspend": {"reason": _NEEDED, "created_by": _TEXT},
    "erase": {"reason": _NEEDED, "created_by": _NEEDED},
    "join_path": {"path": _NEEDED},
    "leave_path": {"path": _NEEDED},
    "primary_path": {"path": _NEEDED},
    "unlock": {"unlock": _NEEDED},
    "grant_unlock": {"unlock": _NEEDED, "created_by": _NEEDED},
    "register_code": {"owner": _MEMBER},
    "look_up_code": {"referred_user": _MEMBER, "unanswered": {"type": "flag"}},
    "payment": {"status": _NEEDED, "owner": _MEMBER},
    "claim_reward": {"member": _MEMBER},
    "grant_reward": {"reward": _NEEDED, "created_by": _TEXT},
    "deliver_reward": {"reward": _NEEDED, "created_by": _TEXT},
    "tier_review": {"ladder": _NEEDED, "points": {"type": "decimal(6)", "required": True}},
    "open_period": _PERIOD,
    "close_period": _PERIOD
    | {
        "participants": _COUNT,
        "points": {"type": "integer", "required": True},
        "average": _PLACES,
        "median": _PLACES,
        "winners": _ROWS,
        "top": _ROWS,
        "positions": {"type": "numbers", "required": True},
        "keep_until": _MOMENT,
    },
    "restate_period": _PERIOD
    | {"changed": _COUNT, "changes": {"type": "changes", "required": True}},
    "check_badge": {
        "badge": _NEEDED,
        "holds": {"type": "flag", "required": True},
        "rank": {"type": "integer", "least": 1},
    },
}


def declared_facts(kind: Document) -> dict[str, Document]:
    """Every fact of an action type: those of its effect, and its own."""
    brought = _BROUGHT.get(kind.get("effect") or "", {})
    own: dict[str, Document] = kind.get("facts", {})
    return {**brought, **own}
