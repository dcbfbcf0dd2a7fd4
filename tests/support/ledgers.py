"""The ledger's sink as tests use it: batches made of records, and tables looked at."""

from collections.abc import Callable
from typing import Any, Final

import asyncpg

from sinks.ledger_rows import Batch, add_records
from sinks.positions import Assigned, Partition
from sinks.postgres_ledger import PostgresLedger
from tests.support.runs import Record

Ledgers = Callable[[], PostgresLedger]
"""Makes a sink, as every worker has one of its own."""

EARNED: Final = ("rewards.earned", 3)
NEW: Final = {EARNED: Assigned(first=0, committed=None)}


async def write(sink: PostgresLedger, at: Partition, *records: Record, first: int = 0) -> None:
    """Write records as one batch that begins at `first`; the topic may have the prefix `shop.`."""
    batch = Batch()
    batch.moves[at] = (first, first + len(records))
    add_records(batch, at[0].removeprefix("shop."), records)
    await sink.apply(batch)


async def table(pool: asyncpg.Pool, name: str) -> list[dict[str, Any]]:
    """Give all rows of a table in the order of its first column."""
    return [dict(row) for row in await pool.fetch(f"SELECT * FROM {name} ORDER BY 1")]
