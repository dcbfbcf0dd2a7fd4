"""The book's accounts in the form in which an account shows itself."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from audit.lots import lots_of
from audit.members import Member
from audit.periods import LAST_MOMENT, read_instant, write_instant
from audit.reservations import set_aside

FOR_EVER = "for ever"
_SAID = ("restated", "closed", "opened")


def amounts_of(member: Member) -> dict[str, Mapping[str, int]]:
    """By name of the amount: how much of it there is of each currency, in smallest units."""
    in_lots = {
        currency: sum(member.lots[lot].left for lot in lots_of(member, currency))
        for currency in member.balance
    }
    return {
        "balance": member.balance,
        "lifetime": member.lifetime,
        "in_lots": in_lots,
        "held": member.held,
        "reserved": member.reserved,
    }


def shown_of(member: Member) -> dict[str, object]:
    """What else an account shows."""
    until = member.suspended_until
    return {
        "owner": member.owner,
        "profile": member.profile,
        "streaks": {name: days for name, (days, _) in member.streaks.items()},
        "last_days": {name: write_instant(at) for name, at in member.last_days.items()},
        "memory": member.memory,
        "paths": {path: member.path_xp[path] for path in member.paths},
        "path_xp": member.path_xp,
        "primary_path": member.primary_path,
        "boosts": {
            currency: write_instant(boost.until) for currency, boost in member.boosts.items()
        },
        "unlocks": {name: times for name, (times, _) in member.unlocks.items()},
        "rewards": member.rewards,
        "reservations": {
            name: set_aside(reservation) for name, reservation in member.reservations.items()
        },
        "holds": {name: hold.points for name, hold in member.holds.items()},
        "suspended_until": FOR_EVER if until == LAST_MOMENT else until and write_instant(until),
        "payment": None if member.status == "new" else member.status,
        "recipients": member.recipients,
        "period": next((word for word in _SAID if word in member.period), None),
        "erased": member.erased,
    }


def as_told(value: object) -> object:
    """A value however it is written: moments as epoch milliseconds, numbers as Fractions."""
    if isinstance(value, Mapping):
        return {name: as_told(each) for name, each in value.items()}
    if isinstance(value, str):
        moment = read_instant(value)
        return value if moment is None else Fraction(moment)
    if isinstance(value, bool) or not isinstance(value, int | Decimal | float):
        return value
    return Fraction(str(value))
