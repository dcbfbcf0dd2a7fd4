"""Reads topics again from wherever one likes, as turns for a projector, in no consumer group."""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition

from processors.projector import Turn
from processors.stream.records import lean
from processors.stream.turns import Run
from sinks.positions import LostRecordsError, Partition

TURN_RECORDS = 20_000
"""A turn has at most so many records."""

Positions = Mapping[Partition, int]

_FETCH_BYTES = 8 << 20

_WAIT_MS = 50
"""A question for the log's ends waits behind a fetch that nothing comes of."""

_BACKOFF_MS = 20
"""It is waited for so long before each topic that the consumer hears of for the first time."""


def distance(start: Positions, end: Positions) -> int:
    """Count the offsets between two positions of each partition."""
    return sum(max(0, end[at] - start[at]) for at in end)


class Log(Protocol):
    """Something whose records can be read again."""

    def turns(self, start: Positions, end: Positions) -> AsyncIterator[Turn]:
        """Give what lies between two positions of each partition."""
        ...


class KeptTopics(Log, Protocol):
    """Topics whose beginnings and ends can be asked for."""

    async def firsts(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Give the offset of the first record that each partition still has."""
        ...

    async def ends(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Give the offset behind the last committed record of each partition."""
        ...


class Replay:
    """Committed records of Kafka, read by a consumer of its own."""

    def __init__(self, connection: Mapping[str, Any]) -> None:
        self._consumer = lean(
            AIOKafkaConsumer(
                isolation_level="read_committed",
                enable_auto_commit=False,
                auto_offset_reset="earliest",  # What is gone by now is read past.
                max_partition_fetch_bytes=_FETCH_BYTES,
                fetch_max_wait_ms=_WAIT_MS,
                retry_backoff_ms=_BACKOFF_MS,
                **connection,
            )
        )

    async def start(self) -> None:
        """Connect."""
        await self._consumer.start()

    async def stop(self) -> None:
        """Let go of the broker."""
        await self._consumer.stop()

    async def firsts(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Give the offset of the first record that each partition still has."""
        found = await self._consumer.beginning_offsets([TopicPartition(*at) for at in partitions])
        return {(*tp,): offset for tp, offset in found.items()}

    async def ends(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Give the offset behind the last committed record of each partition."""
        found = await self._consumer.end_offsets([TopicPartition(*at) for at in partitions])
        return {(*tp,): offset for tp, offset in found.items()}

    async def turns(self, start: Positions, end: Positions) -> AsyncIterator[Turn]:
        """Give what lies between two positions of each partition, in turns.

        Raises LostRecordsError when a partition ends before its last position.
        """
        for (topic, number), last in (await self.ends(end)).items():
            if last < end[topic, number]:
                raise LostRecordsError(
                    f"{topic} {number} ends at {last} but the sink stands at {end[topic, number]}: "
                    "it is not the topic that the sink was made from"
                )
        at = {TopicPartition(*p): start[p] for p in end if start[p] < end[p]}
        if not at:
            return
        self._consumer.assign([*at])
        for tp, position in at.items():
            self._consumer.seek(tp, position)
        while behind := [tp for tp in at if at[tp] < end[tp.topic, tp.partition]]:
            fetched = await self._consumer.getmany(
                *behind, timeout_ms=200, max_records=TURN_RECORDS
            )
            turn = {}
            for tp in behind:
                # A position passes a transaction's marker without giving a record.
                last = end[tp.topic, tp.partition]
                reached = min(await self._consumer.position(tp), last)
                if reached > at[tp]:
                    records = [one for one in fetched.get(tp, ()) if one.offset < last]
                    turn[tp.topic, tp.partition] = Run(at[tp], reached, records)
                    at[tp] = reached
            if turn:
                yield turn
