"""Reads whole topics from Kafka, committed records only."""

from collections.abc import Iterable, Mapping
from time import monotonic
from types import TracebackType
from typing import Any, Self

import aiokafka
from aiokafka.structs import ConsumerRecord

from audit.records import Record

PATIENCE_SECONDS = 30.0
"""An orphaned transaction ends after at most 10 s; a longer silence below the end is a fault."""


class TopicGoneError(Exception):
    """A topic no longer begins at its beginning, so nothing can be recounted from it."""


class TopicReader:
    """Some topics from their first record on; `catch_up` reads what has come since."""

    def __init__(self, topics: Iterable[str], connection: Mapping[str, Any]) -> None:
        self.records: dict[str, list[Record]] = {topic: [] for topic in topics}
        self.partitions: dict[str, int] = {}
        self._connection = connection
        self._reader = aiokafka.AIOKafkaConsumer(
            *self.records,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            max_partition_fetch_bytes=4 << 20,
            **connection,
        )

    async def __aenter__(self) -> Self:
        """Connect, and begin at the first record of every partition.

        Raises aiokafka's UnknownTopicOrPartitionError for a topic that is not there, and
        TopicGoneError for one whose beginning was deleted.
        """
        try:
            await self._reader.start()
            await self._begin()
        except BaseException:
            await self._reader.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect."""
        await self._reader.stop()

    async def _begin(self) -> None:
        wanted = sorted(self._reader.assignment())
        # From here on the assignment is ours: no change of metadata may move a position.
        self._reader.unsubscribe()
        self._reader.assign(wanted)
        for tp in wanted:
            self.partitions[tp.topic] = self.partitions.get(tp.topic, 0) + 1
            self._reader.seek(tp, 0)
        for tp, first in (await self._reader.beginning_offsets(wanted)).items():
            if first > 0:
                raise TopicGoneError(f"{tp.topic} partition {tp.partition} begins at {first}")

    async def catch_up(self) -> None:
        """Read every partition to its end as it stands now, open transactions waited for.

        Raises TimeoutError when nothing comes for PATIENCE_SECONDS before the end.
        """
        wanted = sorted(self._reader.assignment())
        async with aiokafka.AIOKafkaConsumer(enable_auto_commit=False, **self._connection) as any_:
            ends = await any_.end_offsets(wanted)
        heard_at = monotonic()
        while behind := [tp for tp in wanted if await self._reader.position(tp) < ends[tp]]:
            fetched = await self._reader.getmany(*behind, timeout_ms=100)
            for tp, records in fetched.items():
                self.records[tp.topic] += (_record(record) for record in records)
            if fetched:
                heard_at = monotonic()
            elif monotonic() - heard_at > PATIENCE_SECONDS:
                raise TimeoutError(f"no committed record for {PATIENCE_SECONDS} s: {behind}")


def _record(record: ConsumerRecord) -> Record:
    return Record(
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
        record.key,
        record.value,
        tuple(record.headers),
    )
