"""Redis, PostgreSQL and the broker go away and come back: what needs them waits, the rest goes on."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from processors.stream.transaction import TRANSACTION_SECONDS
from tests.faults.cluster import Cluster
from tests.support.stacks import Servers

REDIS_AWAY_SECONDS = 20.0


@pytest.fixture
async def ours(servers: Servers) -> AsyncIterator[Servers]:
    """Give the servers, and have all of them run again in the end."""
    yield servers
    for name in ("kafka", "redis", "postgres"):
        await asyncio.to_thread(servers[name].start)


async def test_redis_and_postgres_go_away(cluster: Cluster, ours: Servers) -> None:
    """With Redis away for 20 s points and ledger go on; PostgreSQL is killed and restarted meanwhile."""
    scoring, boards, ledger = await cluster.start_all()
    async with cluster.load(rate=500):
        await cluster.flow(500)
        await asyncio.to_thread(ours["redis"].kill)
        back = time.monotonic() + REDIS_AWAY_SECONDS
        await boards.complains("redis")
        await asyncio.to_thread(ours["postgres"].kill)
        await ledger.complains("postgres")
        await scoring.works(500)
        await asyncio.to_thread(ours["postgres"].start)
        await ledger.works(500)
        await asyncio.sleep(back - time.monotonic())
        await boards.complains("redis")
        await asyncio.to_thread(ours["redis"].start)
    await cluster.verified()
    assert (scoring.ends, boards.ends, ledger.ends) == ([], [], [])


async def test_redis_comes_back_empty(cluster: Cluster, ours: Servers) -> None:
    """An emptied Redis stops the boards until `laurel rebuild boards`, and only them."""
    scoring, boards, ledger = await cluster.start_all()
    async with cluster.load():
        await cluster.flow(2_000)
        await asyncio.to_thread(ours["redis"].restart, "kill", empty=True)
        await boards.complains("laurel rebuild boards")
        await cluster.flow(1_000)
    for going_on in (scoring, ledger):
        await going_on.becomes("where the log ends", going_on.has_caught_up)
    await boards.complains("laurel rebuild boards")
    assert await cluster.laurel("rebuild", "boards") == 0
    await cluster.verified()


@pytest.mark.parametrize("away", [0.0, TRANSACTION_SECONDS + 1.0])
async def test_the_broker_goes_away(cluster: Cluster, ours: Servers, away: float) -> None:
    """A broker killed under load costs only the time it is away, be it longer than a transaction."""
    await cluster.start_all()
    async with cluster.load():
        await cluster.flow(2_000)
        await asyncio.to_thread(ours["kafka"].kill)
        await asyncio.sleep(away)
        await asyncio.to_thread(ours["kafka"].start)
        await cluster.flow(2_000)
    await cluster.verified()
