"""What is available of a currency: lots, which expire, and the pool of all that does not.

The pool is the balance less all lots. While there is a debt it is below 0 and there are no lots.
"""

from collections.abc import Iterable

from audit.holdings import Lot, LotTold
from audit.members import Member

POOL = "always"


def put_in(
    member: Member, currency: str, lot: str, points: int, expires_at: int | None
) -> tuple[LotTold, ...]:
    """Add points under a lot's id, a debt being paid first; gives what the posting tells of it."""
    debt = max(0, -member.balance[currency])
    member.balance[currency] += points
    rest = points - min(debt, points)
    if rest == 0:
        return ()
    if expires_at is not None:
        before = member.lots.get(lot, Lot(currency, 0, expires_at))
        member.lots[lot] = before._replace(left=before.left + rest)
    return ((lot, rest, expires_at),)


def take_out(
    member: Member, currency: str, points: int, order: Iterable[str] | None = None
) -> tuple[LotTold, ...]:
    """Take points from lots and pool in that order, what they lack below 0; gives what was taken.

    The usual order is the earliest expiry first, of equal ones the earlier award, then the pool.
    """
    left, told = points, []
    pool = max(0, pool_of(member, currency))
    member.balance[currency] -= points
    for name in [*lots_of(member, currency), POOL] if order is None else order:
        taken = min(left, pool) if name == POOL else _take_from(member, name, left)
        if taken > 0:
            told.append((name, -taken, None if name == POOL else member.lots[name].expires_at))
        left -= taken
    return tuple(told)


def lots_of(member: Member, currency: str) -> list[str]:
    """The lots of a currency in which something is left, in the order in which they are taken."""
    there = [name for name, lot in member.lots.items() if lot.currency == currency and lot.left]
    return sorted(there, key=lambda name: member.lots[name].expires_at)


def pool_of(member: Member, currency: str) -> int:
    """Points that never expire."""
    return member.balance[currency] - sum(
        member.lots[name].left for name in lots_of(member, currency)
    )


def _take_from(member: Member, name: str, points: int) -> int:
    lot = member.lots.get(name)
    if lot is None:  # All of it went into a debt.
        return 0
    taken = min(points, lot.left)
    member.lots[name] = lot._replace(left=lot.left - taken)
    return taken
