"""Periods of boards in PostgreSQL: opened, closed with their result, restated beside it.

A result never changes once it is there; a restatement stands next to it.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from schemas.results import PeriodRecord

_OPEN: Final = """
    INSERT INTO leaderboard_periods (program, board, period, kind, starts_at, ends_at, status)
    VALUES ($1, $2, $3, $4, $5::text::timestamptz, $6::text::timestamptz, 'OPEN')
    ON CONFLICT DO NOTHING
"""
# A period may close that nobody saw opening.
_CLOSE: Final = """
    INSERT INTO leaderboard_periods (program, board, period, kind, starts_at, ends_at, status,
        participants, points, average, median, winners, positions, keep_until, closed_at)
    VALUES ($1, $2, $3, $4, $5::text::timestamptz, $6::text::timestamptz, 'CLOSED',
        $7, $8, $9::text::numeric, $10::text::numeric, $11::text::jsonb, $12::text::jsonb,
        $13::text::timestamptz, $14::text::timestamptz)
    ON CONFLICT (program, board, period) DO UPDATE SET
        starts_at = excluded.starts_at, ends_at = excluded.ends_at, status = excluded.status,
        participants = excluded.participants, points = excluded.points,
        average = excluded.average, median = excluded.median, winners = excluded.winners,
        positions = excluded.positions, keep_until = excluded.keep_until,
        closed_at = excluded.closed_at
"""
_SNAPSHOT: Final = """
    INSERT INTO leaderboard_snapshots (program, board, period, rank, user_id, score)
    SELECT $1, $2, $3, * FROM unnest($4::int[], $5::text[], $6::bigint[])
"""
_RESTATE: Final = """
    UPDATE leaderboard_periods SET status = 'RESTATED', changed = $4, changes = $5::text::jsonb
    WHERE program = $1 AND board = $2 AND period = $3
"""


async def write_periods(connection: Any, said: Iterable[PeriodRecord]) -> None:  # noqa: ANN401 - asyncpg has no types
    """Write what was said of periods, in its order. They are few: one statement each is enough."""
    for one in said:
        name = (one.program, one.board, one.period)
        stretch = (*name, one.period.partition(":")[0], one.starts_at, one.ends_at)
        if one.kind == "opened":
            await connection.execute(_OPEN, *stretch)
        elif one.kind == "restated":
            await connection.execute(_RESTATE, *name, one.changed, _text(one.changes))
        else:
            await connection.execute(_CLOSE, *stretch, *_result(one))
            ranks, users, scores = map(list, zip(*one.top, strict=True)) if one.top else ([],) * 3
            await connection.execute(_SNAPSHOT, *name, ranks, users, scores)


def _result(closed: PeriodRecord) -> tuple[Any, ...]:
    return (
        closed.participants,
        closed.points,
        closed.average,
        closed.median,
        _text(closed.winners),
        _text(closed.positions),
        closed.keep_until,
        closed.occurred_at,
    )


def _text(content: object) -> str:
    return msgspec.json.encode(content).decode()
