"""What jobs read of boards in a real Redis that is emptied meanwhile: nothing of it is said."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg
import msgspec
import pytest
from redis.asyncio import Redis

from processors.jobs import closing, ranking
from processors.jobs.clock import Clock, Lately
from processors.jobs.means import Means
from processors.jobs.reading import LostBoardsError, whole
from sinks.board_closing import AT_ONCE
from sinks.positions import Partition
from sinks.postgres_ledger import PostgresLedger
from sinks.redis_boards import RedisBoards
from tests.support.boards import AT, bring
from tests.support.jobs import Outbox, document, ms, published
from tests.support.ledgers import table
from tests.support.runs import posting

DAY = ("global", "daily:2025-12-07")
MEMBERS = 3 * AT_ONCE
RESULTS = {"rewards.earned:3": MEMBERS}


class Passed:
    """A gate that is passed, just before Redis is emptied or not."""

    def __init__(self, redis: Redis, *, emptied: bool) -> None:
        self._redis = redis
        self._emptied = emptied

    async def passed(self) -> dict[Partition, int]:
        """Give where the results stood."""
        if self._emptied:
            await self._redis.flushdb()
        return {AT: MEMBERS}


def means_of(
    redis: Redis, pool: asyncpg.Pool, outbox: Outbox | None = None, gate: Passed | None = None
) -> Means:
    """Give what a job works with, on the day after."""
    sender, door = cast("Any", outbox), cast("Any", gate)
    programs, clock = published(document()), Clock(ms("2025-12-08T06:00:00Z"))
    return Means(clock, programs, pool, redis, sender, door, Lately(60), 0, "")


@pytest.fixture
async def standing(
    sink: RedisBoards,
    ledger: PostgresLedger,  # noqa: ARG001 - it makes the tables
    pool: asyncpg.Pool,
) -> asyncpg.Pool:
    """Give a ledger in which the day is open, and a board on which members stand."""
    said = [posting(n, f"u{n}", [(*DAY, n)], program="club") for n in range(MEMBERS)]
    await bring(sink, said, program="club")
    await sink.settle({AT: (0, MEMBERS)})
    row = (
        "INSERT INTO leaderboard_periods (program, board, period, kind, starts_at, ends_at, status)"
    )
    stretch = "'2025-12-07T00:00:00Z', '2025-12-08T00:00:00Z'"
    await pool.execute(f"{row} VALUES ('club', $1, $2, 'daily', {stretch}, 'OPEN')", *DAY)
    return pool


async def test_a_board_is_given_as_a_whole(redis: Redis, standing: asyncpg.Pool) -> None:
    """Every member; and an error in the end when Redis lost some of them on the way."""
    means = means_of(redis, standing)
    assert len([one async for one in whole(means, "club", DAY, RESULTS)]) == MEMBERS
    given = whole(means, "club", DAY, RESULTS)
    await anext(given)
    await redis.flushdb()
    with pytest.raises(LostBoardsError):
        [one async for one in given]


async def test_no_result_is_made_of_lost_boards(redis: Redis, standing: asyncpg.Pool) -> None:
    """A period takes one result for ever: that nobody took part must not be one."""
    outbox = Outbox()
    await closing.run(means_of(redis, standing, outbox, Passed(redis, emptied=False)))
    assert [each.data["participants"] for each in outbox.sent] == [MEMBERS]
    lost = Outbox()
    with pytest.raises(LostBoardsError):
        await closing.run(means_of(redis, standing, lost, Passed(redis, emptied=True)))
    assert lost.sent == []


class Emptying:
    """A pool of connections; Redis is emptied whenever one of them is taken."""

    def __init__(self, pool: asyncpg.Pool, redis: Redis) -> None:
        self._redis = redis
        self._pool = pool
        self.fetch, self.fetchval = pool.fetch, pool.fetchval

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        """Give a connection."""
        await self._redis.flushdb()
        async with self._pool.acquire() as connection:
            yield connection


async def test_no_ranks_are_kept_of_lost_boards(redis: Redis, standing: asyncpg.Pool) -> None:
    """Ranks are kept once, so they are kept when all of them are there."""
    closed = "UPDATE leaderboard_periods SET status = 'CLOSED', history = 'none', positions = $1"
    await standing.execute(closed, msgspec.json.encode(RESULTS).decode())
    assert await ranking.run(means_of(redis, standing)) == {"boards' ranks kept": 1}
    assert len(await table(standing, "rank_history")) == MEMBERS
    await standing.execute("DELETE FROM rank_history")
    await standing.execute(closed, msgspec.json.encode(RESULTS).decode())
    with pytest.raises(LostBoardsError):
        await ranking.run(means_of(redis, cast("Any", Emptying(standing, redis))))
    assert await standing.fetchval("SELECT history FROM leaderboard_periods") == "none"
    assert await table(standing, "rank_history") == []
