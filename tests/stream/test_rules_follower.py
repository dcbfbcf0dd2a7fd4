"""Following the real topic `rules`: what counts as read, and which records are no rules at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiokafka
import pytest

from deploy.stack import Stack
from processors.jobs.worker import first_reading
from processors.rulebook import LEAD_SECONDS_MIN, RulesFollower
from processors.stream.records import WrongTimestampsError
from tests.stream.conftest import MakeTopic
from tests.support.kafka import Sent, produce
from tests.support.waiting import eventually

PATIENCE_SECONDS = 20.0

Seen = list[bytes | None]


@asynccontextmanager
async def following(
    topic: str, seen: Seen, connection: dict[str, Any]
) -> AsyncIterator[tuple[RulesFollower, asyncio.Task[None]]]:
    """Follow a topic while the body runs; `seen` grows by the value of each record."""
    follower = RulesFollower(topic, lambda value, _: seen.append(value), connection=connection)
    task = asyncio.create_task(follower.follow())
    try:
        yield follower, task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, WrongTimestampsError):
            await task


async def test_versions_stamped_by_their_producer_are_refused(
    stack: Stack, connection: dict[str, Any], make_topic: MakeTopic
) -> None:
    """One with a time long ago would be in force at once: reading ends, and says what to do."""
    topic = await make_topic("rules", message_timestamp_type="CreateTime")
    await produce(stack, topic, [Sent(b"p@1", b"version", timestamp_ms=1_000_000)])
    seen: Seen = []
    wanted = rf"the record at offset 0 of {topic} 0 was stamped by its producer.*make it anew"
    async with following(topic, seen, connection) as (follower, task):
        with pytest.raises(WrongTimestampsError, match=wanted):
            await asyncio.wait_for(first_reading(follower, task), PATIENCE_SECONDS)
        assert not follower.fresh
    assert seen == []


async def is_stale(follower: RulesFollower) -> None:
    """Wait until a follower has waited for longer than a version may be unseen."""

    async def ask() -> bool:
        return not follower.fresh

    await eventually(ask, PATIENCE_SECONDS)


@pytest.mark.parametrize("ends", ["committed", "aborted", "timed out"])
async def test_an_open_publication_is_waited_for(
    stack: Stack, connection: dict[str, Any], prefix: str, make_topic: MakeTopic, ends: str
) -> None:
    """What it wrote counts from when it was written, if it counts: until that is known nobody decides."""
    topic = await make_topic("rules", message_timestamp_type="LogAppendTime")
    await produce(stack, topic, [Sent(b"p@1", b"first")])
    seen: Seen = []
    timeout = 4_000 if ends == "timed out" else 60_000
    publisher = aiokafka.AIOKafkaProducer(
        transactional_id=f"{prefix}rules", transaction_timeout_ms=timeout, **connection
    )
    async with following(topic, seen, connection) as (follower, task), publisher:
        await asyncio.wait_for(first_reading(follower, task), PATIENCE_SECONDS)
        await publisher.begin_transaction()
        await publisher.send_and_wait(topic, b"second", b"p@2")
        await is_stale(follower)
        assert follower.age >= LEAD_SECONDS_MIN
        assert follower.obstacle.startswith("stale rules")
        assert seen == [b"first"]
        if ends == "committed":
            await publisher.commit_transaction()
        elif ends == "aborted":
            await publisher.abort_transaction()
        await asyncio.wait_for(first_reading(follower, task), PATIENCE_SECONDS)
        assert seen == ([b"first", b"second"] if ends == "committed" else [b"first"])
        # And it stays fresh, with a marker as the last thing of the log.
        await asyncio.sleep(LEAD_SECONDS_MIN)
        assert follower.fresh
