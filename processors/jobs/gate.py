"""The gate before a result: whatever was said before now has been decided, and is in both sinks."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from redis.asyncio import Redis

from processors.jobs.ends import ends_of
from processors.settings import Settings
from sinks.board_closing import board_positions
from sinks.job_reads import ledger_positions
from sinks.ledger_rows import SOURCES
from sinks.positions import Partition

Positions = Mapping[Partition, int]

DEPTH: Final = 3
"""Derived actions derive actions of their own: the longest chain of any program has three."""

FIRST_LOOK: Final = 0.25
LONGEST_LOOK: Final = 4.0
"""Seconds between two looks at who is behind: the pause doubles from the first to the longest."""


class Gate:
    """Notes where the topics end and waits until all parts have passed that, however long it takes."""

    def __init__(self, settings: Settings, ledger: Any, boards: Redis) -> None:  # noqa: ANN401 - asyncpg has no types
        self._settings = settings
        self._ledger = ledger
        self._boards = boards
        self.waits_for = ""

    async def passed(self) -> dict[Partition, int]:
        """Return where the results stood once scoring and both sinks have passed all there was.

        Below these positions of `rewards.earned` lies all that follows from what was on the inputs
        when this was called.
        """
        internal = self._settings.topic("actions.internal")
        inputs = [self._settings.topic("actions"), internal]
        await self._wait("scoring", await self._ends(*inputs), self._scoring)
        for _ in range(DEPTH):
            await self._wait("scoring", await self._ends(internal), self._scoring)
        earned = self._settings.topic("rewards.earned")
        told = await self._ends(*map(self._settings.topic, SOURCES))
        results = {at: end for at, end in told.items() if at[0] == earned}
        await self._wait("the boards", results, lambda: board_positions(self._boards))
        await self._wait("the ledger", told, lambda: ledger_positions(self._ledger))
        return results

    async def boards_follow(self) -> dict[Partition, int]:
        """Return where the ledger stands now, once the boards have passed that.

        Boards that are being made anew say nothing yet of who stands where.
        """
        results = self._settings.topic("rewards.earned")
        ledger = await ledger_positions(self._ledger)
        ends = {at: position for at, position in ledger.items() if at[0] == results}
        await self._wait("the boards", ends, lambda: board_positions(self._boards))
        return ends

    async def _ends(self, *topics: str) -> dict[Partition, int]:
        found = await ends_of(self._settings.kafka_connection, topics)
        return {(*tp,): end for tp, end in found.items()}

    async def _scoring(self) -> dict[Partition, int]:
        client = AIOKafkaAdminClient(**self._settings.kafka_connection)
        try:
            await client.start()
            committed = await client.list_consumer_group_offsets(self._settings.group("scoring"))
        finally:
            await client.close()
        return {(*tp,): said.offset for tp, said in committed.items()}

    async def _wait(
        self, who: str, ends: Positions, ask: Callable[[], Awaitable[Positions]]
    ) -> None:
        pause = FIRST_LOOK
        try:
            while left := behind(await ask(), ends):
                self.waits_for = f"waits for {who}: {left}"
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_LOOK)
        finally:
            self.waits_for = ""


def behind(positions: Positions, ends: Positions) -> str:
    """Say where somebody has not passed the ends yet; an empty text when nowhere."""
    lacking = {at: end - positions.get(at, 0) for at, end in ends.items()}
    waiting = [at for at, records in lacking.items() if records > 0]
    if not waiting:
        return ""
    topic, number = max(waiting, key=lacking.__getitem__)
    total = sum(lacking[at] for at in waiting)
    partitions = f"{len(waiting)} partition{'s' if len(waiting) > 1 else ''}"
    return f"{total} offsets in {partitions}, most in {topic} {number}"
