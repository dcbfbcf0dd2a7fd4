"""Opening periods: of each board it is said that a period began, once there is such a board.

A board without parts has every period; of the parts of a split those that somebody scored on have
one. What was missed is opened later, the earliest first, and then closed.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from processors.jobs.actions import JobAction
from processors.jobs.means import Means
from processors.jobs.periods import (
    calendar_of,
    current,
    ends_at,
    following,
    kind_of,
    row_of,
    starts_at,
)
from processors.jobs.programs import type_with
from schemas.moments import ALL_TIME
from schemas.programs import Program, version_name
from sinks.board_calls import Board
from sinks.board_closing import all_boards
from sinks.job_reads import known_periods


def due(
    program: Program, now: int, standing: Collection[Board], known: Collection[Board]
) -> list[Board]:
    """Name the boards whose period has begun and was not opened, the earliest first.

    `standing` are the boards there are, `known` those of which something was said.
    """
    calendar = calendar_of(program)
    wanted = {*_without_parts(program, now, known), *standing} - set(known)
    new = [board for board in wanted if _has_begun(program, board, now)]
    return sorted(new, key=lambda board: (calendar.bounds(board[1]), board))


def opening(program: Program, board: Board, now: int) -> JobAction | None:
    """Make the action that says a period began; None where the program has none for it.

    Each try has an id of its own: one that comes too early is declined, and its id is used up.
    """
    kind = type_with(program, "open_period")
    if kind is None:
        return None
    return JobAction(
        id=f"open@{now}",
        program=program.program,
        user_id=f"period:{board[0]}:{board[1]}",
        type=kind,
        occurred_at=starts_at(program, board[1]),
        data={"board": board[0], "period": board[1]},
        version=version_name(program),
    )


async def run(means: Means) -> Counter[str]:
    """Open every period that has begun."""
    now, actions = means.clock.now(), list[JobAction]()
    for program in means.programs.now(now):
        known = await known_periods(means.ledger, program.program)
        standing = await all_boards(means.boards, program.program)
        for board in due(program, now, standing, [(each.board, each.period) for each in known]):
            action = opening(program, board, now)
            if action is not None and not means.lately.has((program.program, board)):
                means.lately.note((program.program, board))
                actions.append(action)
    return await means.sender.send(actions)


def _has_begun(program: Program, board: Board, now: int) -> bool:
    if board[1] == ALL_TIME or row_of(program, board) is None:
        return False
    starts = calendar_of(program).bounds(board[1])[0]
    return starts <= now and starts < ends_at(program, ALL_TIME)  # A campaign's last one is over.


def _without_parts(program: Program, now: int, known: Iterable[Board]) -> Iterator[Board]:
    """Name the periods of boards that have no parts: those after the last one known, and now's."""
    calendar, last = calendar_of(program), dict[tuple[str, str], str]()
    for name, period in sorted(known, key=lambda board: calendar.bounds(board[1])):
        last[name, kind_of(period)] = period
    for name, row in program.boards.items():
        for kind in row.periods:
            if kind == ALL_TIME or row.split is not None:
                continue
            yield name, current(calendar, kind, now)
            if (name, kind) in last:
                yield from ((name, period) for period in following(calendar, last[name, kind], now))
