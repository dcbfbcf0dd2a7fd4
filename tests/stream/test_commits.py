"""What a worker tells its consumer group of where a sink stands, and when it is not heard."""

import aiokafka
import pytest
from aiokafka.structs import TopicPartition
from faust.types import TP

from processors.app import make_app
from processors.settings import Settings
from processors.stream.transport import ConsumerThread
from tests.stream.conftest import Member


@pytest.fixture
def thread(member: Member) -> ConsumerThread:
    """Give the thread of a worker's consumer, which never runs, with a member of a real group in it."""
    thread = make_app("boards", Settings(kafka="127.0.0.1:1")).turns._thread
    thread.thread_loop.close()
    thread._consumer = member.consumer
    return thread


def assigned(consumer: aiokafka.AIOKafkaConsumer) -> TopicPartition:
    """Give the one partition that the member owns."""
    (partition,) = consumer.assignment()
    return partition


async def test_what_is_mine_is_committed(member: Member, thread: ConsumerThread) -> None:
    """The group hears of all partitions, of some of them, or of none; it was told only of all."""
    mine = assigned(member.consumer)
    theirs = TP(mine.topic, 1)
    assert await thread.commit_mine({TP(*mine): 3})
    assert await member.consumer.committed(mine) == 3
    assert not await thread.commit_mine({TP(*mine): 5, theirs: 7})
    assert await member.consumer.committed(mine) == 5
    assert not await thread.commit_mine({theirs: 9})
    assert not await thread.commit_mine({})


async def test_a_group_that_moved_on_is_not_told(member: Member, thread: ConsumerThread) -> None:
    """A member of an earlier generation is refused, which ends nothing."""
    mine = assigned(member.consumer)
    member.consumer._coordinator.generation -= 1
    assert not await thread.commit_mine({TP(*mine): 3})


async def test_a_consumer_that_stopped_tells_nothing(
    member: Member, thread: ConsumerThread
) -> None:
    """A worker that stops just then is refused, and goes on stopping."""
    mine = assigned(member.consumer)
    await member.consumer.stop()
    assert not await thread.commit_mine({TP(*mine): 3})
    await member.consumer._client.close()  # It asked the broker once more.
