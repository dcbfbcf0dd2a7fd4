"""Where the records of partitions end: behind the last one, whatever markers follow it."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

Ends = dict[TopicPartition, int]
"""By partition: the offset behind its last record."""

FIRST_STEP: Final = 8
"""Offsets before the end where the last record is looked for first; then farther and farther back."""

STEPS_GROW: Final = 16


async def ends_of(connection: Mapping[str, Any], topics: Iterable[str]) -> Ends:
    """Give where the records of topics end, of all that were there before this was called.

    Waits for transactions that are open at that time. The offsets are those of records, as a
    transaction's marker behind the last one is passed by nobody until another record follows.
    """
    partitions = await _partitions(connection, topics)
    async with _reader(connection) as reader:
        ends = dict(await reader.end_offsets(partitions))
        firsts = dict(await reader.beginning_offsets(partitions))
    async with _reader(connection, isolation_level="read_committed") as reader:
        return await _behind_last(reader, firsts, ends)


async def _partitions(connection: Mapping[str, Any], topics: Iterable[str]) -> list[TopicPartition]:
    async with _reader(connection, *topics) as client:
        return [
            TopicPartition(topic, number)
            for topic in topics
            for number in sorted(client.partitions_for_topic(topic) or ())
        ]


@asynccontextmanager
async def _reader(
    connection: Mapping[str, Any], *topics: str, **options: str
) -> AsyncIterator[AIOKafkaConsumer]:
    client = AIOKafkaConsumer(*topics, enable_auto_commit=False, **options, **connection)
    try:
        await client.start()
        yield client
    finally:
        try:
            await client.stop()
        except asyncio.CancelledError:
            # Stopped so early that a task of its own had not begun, it ends with that one's cancellation.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise


async def _behind_last(
    reader: AIOKafkaConsumer, firsts: Mapping[TopicPartition, int], ends: Ends
) -> Ends:
    found = {tp: firsts[tp] for tp in ends}
    left, step = [tp for tp in ends if firsts[tp] < ends[tp]], FIRST_STEP
    while left:
        reader.assign(left)
        for tp in left:
            reader.seek(tp, max(firsts[tp], ends[tp] - step))
        last = await _last_records(reader, left, ends)
        found |= {tp: offset + 1 for tp, offset in last.items()}
        left = [tp for tp in left if tp not in last and firsts[tp] < ends[tp] - step]
        step *= STEPS_GROW
    return found


async def _last_records(
    reader: AIOKafkaConsumer, partitions: Collection[TopicPartition], ends: Ends
) -> Ends:
    """Read partitions up to their ends; give the offset of the last record that each has there."""
    last: Ends = {}
    while any([await reader.position(tp) < ends[tp] for tp in partitions]):
        for tp, records in (await reader.getmany(timeout_ms=200)).items():
            before = [one.offset for one in records if one.offset < ends[tp]]
            if before:
                last[tp] = before[-1]
    return last
