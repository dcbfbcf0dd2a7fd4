"""Rebuilds the ledger from its topics while it is read and written: beside it, then a switch."""

import asyncio
import time
from collections.abc import Collection
from contextlib import AsyncExitStack
from typing import Final

from processors.ledger import Adder, applied, lanes, read_lane
from processors.projector import Turn, side_by_side, together
from processors.rebuild_boards import Progress, silent
from processors.replay import KeptTopics, Positions, distance
from sinks.ledger_rebuild import (
    CARRIED,
    FOREVER,
    OccupiedError,
    RebuiltLedger,
    rebuilding,
    snapshot,
    sum_up,
)
from sinks.ledger_rows import Batch, add_records, add_without_balances
from sinks.positions import Assigned, LostRecordsError, Partition

FEW: Final = 10_000
"""Offsets still to be read when projectors are stopped for the switch: about a second."""

TRIES: Final = 20
"""How often the switch steps back for a long read before it gives up."""

CATCH_UP_SECONDS: Final = 5.0
"""For so long the switch waits for projectors that stand behind the rebuilt ledger, if any run at all."""

LOOK_SECONDS: Final = 0.05
"""Between two looks at them."""

PAUSE_SECONDS: Final = 1.0
"""Between two tries: reads that waited get their turn."""


async def rebuild_ledger(
    url: str,
    log: KeptTopics,
    partitions: Collection[Partition],
    topic_prefix: str = "",
    progress: Progress = silent,
) -> None:
    """Rebuild the ledger in the database at `url` from all records of these partitions.

    Broken off at any point it leaves everything as it was; called again it begins anew. Raises
    LostRecordsError when a topic that is kept for ever does not begin at its beginning, OccupiedError
    when somebody else rebuilds the ledger, or reads it for long.
    """
    firsts = await log.firsts(partitions)
    for (topic, number), first in firsts.items():
        if first > 0 and topic.removeprefix(topic_prefix) in FOREVER:
            raise LostRecordsError(
                f"{topic} {number} begins at {first}: balances and results cannot be made anew "
                "without what was before"
            )
    async with rebuilding(url) as ledger:
        await ledger.begin()
        await ledger.sink.standing({at: Assigned(first, None) for at, first in firsts.items()})
        reading = Reading(ledger, log, topic_prefix, progress, firsts)
        await reading.nearly(add_without_balances)
        await side_by_side([sum_up(url), ledger.index()])
        await carry(url, reading, partitions)
        await switch(reading)


class Reading:
    """How far a ledger that is rebuilt has got."""

    def __init__(
        self,
        ledger: RebuiltLedger,
        log: KeptTopics,
        topic_prefix: str,
        progress: Progress,
        at: Positions,
    ) -> None:
        self.ledger = ledger
        self.log = log
        self.topic_prefix = topic_prefix
        self._progress = progress
        self._at = dict(at)
        self._done = 0

    async def to(self, end: Positions, add: Adder = add_records) -> None:
        """Read on to these positions; those of partitions that are not read do not matter."""
        end = {at: position for at, position in end.items() if at in self._at}
        total = self._done + distance(self._at, end)
        ready: list[Batch] = []
        async for turn in self.log.turns(self._at, end):
            async with together() as group:
                # While PostgreSQL writes one turn, the next is made ready.
                group.create_task(self._write(ready))
                following = group.create_task(self._read(turn, add))
            ready = following.result()
            self._progress(self._done, total)
        await self._write(ready)
        self._progress(self._done, total)

    async def _read(self, turn: Turn, add: Adder) -> list[Batch]:
        """Make a turn ready to be written."""
        return [await read_lane(self.topic_prefix, lane, add) for lane in lanes(turn)]

    async def _write(self, batches: Collection[Batch]) -> None:
        """Write what is ready; how far it goes counts once it is there."""
        await side_by_side(applied(self.ledger.sink, batch) for batch in batches)
        for batch in batches:
            for at, (start, end) in batch.moves.items():
                self._at[at] = end
                self._done += end - start

    async def nearly(self, add: Adder = add_records) -> None:
        """Read on until little is left, or as much as comes meanwhile."""
        left = 0
        while True:
            before, ends = left, await self.log.ends(self._at)
            left = distance(self._at, ends)
            await self.to(ends, add)
            if left <= FEW or 0 < before <= left:
                return

    async def caught_up(self) -> None:
        """Return once projectors have brought the ledger that is read as far as this one, or seem away.

        One that stood behind at the switch would find itself moved, and would have to start over.
        """
        end = time.monotonic() + CATCH_UP_SECONDS
        while time.monotonic() < end:
            stands = await self.ledger.stands()
            if all(stands.get(at, position) >= position for at, position in self._at.items()):
                return
            await asyncio.sleep(LOOK_SECONDS)


async def carry(url: str, reading: Reading, partitions: Collection[Partition]) -> None:
    """Carry over what came of records that are no longer there."""
    firsts = await reading.log.firsts(partitions)
    names = {topic.removeprefix(reading.topic_prefix) for (topic, _), at in firsts.items() if at}
    if not (topics := sorted(names & CARRIED.keys())):
        return
    async with AsyncExitStack() as held:
        async with reading.ledger.paused() as positions:
            await reading.to(positions)
            # From here on a row that only the old table has came of a record that is gone.
            seen = await held.enter_async_context(snapshot(url))
        await reading.ledger.carry(topics, seen)


async def switch(reading: Reading) -> None:
    """Stop the projectors, read what they are ahead, and put the rebuilt tables in place."""
    for tries in range(1, TRIES + 1):
        await reading.nearly()
        await reading.caught_up()
        try:
            async with reading.ledger.paused() as positions:
                await reading.to(positions)
                await switched(reading.ledger)
        except OccupiedError:
            if tries == TRIES:
                raise
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return


async def switched(ledger: RebuiltLedger) -> None:
    """Put the rebuilt tables in place; they are read from the end of the pause on."""
    await ledger.switch()
