"""Batches as producers may write them: any compression, headers with any bytes for a name."""

from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from deploy.stack import Stack
from processors.stream.records import lean

CODECS = ["gzip", "snappy", "lz4", "zstd"]
Read = list[tuple[bytes | None, list[tuple[str, bytes]]]]
"""Value and headers of records."""


class Name(str):
    """The name of a header that is no text."""

    __slots__ = ()

    def encode(self, *_: object, **__: object) -> bytes:
        """Give what stands in the log."""
        return b"\xff" + super().encode()


@pytest.fixture
async def topic(stack: Stack, request: pytest.FixtureRequest) -> str:
    """Give a new topic of one partition."""
    name = f"odd-{abs(hash(request.node.name))}"
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka)
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1)])
    await admin.close()
    return name


async def read(stack: Stack, topic: str, count: int) -> Read:
    """Read records as workers do."""
    consumer = lean(
        AIOKafkaConsumer(
            bootstrap_servers=stack.kafka,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
    )
    found: list[Any] = []
    async with consumer:
        consumer.assign([TopicPartition(topic, 0)])
        while len(found) < count:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += records
    return [
        (record.value, [(str(name), value) for name, value in record.headers]) for record in found
    ]


@pytest.fixture
def odd_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let producers write names as they are: the quick encoder takes texts alone."""
    builder = _DefaultRecordBatchBuilderPy
    monkeypatch.setattr("aiokafka.producer.message_accumulator.DefaultRecordBatchBuilder", builder)


async def write(producer: AIOKafkaProducer, topic: str, value: bytes, name: str) -> None:
    """Write a batch of two records, the second one with a header of this name."""
    batch = producer.create_batch()
    batch.append(timestamp=None, key=b"k", value=value)
    batch.append(timestamp=None, key=b"k", value=value, headers=[(name, b"v")])
    await (await producer.send_batch(batch, topic, partition=0))


@pytest.mark.parametrize("codec", CODECS)
async def test_any_compression(stack: Stack, topic: str, codec: str) -> None:
    """Producers choose how they compress; all that Kafka knows is read."""
    async with AIOKafkaProducer(
        bootstrap_servers=stack.kafka, compression_type=codec, linger_ms=50
    ) as producer:
        for _ in range(20):
            await producer.send(topic, b"as it was " * 50, partition=0)
    assert await read(stack, topic, 20) == [(b"as it was " * 50, [])] * 20


@pytest.mark.usefixtures("odd_names")
@pytest.mark.parametrize("codec", [None, "gzip"])
async def test_names_that_are_no_texts(stack: Stack, topic: str, codec: str | None) -> None:
    """A header's name that is not UTF-8 is read with U+FFFD, and what follows is read too."""
    async with AIOKafkaProducer(bootstrap_servers=stack.kafka, compression_type=codec) as producer:
        await write(producer, topic, b"before", "fine")
        await write(producer, topic, b"odd", Name("one"))
        await write(producer, topic, b"after", "fine")
        await write(producer, topic, b"odd again", Name(""))
    assert await read(stack, topic, 8) == [
        (b"before", []),
        (b"before", [("fine", b"v")]),
        (b"odd", []),
        (b"odd", [("\ufffdone", b"v")]),
        (b"after", []),
        (b"after", [("fine", b"v")]),
        (b"odd again", []),
        (b"odd again", [("\ufffd", b"v")]),
    ]


@pytest.mark.usefixtures("odd_names")
async def test_aborted_ones_stay_aborted(stack: Stack, topic: str) -> None:
    """What was rolled back before and behind such a batch is not read because of it."""
    async with AIOKafkaProducer(
        bootstrap_servers=stack.kafka, transactional_id=topic, retry_backoff_ms=20
    ) as producer:
        for value in (b"never 1", b"odd", b"never 2", b"after"):
            await producer.begin_transaction()
            await write(producer, topic, value, Name("x"))
            if value.startswith(b"never"):
                await producer.abort_transaction()
            else:
                await producer.commit_transaction()
    found = await read(stack, topic, 4)
    assert [value for value, _ in found] == [b"odd", b"odd", b"after", b"after"]
