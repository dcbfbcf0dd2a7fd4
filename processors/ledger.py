"""The ledger projector: scoring's results and the accounts' changelog -> PostgreSQL.

A large turn goes in a few transactions side by side, each with all topics of its partition numbers: while
PostgreSQL writes one, the next is read.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from processors.projector import Projector, Run, Turn, side_by_side
from sinks.ledger_rows import SOURCES, Batch, Record, add_records
from sinks.positions import Partition
from sinks.postgres_ledger import FAILURES, PostgresLedger

TOPICS: Final = tuple(SOURCES)
"""The topics to read, without prefix."""

LANES: Final = 6
"""Transactions under way at once, at most."""

LANE_RECORDS: Final = 500
"""Offsets of a turn that are worth a transaction of their own: each waits for the disk."""

RECORDS_AT_ONCE: Final = 500
"""Records read before other transactions get their turn."""

Adder = Callable[[Batch, str, Sequence[Record]], None]
"""Takes records of a topic into a batch."""


def ledger_projector(sink: PostgresLedger, topic_prefix: str = "") -> Projector:
    """Return the projector that brings `TOPICS`, their names under a prefix, into `sink`."""
    return Projector("postgres", sink.standing, partial(project, sink, topic_prefix), FAILURES)


async def project(sink: PostgresLedger, topic_prefix: str, turn: Turn) -> None:
    """Bring every run of a turn into the ledger, each with the position it moves to."""
    reading = asyncio.Lock()
    await side_by_side(project_lane(sink, topic_prefix, lane, reading) for lane in lanes(turn))


def lanes(turn: Turn) -> list[Turn]:
    """Divide a turn by partition numbers, a large one into more."""
    count = min(LANES, 1 + sum(run.end - run.start for run in turn.values()) // LANE_RECORDS)
    # Their places: the numbers that a worker owns may all be even.
    place = {number: n for n, number in enumerate(sorted({at[1] for at in turn}))}
    divided: defaultdict[int, dict[Partition, Run]] = defaultdict(dict)
    for at, run in turn.items():
        divided[place[at[1]] % count][at] = run
    return list(divided.values())


async def project_lane(
    sink: PostgresLedger, topic_prefix: str, lane: Turn, reading: asyncio.Lock
) -> None:
    """Bring some runs into the ledger in one transaction; one lane is read at a time."""
    async with reading:
        batch = await read_lane(topic_prefix, lane)
    await applied(sink, batch)


async def read_lane(topic_prefix: str, lane: Turn, add: Adder = add_records) -> Batch:
    """Read what one transaction writes; transactions under way get their turn meanwhile."""
    batch = Batch()
    for at, run in lane.items():
        topic = at[0].removeprefix(topic_prefix)
        batch.moves[at] = (run.start, run.end)
        records = list(run.records)
        for first in range(0, len(records), RECORDS_AT_ONCE):
            add(batch, topic, records[first : first + RECORDS_AT_ONCE])
            await asyncio.sleep(0)
    return batch


async def applied(sink: PostgresLedger, batch: Batch) -> None:
    """Write one transaction; once this returns it is committed."""
    await sink.apply(batch)
