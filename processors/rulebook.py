"""Follows the topic `rules`, so that every turn is decided by the versions the log prescribes."""

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

import aiokafka
from aiokafka.structs import TopicPartition

from processors.stream.records import LOG_APPEND_TIME, WrongTimestampsError

LEAD_SECONDS_MIN = 2.0
"""The smallest lead a version may be published with."""

POLL_SECONDS = 0.5
"""Between two full reads of the topic."""

STALE = "stale rules: they were not read to their end for a while; a publication may be under way"
"""What a worker is not ready for while it waits for them."""


class RulesFollower:
    """Reads `rules` to its end, again and again.

    A version counts from its append time plus its lead on. So a worker may decide as long as its
    last full read began less than the smallest lead ago: what it has not seen does not count yet.

    The end is the high watermark. A version in a transaction that is still open was appended
    already: committed later it counts from then on, so what comes meanwhile waits for it.
    """

    def __init__(
        self,
        topic: str,
        on_version: Callable[[bytes | None, int], None],
        *,
        connection: Mapping[str, Any],
    ) -> None:
        self._tp = TopicPartition(topic, 0)
        self._on_version = on_version
        self._connection = connection
        self._read_at = float("-inf")
        self._was_read = asyncio.Event()

    @property
    def age(self) -> float:
        """Seconds since the last full read began."""
        return monotonic() - self._read_at

    @property
    def fresh(self) -> bool:
        """Whether every version that may count now has been read."""
        return self.age < LEAD_SECONDS_MIN

    @property
    def obstacle(self) -> str:
        """Why no turn may be decided now; an empty text when one may."""
        return "" if self.fresh else STALE

    async def wait_until_fresh(self) -> None:
        """Return as soon as a turn may be decided; at once in the ordinary case."""
        while not self.fresh:
            self._was_read.clear()
            await self._was_read.wait()

    async def follow(self) -> None:
        """Read for ever; each record is handed on as (value, append time in ms).

        Raises WrongTimestampsError at a record that its producer stamped: a version would count
        from whenever that producer pleased.
        """
        reader = aiokafka.AIOKafkaConsumer(
            isolation_level="read_committed", enable_auto_commit=False, **self._connection
        )
        # To a reader of committed records the broker names the end of those: it is asked by another.
        watcher = aiokafka.AIOKafkaConsumer(enable_auto_commit=False, **self._connection)
        async with reader, watcher:
            reader.assign([self._tp])
            await reader.seek_to_beginning()
            while True:
                began = monotonic()
                end = (await watcher.end_offsets([self._tp]))[self._tp]
                await self._read_to(end, reader)
                self._read_at = began
                self._was_read.set()
                if self.fresh:  # Else a transaction held the reading up, and turns wait.
                    await asyncio.sleep(POLL_SECONDS)

    async def _read_to(self, end: int, reader: aiokafka.AIOKafkaConsumer) -> None:
        """Read until all below an offset is decided; a position passes aborted records and markers."""
        while await reader.position(self._tp) < end:
            for record in (await reader.getmany(timeout_ms=100)).get(self._tp, []):
                if record.timestamp_type != LOG_APPEND_TIME:
                    raise WrongTimestampsError(self._tp.topic, self._tp.partition, record.offset)
                self._on_version(record.value, record.timestamp)
