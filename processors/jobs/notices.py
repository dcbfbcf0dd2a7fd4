"""Expiry notices: so long before points expire the member is told once, day by day of expiry."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Final, NamedTuple

from processors.jobs.actions import JobAction
from processors.jobs.means import Means
from processors.jobs.periods import calendar_of
from schemas import moments
from schemas.programs import Program
from sinks.job_reads import ExpiringLot, accounts_due_within, expiring_lots, said_since

EXPIRY_NOTICE: Final = "EXPIRY_NOTICE"
PAGE: Final = 200
"""Members looked at at once."""


class Expiring(NamedTuple):
    """What a member loses on one day: the first moment of it, and the points in the smallest unit."""

    at: int
    units: int


class Reach(NamedTuple):
    """The last moment that is told of, and since when notices of days that are not over were said."""

    until: int
    said_since: int


def by_day(program: Program, lots: Iterable[ExpiringLot]) -> dict[tuple[str, str, str], Expiring]:
    """Sum up lots by member, currency and day of expiry, `2026-03-01` in the program's zone."""
    days: defaultdict[tuple[str, str, str], list[ExpiringLot]] = defaultdict(list)
    calendar = calendar_of(program)
    for lot in lots:
        days[lot.user_id, lot.currency, calendar.date(lot.expires_at).isoformat()].append(lot)
    return {
        key: Expiring(min(lot.expires_at for lot in found), sum(lot.units for lot in found))
        for key, found in days.items()
    }


def due(
    program: Program, lots: Iterable[ExpiringLot], said: Collection[tuple[str, str]], now: int
) -> list[JobAction]:
    """Make the notices of these lots; `said` are the (member, id) of those that were accepted."""
    actions = []
    for (user_id, currency, day), expiring in by_day(program, lots).items():
        name = f"expiry-{currency}@{day}"
        if (user_id, name) in said:
            continue
        scale = program.currencies[currency].scale
        data = {
            "points": f"{Decimal(expiring.units).scaleb(-scale):f}",
            "currency": currency,
            "expires_at": moments.write(expiring.at),
        }
        actions.append(JobAction(name, program.program, user_id, EXPIRY_NOTICE, now, data))
    return actions


def reach(program: Program, now: int, before: int) -> Reach:
    """Give how far a look at `now` reaches: to the end of the day that lies `before` ahead.

    A day has one notice, so it names all that expires on that day, also at later times of day.
    """
    calendar = calendar_of(program)
    return Reach(calendar.day(now + before).end - 1, calendar.day(now).start - before)


async def run(means: Means) -> Counter[str]:
    """Tell of all that expires soon, member by member."""
    now, sent = means.clock.now(), Counter[str]()
    for program in means.programs.now(now):
        if program.expiry_notice is not None:
            sent += await _look(means, program, now, program.expiry_notice.milliseconds)
    return sent


async def _look(means: Means, program: Program, now: int, before: int) -> Counter[str]:
    name, sent, after = program.program, Counter[str](), ""
    until, since = reach(program, now, before)
    while users := await accounts_due_within(means.ledger, name, until, after, PAGE):
        after = users[-1]
        lots = await expiring_lots(means.ledger, name, users, (now, until))
        said = await said_since(means.ledger, name, users, EXPIRY_NOTICE, since)
        new = [
            action
            for action in due(program, lots, said, now)
            if not means.lately.has((name, action.user_id, action.id))
        ]
        for action in new:
            means.lately.note((name, action.user_id, action.id))
        sent += await means.sender.send(new)
    return sent
