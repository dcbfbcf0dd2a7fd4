"""Clients of Kafka for commands: what cannot be reached or is missing becomes a refusal."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError, OffsetOutOfRangeError

from cli.addresses import Place
from cli.refusals import Refusal
from deploy.stack import StackError
from processors.replay import Replay

# A refused connection is told once, by the command, not by the client at every try.
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

_Answer = TypeVar("_Answer")

_FETCH_BYTES = 4 << 20
_RECORD_MS = 5_000


@asynccontextmanager
async def consumer(place: Place, **options: Any) -> AsyncIterator[AIOKafkaConsumer]:  # noqa: ANN401
    """Give a consumer of committed records that joins no group."""
    client = AIOKafkaConsumer(
        isolation_level="read_committed",
        enable_auto_commit=False,
        **{"max_partition_fetch_bytes": _FETCH_BYTES, **options},
        **place.settings.kafka_connection,
    )
    async with _reached(place, client.start, client.stop):
        yield client


@asynccontextmanager
async def producer(place: Place, **options: Any) -> AsyncIterator[AIOKafkaProducer]:  # noqa: ANN401
    """Give a producer that repeats no record; what it took is sent before this ends."""
    client = AIOKafkaProducer(
        enable_idempotence=True, linger_ms=5, **options, **place.settings.kafka_connection
    )
    async with _reached(place, client.start, client.stop):
        yield client


@asynccontextmanager
async def admin(place: Place) -> AsyncIterator[AIOKafkaAdminClient]:
    """Give an admin client."""
    client = AIOKafkaAdminClient(**place.settings.kafka_connection)
    async with _reached(place, client.start, client.close):
        yield client


@asynccontextmanager
async def replay(place: Place) -> AsyncIterator[Replay]:
    """Give what reads whole topics again."""
    log = Replay(place.settings.kafka_connection)
    async with _reached(place, log.start, log.stop):
        yield log


@asynccontextmanager
async def _reached(place: Place, start: Any, stop: Any) -> AsyncIterator[None]:  # noqa: ANN401
    try:
        await start()
        yield
    except KafkaConnectionError as error:
        raise place.silent("kafka") from error
    except KafkaError as error:
        raise Refusal(f"Kafka refused: {type(error).__name__}: {error}") from error
    finally:
        await _stopped(stop)


async def _stopped(stop: Any) -> None:  # noqa: ANN401 - a method of a client
    """Stop a client; one that lost its broker meanwhile ends with a cancellation of its own."""
    try:
        await stop()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise


async def committed(place: Place, group: str) -> dict[TopicPartition, int]:
    """Give the offsets that a consumer group committed; none of a group that never was."""
    async with admin(place) as client:
        said = await client.list_consumer_group_offsets(group)
    return {tp: known.offset for tp, known in said.items() if known.offset >= 0}


def ask_broker(place: Place, question: Coroutine[Any, Any, _Answer]) -> _Answer:
    """Run one of the functions of deploy.topics. Raises Refusal."""
    try:
        return asyncio.run(question)
    except StackError as error:
        if isinstance(error.__cause__, KafkaConnectionError):
            raise place.silent("kafka") from error
        raise Refusal(str(error)) from error


async def partitions(place: Place, *topics: str) -> list[TopicPartition]:
    """Give all partitions of the topics, by their full names. Raises Refusal for a missing one."""
    async with admin(place) as client:
        # Asked for by name, a missing topic could be made by the broker.
        counts = {one["topic"]: len(one["partitions"]) for one in await client.describe_topics()}
    for topic in topics:
        if topic not in counts:
            raise Refusal(f"there is no topic {topic}", "`laurel topics apply` makes it")
    return [TopicPartition(topic, number) for topic in topics for number in range(counts[topic])]


async def read_all(
    client: AIOKafkaConsumer, wanted: Sequence[TopicPartition]
) -> AsyncIterator[ConsumerRecord]:
    """Read partitions from their first record to where their committed records end now."""
    client.assign(wanted)
    await client.seek_to_beginning(*wanted)
    async for record in _read_on(client, await client.end_offsets(wanted)):
        yield record


async def record_at(
    client: AIOKafkaConsumer, tp: TopicPartition, offset: int
) -> ConsumerRecord | None:
    """Give the record at an offset, None where it is gone; the consumer resets no offset by itself."""
    client.assign([tp])
    client.seek(tp, offset)
    try:
        found = (await client.getmany(tp, timeout_ms=_RECORD_MS, max_records=1)).get(tp)
    except OffsetOutOfRangeError:
        return None
    return found[0] if found and found[0].offset == offset else None


async def count(client: AIOKafkaConsumer, since: Mapping[TopicPartition, int]) -> int:
    """Count the committed records from these offsets on; the end of a transaction is none."""
    client.assign(list(since))
    for tp, offset in since.items():
        client.seek(tp, offset)
    ends = await client.end_offsets(list(since))
    return sum([1 async for _ in _read_on(client, ends)])


async def _read_on(
    client: AIOKafkaConsumer, ends: dict[TopicPartition, int]
) -> AsyncIterator[ConsumerRecord]:
    while behind := await _behind(client, ends):
        # A position passes a transaction's marker without giving a record: so not for ever.
        for records in (await client.getmany(*behind, timeout_ms=200)).values():
            for record in records:
                if record.offset < ends[TopicPartition(record.topic, record.partition)]:
                    yield record


async def _behind(
    client: AIOKafkaConsumer, ends: dict[TopicPartition, int]
) -> Collection[TopicPartition]:
    return [tp for tp, end in ends.items() if await client.position(tp) < end]
