"""Keeping boards: how long a closed one stays in Redis, and who is carried on to the next one.

Both are effects on Redis alone, found by comparing what is with what should be: a Redis that was
emptied and filled again gets them again.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from processors.jobs.means import Means
from processors.jobs.periods import calendar_of, preceding, row_of
from processors.jobs.results import is_behind
from schemas.moments import ALL_TIME
from schemas.programs import Program
from sinks.board_calls import Board
from sinks.board_closing import (
    all_boards,
    board_positions,
    carried_boards,
    carry,
    closed_boards,
    keep,
)
from sinks.job_reads import KnownPeriod, known_periods, results_at


def lacking(
    known: Iterable[KnownPeriod], closed: Mapping[Board, int], standing: Collection[Board], now: int
) -> list[tuple[Board, int]]:
    """Give the closed boards, with the moment until which each is kept, of which Redis does not know.

    Also those it knows of that stand there still though their time is over.
    """
    found = []
    for each in known:
        board = (each.board, each.period)
        if each.status == "OPEN" or each.keep_until is None:
            continue
        if closed.get(board) != each.keep_until or (board in standing and each.keep_until <= now):
            found.append((board, each.keep_until))
    return found


class Carrying(NamedTuple):
    """A board on which the members of another one begin, at 0."""

    program: str
    before: Board
    board: Board
    starts: int


def to_carry(
    program: Program, known: Iterable[KnownPeriod], carried: Collection[Board]
) -> Iterator[Carrying]:
    """Give the open boards that begin with the members of the one before, and do not yet."""
    calendar = calendar_of(program)
    for each in known:
        board = (each.board, each.period)
        row = None if each.period == ALL_TIME else row_of(program, board)
        if row is None or row.opening == "empty" or each.status != "OPEN" or board in carried:
            continue
        before = (each.board, preceding(calendar, each.period))
        yield Carrying(program.program, before, board, calendar.bounds(each.period)[0])


async def run(means: Means) -> Counter[str]:
    """Let Redis keep closed boards as long as it should, and carry members on to new ones."""
    done, now, carrying = Counter[str](), means.clock.now(), list[Carrying]()
    for name in means.programs.names():
        known = await known_periods(means.ledger, name)
        done += await _keep(means, name, known, now)
        program = means.programs.at(name, now, now)
        if program is not None:
            carried = await carried_boards(means.boards, name)
            carrying += to_carry(program, known, carried)
    if carrying:
        await means.gate.boards_follow()
    for each in carrying:
        if await carry(means.boards, each.program, each.before, each.board, each.starts):
            done["boards carried on"] += 1
    return done


async def _keep(means: Means, name: str, known: list[KnownPeriod], now: int) -> Counter[str]:
    closed = await closed_boards(means.boards, name)
    standing = await all_boards(means.boards, name)
    positions, done = await board_positions(means.boards), Counter[str]()
    for board, until in lacking(known, closed, standing, now):
        results = await results_at(means.ledger, name, board)
        if not is_behind(results, positions, means.topic_prefix):
            stays = await keep(means.boards, name, board, until)
            done["boards to be kept" if stays else "boards removed"] += 1
    return done
