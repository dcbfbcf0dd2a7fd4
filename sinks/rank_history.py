"""Every member's rank at a period's close, and what came late to it: from a board to PostgreSQL."""

from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple

from sinks.board_calls import Board
from sinks.board_closing import Member

COPY_SECONDS: Final = 600
"""How long the members of one board may take to be written."""

_STANDING: Final = (
    "CREATE TEMPORARY TABLE standing (user_id text, score bigint, tie bytea) ON COMMIT DROP"
)
_DONE: Final = """
    UPDATE leaderboard_periods SET history = 'done'
    WHERE program = $1 AND board = $2 AND period = $3 AND history = 'none' AND status <> 'OPEN'
"""
_RANKS: Final = """
    INSERT INTO rank_history (program, board, period, user_id, rank, score)
    SELECT $1, $2, $3, user_id,
        row_number() OVER (ORDER BY score DESC, tie, user_id COLLATE "C"), score
    FROM (SELECT DISTINCT ON (user_id) * FROM standing) AS once
"""
_CHANGES: Final = """
    WITH told AS (
        SELECT user_id, score FROM leaderboard_snapshots
        WHERE program = $1 AND board = $2 AND period = $3
    ), result AS (
        SELECT * FROM told UNION ALL
        SELECT user_id, score FROM rank_history
        WHERE program = $1 AND board = $2 AND period = $3
        AND user_id NOT IN (SELECT user_id FROM told)
    ), live AS (
        SELECT DISTINCT ON (user_id) user_id, score FROM standing
    )
    SELECT user_id, result.score, live.score, count(*) OVER ()
    FROM result FULL JOIN live USING (user_id)
    WHERE result.score IS DISTINCT FROM live.score
    ORDER BY coalesce(live.score, result.score) DESC, user_id COLLATE "C" LIMIT $4
"""


class Changes(NamedTuple):
    """How many members' scores differ from a result; of the best of them (user, then, now)."""

    changed: int
    first: list[tuple[str, int | None, int | None]]


async def write_ranks(
    connection: Any,  # noqa: ANN401 - asyncpg has no types
    program: str,
    board: Board,
    members: AsyncIterator[Member],
) -> bool:
    """Write the ranks of a closed period's board, unless they are there; answer whether it was us.

    Of two at once the second waits for the first, and writes nothing.
    """
    async with connection.transaction():
        if await connection.execute(_DONE, program, *board) != "UPDATE 1":
            return False
        await _copy(connection, members)
        await connection.execute(_RANKS, program, *board, timeout=COPY_SECONDS)
    return True


async def changes_since(
    connection: Any,  # noqa: ANN401 - asyncpg has no types
    program: str,
    board: Board,
    members: AsyncIterator[Member],
    at_most: int,
) -> Changes:
    """Compare a board as it stands with the result of its period.

    Its score in the result is what the snapshot of the best says, else what its rank says.
    """
    async with connection.transaction():
        await _copy(connection, members)
        rows = await connection.fetch(_CHANGES, program, *board, at_most, timeout=COPY_SECONDS)
    return Changes(rows[0][3] if rows else 0, [row[:3] for row in map(tuple, rows)])


async def _copy(connection: Any, members: AsyncIterator[Member]) -> None:  # noqa: ANN401
    await connection.execute(_STANDING)
    # PostgreSQL cannot hold NUL in a text; the ledger shows it alike.
    rows = ((one.user_id.replace("\0", "\u2400"), one.score, one.tie) async for one in members)
    await connection.copy_records_to_table("standing", records=rows, timeout=COPY_SECONDS)
