"""Carrying members on: who stood on a board begins the next period of it at 0, where its row says so.

Like keeping boards this is an effect on Redis alone, found by comparing what is with what should be.
After a pause several periods are missed at once: each is carried on from the one before, in their order,
and none is closed before that, as a closed board gets nobody any more.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from processors.jobs.means import Means
from processors.jobs.periods import calendar_of, following, kind_of, preceding, row_of
from schemas.moments import ALL_TIME, Calendar
from schemas.programs import Program
from sinks.board_calls import Board
from sinks.board_closing import carried_boards, carry
from sinks.job_reads import KnownPeriod, known_periods


class Carrying(NamedTuple):
    """A board on which the members of another one begin, at 0.

    Its first moment is their tie value, as they reached 0 then; None where each keeps its own, as
    equal scores stand by something else there.
    """

    program: str
    before: Board
    board: Board
    tie: int | None


def to_carry(
    program: Program, known: Iterable[KnownPeriod], carried: Collection[Board]
) -> Iterator[Carrying]:
    """Give the open boards that begin with the members of the one before, and do not yet, in order.

    A period that is not known but lies between two that are is carried on too: it will be opened, and
    who stood before it must not be lost on the way over it.
    """
    calendar, last = calendar_of(program), dict[tuple[str, str], str]()
    dated = [each for each in known if each.period != ALL_TIME]
    for each in sorted(dated, key=lambda each: (calendar.bounds(each.period), each.board)):
        line = (each.board, kind_of(each.period))
        before, last[line] = last.get(line), each.period
        row = row_of(program, (each.board, each.period))
        if row is None or row.opening == "empty" or each.status != "OPEN":
            continue
        if (each.board, each.period) in carried:
            continue
        for period in _up_to(calendar, each.period, before):
            source, board = (each.board, preceding(calendar, period)), (each.board, period)
            if board not in carried:
                tie = calendar.bounds(period)[0] if row.ties == "reached" else None
                yield Carrying(program.program, source, board, tie)


def _up_to(calendar: Calendar, period: str, before: str | None) -> Iterable[str]:
    """Name the periods after `before` up to this one, the earliest first; only this where none is before."""
    if before is None:
        return [period]
    return following(calendar, before, calendar.bounds(period)[0])


async def left(means: Means, name: str, known: Iterable[KnownPeriod]) -> list[Carrying]:
    """Give what is still to be carried on in a program of which these periods are known."""
    now = means.clock.now()
    program = means.programs.at(name, now, now)
    if program is None:
        return []
    return list(to_carry(program, known, await carried_boards(means.boards, name)))


async def run(means: Means) -> Counter[str]:
    """Carry members on to every board that began, the earliest first."""
    done = Counter[str]()
    for name in means.programs.names():
        carrying = await left(means, name, await known_periods(means.ledger, name))
        if carrying:
            await means.gate.boards_follow()
        for each in carrying:
            if not await carry(means.boards, name, each.before, each.board, each.tie):
                break  # Those after it would begin without whom it lacks.
            done["boards carried on"] += 1
    return done
