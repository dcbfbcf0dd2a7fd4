"""Settles what is due on an account at the moment of an action, before anything else is looked at."""

from collections.abc import Callable, Iterator
from functools import partial

from audit.case import Case
from audit.codes import give_up
from audit.holds import forfeit, release
from audit.reservations import expire, lapse

Due = tuple[int, int, int, Callable[[], None]]
"""When, which kind of thing (suspension, reservation, hold, lot, look-up), its place, what to do."""


def settle(case: Case) -> None:
    """Settle everything by the moment it was due, of equal ones the earlier made first."""
    while due := min(_due(case), key=lambda each: each[:3], default=None):
        due[3]()


def _due(case: Case) -> list[Due]:
    """What is due by now."""
    return [each for each in _all_due(case) if each[0] <= case.moment]


def _all_due(case: Case) -> Iterator[Due]:
    member = case.member
    if member.suspended_until is not None:
        yield member.suspended_until, 0, 0, partial(_end_suspension, case)
    for place, (name, reservation) in enumerate(member.reservations.items()):
        yield reservation.due, 1, place, partial(lapse, case, name)
    for place, (name, hold) in enumerate(member.holds.items()):
        yield hold.due, 2, place, partial(forfeit if hold.forfeits else release, case, name)
    for place, (name, lot) in enumerate(member.lots.items()):
        if lot.left:
            yield lot.expires_at, 3, place, partial(expire, case, name)
    if not member.waiting:
        return
    late, kind = case.version.accept_late(), case.version.engines("look_up_code")
    if late is not None and kind is not None:
        for place, waiting in enumerate(member.waiting):
            yield waiting.since + late + 1, 4, place, partial(give_up, case, kind, waiting)


def _end_suspension(case: Case) -> None:
    case.member.suspended_until = None
