"""Restatements: what came late to a period that was closed, told once when nothing may come any more."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from processors.jobs.actions import JobAction
from processors.jobs.means import Means
from processors.jobs.periods import late_for, version_of
from processors.jobs.programs import Programs, type_with
from processors.jobs.reading import whole
from processors.jobs.results import named
from schemas.moments import ALL_TIME
from schemas.programs import Program, version_name
from sinks.board_calls import Board
from sinks.job_reads import KnownPeriod, known_periods
from sinks.rank_history import Changes, changes_since

NAMED: Final = 100
"""Changes that a restatement names; it counts all."""


def due(
    programs: Programs, name: str, now: int, grace: int, known: Iterable[KnownPeriod]
) -> list[tuple[int, Program, Board]]:
    """Give the closed boards, each with its period's end, to which nothing may come late any more.

    A board that is not kept any longer cannot be compared; neither can one whose ranks were not kept.
    """
    found = []
    for each in known:
        if each.status != "CLOSED" or each.history == "none" or each.period == ALL_TIME:
            continue
        program = version_of(programs, name, (each.board, each.period), each.ends_at, now)
        late = None if program is None else late_for(program)
        is_kept = each.keep_until is None or now < each.keep_until
        if (
            program is not None
            and late is not None
            and each.ends_at + late + grace <= now
            and is_kept
        ):
            found.append((each.ends_at, program, (each.board, each.period)))
    return sorted(found, key=lambda each: (each[0], each[2]))


def restating(
    ends: int, program: Program, board: Board, changes: Changes, now: int
) -> JobAction | None:
    """Make the action that tells of the changes since a result."""
    kind = type_with(program, "restate_period")
    if kind is None:
        return None
    return JobAction(
        id=f"restate@{now}",
        program=program.program,
        user_id=f"period:{board[0]}:{board[1]}",
        type=kind,
        occurred_at=ends,
        data={
            "board": board[0],
            "period": board[1],
            "changed": changes.changed,
            "changes": [list(change) for change in changes.first],
        },
        version=version_name(program),
    )


async def run(means: Means) -> Counter[str]:
    """Restate every period to which nothing may come any more, once all there was is on the boards."""
    now, found = means.clock.now(), []
    for name in means.programs.names():
        known = await known_periods(means.ledger, name)
        found += due(means.programs, name, now, means.grace, known)
    found = [each for each in found if not means.lately.has((each[1].program, each[2]))]
    positions = named(await means.gate.passed(), means.topic_prefix) if found else {}
    sent = Counter[str]()
    for ends, program, board in found:
        name = program.program
        async with means.ledger.acquire() as connection:
            standing = whole(means, name, board, positions)
            changes = await changes_since(connection, name, board, standing, NAMED)
        action = restating(ends, program, board, changes, means.clock.now())
        if action is not None:
            sent += await means.sender.send([action])
            means.lately.note((name, board))
    return sent
