"""Following the real topic `rules`: what counts as read, and which records are no rules at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from deploy.stack import Stack
from processors.jobs.worker import first_reading
from processors.rulebook import RulesFollower
from processors.stream.records import WrongTimestampsError
from tests.stream.conftest import MakeTopic
from tests.support.kafka import Sent, produce

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
    wanted = rf"{topic} must have message\.timestamp\.type=LogAppendTime; `laurel topics apply`"
    async with following(topic, seen, connection) as (follower, task):
        with pytest.raises(WrongTimestampsError, match=wanted):
            await asyncio.wait_for(first_reading(follower, task), PATIENCE_SECONDS)
        assert not follower.fresh
    assert seen == []
