"""The auditor on the real stack: agrees with a healthy installation, finds what was tampered with."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio
from aiokafka import AIOKafkaProducer

from audit.partitions import partition_of
from audit.verify import Addresses, verify
from deploy.demo import produce
from deploy.stack import Stack
from deploy.workload import Mix
from processors.settings import Settings
from tests.faults.cluster import Cluster

ACTIONS = 600


@pytest.fixture
async def cluster(
    stack: Stack, topics: str, redis_url: str, database: str, tmp_path: Path
) -> AsyncIterator[Cluster]:
    """A cluster of one worker of each kind that has scored a small workload."""
    settings = Settings(kafka=stack.kafka, redis=redis_url, postgres=database, topic_prefix=topics)
    cluster = Cluster(stack, settings, tmp_path)
    await cluster.publish_programs()
    for kind in ("scoring", "boards", "ledger"):
        await cluster.start(kind)
    await cluster.ready()
    await cluster.rules_count()
    mix = Mix(deriving=0.2, broken=0.05, duplicates=0.05, misrouted=0.02)
    sent = await produce(
        stack.kafka, 2_000, seed=3, topic=topics + "actions", limit=ACTIONS, members=50, mix=mix
    )
    assert sent.acknowledged == sent.handed_over == ACTIONS
    await cluster.healed()
    yield cluster
    await cluster.stop()


async def tampered_board(settings: Settings) -> None:
    """Give the leader of all time a point."""
    async with redis.asyncio.Redis.from_url(settings.redis) as client:
        key = "{loyalty}:global:all_time:scores"
        leader = (await client.zrange(key, 0, 0))[0]
        await client.zincrby(key, -1, leader)


async def tampered_whole_sum(settings: Settings) -> None:
    """Say of somebody that more than a score can be was reached."""
    async with redis.asyncio.Redis.from_url(settings.redis) as client:
        await client.hset("{loyalty}:beyond", "stranger\0global\0weekly:2025-W49", "1 7")


async def lost_board(settings: Settings) -> None:
    """Drop a board."""
    async with redis.asyncio.Redis.from_url(settings.redis) as client:
        await client.delete("{loyalty}:tier:BRONZE:all_time:scores")


def tampered_table(statement: str) -> Callable[[Settings], Awaitable[None]]:
    """Run a statement that a projector never would."""

    async def run(settings: Settings) -> None:
        connection = await asyncpg.connect(settings.postgres)
        done = await connection.execute(statement)
        await connection.close()
        assert done.split(" ")[-1] != "0"

    return run


async def forged_posting(settings: Settings) -> None:
    """Say on Kafka that a stranger earned something."""
    posting = {
        "id": "x#purchase",
        "action_id": "x",
        "program": "loyalty",
        "user_id": "stranger",
        "action": "PURCHASE",
        "kind": "earn",
        "currency": "points",
        "sequence": 1,
        "points": 5,
        "lifetime_points": 5,
        "balance": 5,
        "lifetime": 5,
        "tier": "BRONZE",
        "occurred_at": "2025-12-07T23:51:00.000Z",
        "rule": "loyalty@2025-01-01/purchase",
        "expires_at": None,
        "lots": [],
        "scores": [["global", "all_time", 5]],
    }
    async with AIOKafkaProducer(**settings.kafka_connection) as producer:
        topic, number = settings.topic("rewards.earned"), partition_of("stranger", 8)
        await producer.send_and_wait(topic, json.dumps(posting).encode(), partition=number)


TAMPERED = [
    (tampered_board, "Redis: loyalty global all_time:"),
    (tampered_whole_sum, "weekly:2025-W49: stranger has no whole sum in the book, 1 7 there"),
    (lost_board, "Redis: loyalty tier:BRONZE all_time:"),
    (
        tampered_table("DELETE FROM ledger WHERE kind = 'earn' AND sequence = 1"),
        "nothing there",
    ),
    (
        tampered_table("UPDATE balances SET lifetime = lifetime + 1"),
        "PostgreSQL balances: loyalty/",
    ),
    (
        tampered_table("UPDATE accounts SET view = jsonb_set(view, '{owner}', '\"x\"')"),
        "PostgreSQL accounts: loyalty/",
    ),
    (
        tampered_table("UPDATE tier_changes SET new = 'DIAMOND'"),
        "DIAMOND is there",
    ),
    (
        forged_posting,
        "Kafka: loyalty/stranger action x: nothing in the book, posted 5 points there",
    ),
]


async def test_a_healthy_installation_agrees_and_tampering_is_found(cluster: Cluster) -> None:
    """Nothing differs at first; then each change made behind Laurel's back is told."""
    settings = cluster.settings
    addresses = Addresses(
        settings.kafka_connection, settings.redis, settings.postgres, settings.topic_prefix
    )
    assert await verify(addresses, patience=30) == []
    for worker in cluster.workers:
        await worker.kill()
    for tamper, says in TAMPERED:
        await tamper(settings)
        assert says in "\n".join(await verify(addresses, patience=0, first=10_000))
