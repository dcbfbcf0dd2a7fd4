"""What people and programs may see of an account, as JSON can say it."""

from typing import Any

from schemas import parts
from schemas.accounts import Head
from schemas.moments import END_OF_TIME, write

PURSE = ("balance", "lifetime", "in_lots", "held", "reserved")


def view(head: Head) -> dict[str, object]:
    """Return the account; amounts are integers of each currency's smallest unit."""
    return {
        "sequence": head.sequence,
        "currencies": {currency: _purse(purse) for currency, purse in head.purses.items()},
        "steps": head.steps,
        "country": head.country,
        "profile": head.profile,
        "counts": head.counts,
        "usage": head.usage,
        "standings": head.standings,
        "badges": head.badges,
        "owner": head.owner,
        "waiting": head.waiting,
        **_parts(head),
    }


def _purse(purse: list[int]) -> dict[str, int]:
    return dict(zip(PURSE, purse, strict=False))


def _parts(head: Head) -> dict[str, Any]:
    """Return what only some accounts have, under the name it is known by."""
    paths = parts.PATHS.read(head)
    until = parts.SUSPENSION.read(head).until
    streaks = parts.STREAKS.read(head)
    shown: dict[str, Any] = {
        "streaks": {name: streak.days for name, streak in streaks.items()},
        # By streak: the first moment of its last day; since then the streak may have been broken.
        "last_days": {name: write(streak.last) for name, streak in streaks.items()},
        "totals": parts.TOTALS.read(head),
        "memory": parts.MEMORY.read(head),
        "paths": {path: paths.xp.get(path, 0) for path in paths.joined},
        # Of every path ever joined, also of those left.
        "path_xp": paths.xp,
        "primary_path": paths.primary or None,
        "boosts": {
            currency: write(boost.until) for currency, boost in parts.BOOSTS.read(head).items()
        },
        "unlocks": {name: each.times for name, each in parts.UNLOCKS.read(head).items()},
        "rewards": parts.REWARDS.read(head),
        "reservations": {name: each.points for name, each in parts.RESERVATIONS.read(head).items()},
        "holds": {each.id: each.points for each in parts.HOLDS.read(head)},
        "suspended_until": None if not until else _end(until),
        "payment": parts.PAYMENT.read(head).status or None,
        "recipients": parts.RECIPIENTS.read(head),
        "period": _period(parts.PERIOD.read(head)),
        "due": None if head.due_at is None else due_as(head, head.due_at),
        "erased": parts.ERASED.read(head),
    }
    return {name: value for name, value in shown.items() if value}


def _period(period: parts.Period) -> str | None:
    """Return how far a period is; the last word said of it."""
    said = {"restated": period.restated, "closed": period.closed, "opened": period.opened}
    return next((word for word, is_so in said.items() if is_so), None)


def due_as(head: Head, moment: int) -> str:
    """Name the action that says what falls due at a moment; of several what is settled first."""
    if parts.SUSPENSION.read(head).until == moment:
        return "SUSPENSION_END"
    if any(each.lapses_at == moment for each in parts.RESERVATIONS.read(head).values()):
        return "RESERVE_LAPSE"
    if any(each.due_at == moment for each in parts.HOLDS.read(head)):
        return "HOLD_END"
    return "LOOKUP_LAPSE" if head.waiting else "EXPIRATION"


def _end(until: int) -> str:
    return "for ever" if until >= END_OF_TIME else write(until)
