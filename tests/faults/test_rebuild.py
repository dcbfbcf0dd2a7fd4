"""Projections are rebuilt under load, and rebuilds are killed: who reads and who works goes on."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from signal import SIGKILL

import asyncpg
import pytest

from deploy.shop import PROGRAM
from sinks.board_reads import participants
from sinks.board_store import connect
from tests.faults.cluster import Cluster
from tests.support.kafka import consume

GLOBAL = ("global", "all_time")

STOP_POINTS = {
    "boards": [
        "kill:read boards:after:3",
        "kill:switch boards:before:1",  # projectors are held
        "kill:switch boards:after:1",  # one program has its rebuilt boards, the others are held
    ],
    "ledger": [
        "kill:read ledger:after:1",
        "kill:switch ledger:before:1",  # projectors are locked out
        "kill:switch ledger:after:1",  # the tables are moved, nothing is committed
    ],
}


@pytest.mark.parametrize("sink", STOP_POINTS)
async def test_rebuilt_under_load(cluster: Cluster, sink: str) -> None:
    """Reads never find less than before, no projector ends, and the book agrees with what was rebuilt.

    A rebuild that was killed in any step is called again. Subscribers hear no older score again.
    """
    _, boards, ledger = await cluster.start_all()
    async with cluster.load(rate=200):
        await cluster.flow(1_000)
        async with reads(cluster, sink) as seen:
            for fault in STOP_POINTS[sink]:
                assert await cluster.laurel("rebuild", sink, fault=fault) == -SIGKILL
                assert await cluster.laurel("rebuild", sink) == 0
            await cluster.flow(300)
    assert seen == sorted(seen)
    assert seen[0] > 0
    await cluster.verified()
    assert (boards.ends, ledger.ends) == ([], [])
    assert await said_again(cluster) == []


@asynccontextmanager
async def reads(cluster: Cluster, sink: str) -> AsyncIterator[list[int]]:
    """Look again and again how much is in a sink; give what was seen."""
    redis = connect(cluster.settings.redis)
    postgres = await asyncpg.connect(cluster.settings.postgres)

    async def members() -> int:
        return await participants(redis, PROGRAM, GLOBAL)

    async def rows() -> int:
        return int(await postgres.fetchval("SELECT count(*) FROM ledger"))

    seen: list[int] = []
    enough = asyncio.Event()
    looking = asyncio.create_task(look({"boards": members, "ledger": rows}[sink], seen, enough))
    try:
        yield seen
    finally:
        enough.set()
        await looking
        await postgres.close()
        await redis.aclose()


async def look(count: Callable[[], Awaitable[int]], seen: list[int], enough: asyncio.Event) -> None:
    """Count until it is enough; every read must have its answer within seconds."""
    while not enough.is_set():
        async with asyncio.timeout(10):
            seen.append(await count())
        await asyncio.sleep(0.01)


async def said_again(cluster: Cluster) -> list[str]:
    """Give the ids of `leaderboard.updated` that were said again after a newer one."""
    last: dict[tuple[str, ...], str] = {}
    before: set[str] = set()
    again = []
    for record in await consume(cluster.stack, cluster.settings.topic("leaderboard.updated")):
        said = json.loads(record.value)
        entry = (said["program"], said["board"], said["period"], said["user_id"])
        if last.get(entry) != said["id"]:
            if said["id"] in before:
                again.append(said["id"])
            last[entry] = said["id"]
            before.add(said["id"])
    return again
