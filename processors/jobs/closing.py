"""Closing periods: who won, and how the board stood, once every action of the period is on it.

A period is closed when it has ended and the grace is over, and when scoring and both sinks have passed
what was on the inputs then. Its subject takes one result for ever: of two workers the first is heard.
Each try has an id of its own, as one that came too early has used its id up.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from processors.jobs import carrying
from processors.jobs.actions import JobAction
from processors.jobs.means import Means
from processors.jobs.opening import opening
from processors.jobs.periods import ends_at, kept_until, kind_of, version_of
from processors.jobs.programs import Programs, type_with
from processors.jobs.reading import certain
from processors.jobs.results import named
from schemas import moments
from schemas.moments import ALL_TIME
from schemas.programs import Program, version_name
from sinks.board_calls import Board
from sinks.board_closing import Figures, figures
from sinks.board_words import EXACT
from sinks.job_reads import KnownPeriod, known_periods

TOP: Final = 100
"""Members that a result names besides its winners."""


class Ended(NamedTuple):
    """A board whose period has ended, with the version by whose row its result is made."""

    ends: int
    program: Program
    board: Board


def due(
    programs: Programs, name: str, now: int, grace: int, known: Iterable[KnownPeriod]
) -> list[Ended]:
    """Give the boards of a program that are to be closed now, the earliest ended first."""
    found = [*_periods(programs, name, now, known), *_campaign(programs, name, now, known)]
    return sorted(
        (each for each in found if each.ends + grace <= now),
        key=lambda each: (each.ends, each.board),
    )


def _periods(
    programs: Programs, name: str, now: int, known: Iterable[KnownPeriod]
) -> Iterator[Ended]:
    for each in known:
        board = (each.board, each.period)
        if each.status == "OPEN" and each.period != ALL_TIME:
            program = version_of(programs, name, board, each.ends_at, now)
            if program is not None:
                yield Ended(each.ends_at, program, board)


def _campaign(
    programs: Programs, name: str, now: int, known: Iterable[KnownPeriod]
) -> Iterator[Ended]:
    newest = programs.at(name, now, now)
    if newest is None or newest.ends is None:
        return
    ends = ends_at(newest, ALL_TIME)
    program = programs.at(name, ends, now)
    if program is None or program.close is None:
        return
    board = (program.close.board, ALL_TIME)
    if board not in [(each.board, each.period) for each in known if each.status != "OPEN"]:
        yield Ended(ends, program, board)


def places(program: Program, board: Board) -> int:
    """Give how many may win: of a campaign what its `close` says, else what the board's row does."""
    row = program.boards[board[0].partition(":")[0]]
    if board[1] == ALL_TIME:
        return 0 if program.close is None else program.close.most
    winners = row.winners.get(kind_of(board[1]))
    return 0 if winners is None else winners.places


def closing(ended: Ended, found: Figures, positions: dict[str, int], now: int) -> JobAction | None:
    """Make the action that closes a period with what was found on its board."""
    kind = type_with(ended.program, "close_period")
    if kind is None:
        return None
    program, board = ended.program, ended.board
    winners = [[user, score] for user, score in found.best if score > 0]
    return JobAction(
        id=f"close@{now}",
        program=program.program,
        user_id=f"period:{board[0]}:{board[1]}",
        type=kind,
        occurred_at=ended.ends,
        data={
            "board": board[0],
            "period": board[1],
            "participants": found.participants,
            "points": max(-EXACT, min(found.points, EXACT)),
            "average": thousandths(found.points, found.participants),
            "median": thousandths(sum(found.middle), len(found.middle)),
            "winners": winners[: places(program, board)],
            "top": [list(one) for one in found.best[:TOP]] if has_snapshot(program, board) else [],
            "positions": positions,
            **_kept(ended, now),
        },
        version=version_name(program),
    )


def has_snapshot(program: Program, board: Board) -> bool:
    """Tell whether a result names the best: always of a period, of a campaign as it says."""
    return board[1] != ALL_TIME or program.close is None or program.close.snapshot


def _kept(ended: Ended, now: int) -> dict[str, str]:
    """Say until when the board is kept; a campaign's for ever."""
    if ended.board[1] == ALL_TIME:
        return {}
    row = ended.program.boards[ended.board[0].partition(":")[0]]
    until = kept_until(ended.program, row, ended.ends, kind_of(ended.board[1]), now)
    return {"keep_until": moments.write(until)}


def thousandths(total: int, count: int) -> str:
    """Divide, rounded to three decimals, halves away from zero; nothing divided is 0.000."""
    units = (2_000 * abs(total) + count) // (2 * count) if count else 0
    return f"{'-' * (total < 0 < units)}{units // 1_000}.{units % 1_000:03d}"


async def run(means: Means) -> Counter[str]:
    """Close every period that has ended, in order, once all its actions are on the boards."""
    ended = await _ended(means)
    if not ended:
        return Counter()
    sent = Counter[str]()
    if not means.clock.is_told:
        sent += await _ask_the_time(means, ended[0])
        ended = await _ended(means)
    if ended:
        positions = named(await means.gate.passed(), means.topic_prefix)
        sent += await _close(means, ended, positions)
    return sent


async def _ended(means: Means) -> list[Ended]:
    found, now = list[Ended](), means.clock.now()
    for name in means.programs.names():
        known = await known_periods(means.ledger, name)
        # Its members must stand there before it is closed, and with them those of the periods after it.
        waiting = {each.board for each in await carrying.left(means, name, known)}
        ended = due(means.programs, name, now, means.grace, known)
        found += [each for each in ended if each.board not in waiting]
    found.sort(key=lambda each: (each.ends, each.program.program, each.board))
    return [each for each in found if not means.lately.has((each.program.program, each.board))]


async def _ask_the_time(means: Means, ended: Ended) -> Counter[str]:
    """Say once more that a period began, only to learn from the broker which time it is.

    A host whose clock is ahead would else note the ends of the inputs before the period's end.
    """
    action = opening(ended.program, ended.board, means.clock.now())
    return await means.sender.send([] if action is None else [action])


async def _close(means: Means, ended: Iterable[Ended], positions: dict[str, int]) -> Counter[str]:
    sent = Counter[str]()
    for each in ended:
        best = max(TOP, places(each.program, each.board))
        found = await figures(means.boards, each.program.program, each.board, best)
        await certain(means, positions)
        action = closing(each, found, positions, means.clock.now())
        if action is not None:
            sent += await means.sender.send([action])
            means.lately.note((each.program.program, each.board))
    return sent
