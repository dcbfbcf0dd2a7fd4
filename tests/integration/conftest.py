"""Fixtures of the boards in a real Redis and of the ledger in a real PostgreSQL."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from redis.asyncio import Redis

from sinks.board_store import connect
from sinks.postgres_ledger import PostgresLedger
from sinks.redis_boards import RedisBoards
from tests.support import boards
from tests.support.ledgers import NEW, Ledgers


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def sink(redis: Redis) -> RedisBoards:
    made = RedisBoards(redis)
    await made.standing(boards.NEW)
    return made


@pytest.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(database, min_size=0) as pool:
        yield pool


@pytest.fixture
async def ledgers(database: str) -> AsyncIterator[Ledgers]:
    """Give what makes a sink, as every worker has one of its own."""
    made: list[PostgresLedger] = []

    def make() -> PostgresLedger:
        made.append(PostgresLedger(database))
        return made[-1]

    yield make
    for sink in made:
        await sink.close()


@pytest.fixture
async def ledger(ledgers: Ledgers) -> PostgresLedger:
    sink = ledgers()
    await sink.standing(NEW)
    return sink
