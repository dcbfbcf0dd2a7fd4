"""Writes records to a topic and reads a topic whole."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from deploy.stack import Stack


@dataclass(frozen=True, slots=True)
class Sent:
    """A record to write."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    partition: int | None = None
    """None: by murmur2 of the key, as Java clients choose."""
    timestamp_ms: int | None = None


async def produce(stack: Stack, topic: str, records: Iterable[Sent]) -> list[tuple[int, int]]:
    """Write the records in order; give (partition, offset) of each, once the broker has them all."""
    async with AIOKafkaProducer(
        bootstrap_servers=stack.kafka, enable_idempotence=True, linger_ms=5
    ) as producer:
        sending = [
            await producer.send(
                topic,
                record.value,
                record.key,
                partition=record.partition,
                timestamp_ms=record.timestamp_ms,
                headers=record.headers,
            )
            for record in records
        ]
        written = [await future for future in sending]
    return [(record.partition, record.offset) for record in written]


async def held_back(stack: Stack, prefix: str) -> list[str]:
    """Tell the partitions of a prefix's topics whose end an open transaction keeps from readers."""
    ends: list[dict[TopicPartition, int]] = []
    for isolation in ("read_committed", "read_uncommitted"):
        async with AIOKafkaConsumer(
            bootstrap_servers=stack.kafka, isolation_level=isolation
        ) as consumer:
            cluster = await consumer._client.fetch_all_metadata()
            partitions = [
                TopicPartition(topic, number)
                for topic in cluster.topics()
                if topic.startswith(prefix)
                for number in cluster.partitions_for_topic(topic) or ()
            ]
            ends.append(await consumer.end_offsets(partitions))
    committed, written = ends
    return [
        f"{tp.topic}/{tp.partition} is committed to {committed[tp]} of {end}"
        for tp, end in sorted(written.items())
        if committed[tp] != end
    ]


async def consume(
    stack: Stack,
    topic: str,
    isolation: Literal["read_committed", "read_uncommitted"] = "read_committed",
) -> list[ConsumerRecord]:
    """Read the topic from its beginning to where it ends now, partition after partition."""
    async with AIOKafkaConsumer(
        bootstrap_servers=stack.kafka, isolation_level=isolation, enable_auto_commit=False
    ) as consumer:
        numbers = consumer.partitions_for_topic(topic)
        if numbers is None:
            await consumer._client.force_metadata_update()
        partitions = [
            TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or []
        ]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        found: dict[TopicPartition, list[ConsumerRecord]] = {one: [] for one in partitions}
        # A position passes a transaction's marker without giving a record.
        while any([await consumer.position(one) < ends[one] for one in partitions]):
            for one, records in (await consumer.getmany(timeout_ms=200)).items():
                found[one] += records
    return [record for one in partitions for record in found[one]]
