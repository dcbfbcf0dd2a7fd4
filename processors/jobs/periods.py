"""Periods as jobs see them: which have begun, when they end, how long their boards are kept. Pure."""

from collections.abc import Iterator
from typing import Final, cast

from processors.jobs.programs import Programs
from schemas import moments
from schemas.moments import ALL_TIME, Calendar, PeriodKind
from schemas.programs import Board, Program, effective_moment, moment_in
from sinks.board_calls import Board as BoardPeriod

KEEP: Final = 35 * moments.DAY
"""How long a board stays after its end where its row does not say."""


def kind_of(period: str) -> PeriodKind:
    """Give the kind of a named period: `weekly:2025-W49` is weekly."""
    return cast("PeriodKind", period.partition(":")[0])


def calendar_of(program: Program) -> Calendar:
    """Give the calendar whose days, weeks and months are a program's."""
    return moments.calendar_of(program.timezone)


def row_of(program: Program, board: BoardPeriod) -> Board | None:
    """Give the row that a board is one part of, if it still has such parts and periods of this kind.

    `region:US` is a part of `region`.
    """
    name, _, part = board[0].partition(":")
    row = program.boards.get(name)
    if row is None or bool(part) != (row.split is not None):
        return None
    return row if kind_of(board[1]) in row.periods else None


def version_of(
    programs: Programs, name: str, board: BoardPeriod, ends: int, now: int
) -> Program | None:
    """Give the version by whose row the result of a period is made: the last before its end that has one.

    The one in force then may have dropped the board. None where the program was stopped by then.
    """
    for program in programs.before(name, ends, now):
        if program is None or row_of(program, board) is not None:
            return program
    return None


def current(calendar: Calendar, kind: PeriodKind, now: int) -> str:
    """Name the period of a kind that a moment lies in."""
    return calendar.day(now).names[kind]


def following(calendar: Calendar, period: str, now: int) -> Iterator[str]:
    """Name the periods of one kind that come after `period` and have begun, the earliest first."""
    kind, start = kind_of(period), calendar.bounds(period)[1]
    while start <= now:
        name = current(calendar, kind, start)
        yield name
        start = calendar.bounds(name)[1]


def preceding(calendar: Calendar, period: str) -> str:
    """Name the period of the same kind that ends where this one begins."""
    return current(calendar, kind_of(period), calendar.bounds(period)[0] - 1)


def late_for(program: Program) -> int | None:
    """Give how long actions may come late, in milliseconds; None where they always may."""
    late = program.accept_late
    return None if isinstance(late, str) else late.milliseconds


def kept_until(program: Program, row: Board, ends: int, kind: PeriodKind, closed: int) -> int:
    """Give the moment until which a board that closes at `closed` is kept.

    At least until a day after the last late action may have come, and for a day whenever it was
    closed: ranks and the restatement are read from it.
    """
    keep = row.keep.get(kind)
    after = KEEP if keep is None else keep.milliseconds
    return max(ends + after, ends + (late_for(program) or 0) + moments.DAY, closed + moments.DAY)


def starts_at(program: Program, period: str) -> int:
    """Give the first moment of a period; of `all_time` the campaign's first under this version.

    `all_time` itself begins in 1970, when no version holds that could decide what happened then.
    """
    calendar = calendar_of(program)
    if period != ALL_TIME:
        return calendar.bounds(period)[0]
    holds_from = effective_moment(program)
    return (
        holds_from
        if program.starts is None
        else max(holds_from, moment_in(program.starts, calendar))
    )


def ends_at(program: Program, period: str) -> int:
    """Give the first moment after a period; of `all_time` the campaign's end."""
    calendar = calendar_of(program)
    if period == ALL_TIME and program.ends is not None:
        return moment_in(program.ends, calendar)
    return calendar.bounds(period)[1]
