"""What tests of the stream package against a broker share: small topics and a group member."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiokafka
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from processors.stream.turns import Membership

MakeTopic = Callable[..., Awaitable[str]]


class Member:
    """A member of a consumer group that reads one topic."""

    def __init__(self, group_id: str, consumer: aiokafka.AIOKafkaConsumer) -> None:
        self.group_id = group_id
        self.consumer = consumer

    @property
    def membership(self) -> Membership:
        """The membership as of the last join, read as the stream package reads it."""
        coordinator = self.consumer._coordinator
        instance_id = coordinator._group_instance_id
        return Membership(coordinator.generation, coordinator.member_id, instance_id)


@pytest.fixture
async def make_topic(connection: dict[str, Any], prefix: str) -> AsyncIterator[MakeTopic]:
    """Give what makes a topic of this test's own; all of them go with the test."""
    admin = AIOKafkaAdminClient(**connection)
    await admin.start()
    made: list[str] = []

    async def make(name: str, partitions: int = 1, **config: str) -> str:
        made.append(prefix + name)
        config = {key.replace("_", "."): value for key, value in config.items()}
        topic = NewTopic(made[-1], partitions, 1, topic_configs=config)
        await admin.create_topics([topic])
        return made[-1]

    yield make
    await admin.delete_topics(made)
    await admin.close()


@pytest.fixture
async def member(
    connection: dict[str, Any], prefix: str, make_topic: MakeTopic
) -> AsyncIterator[Member]:
    """Give a static member of a group that owns the one partition of the topic `actions`."""
    topic, group_id = await make_topic("actions"), f"{prefix}group"
    async with aiokafka.AIOKafkaConsumer(
        topic, group_id=group_id, group_instance_id="one", enable_auto_commit=False, **connection
    ) as consumer:
        yield Member(group_id, consumer)
