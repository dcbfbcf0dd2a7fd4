"""Boards in Redis as tests bring postings to them and look at them."""

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis

from schemas.results import LeaderboardUpdated, Posting
from sinks.board_calls import Scored, cut, read_posting, updates
from sinks.board_reads import top
from sinks.positions import Assigned, Partition
from sinks.redis_boards import RedisBoards
from tests.support.runs import posting, record

AT: Partition = ("rewards.earned", 3)
NEW = {AT: Assigned(first=0, committed=None)}
GLOBAL = ("global", "all_time")


async def bring(
    sink: RedisBoards,
    postings: Sequence[Posting],
    program: str = "loyalty",
    at: Partition = AT,
) -> list[LeaderboardUpdated]:
    """Apply postings as one run that begins where the sink stands; give what is to be published."""
    start = sink.position(program, at)
    log = [(start + n, scored(one)) for n, one in enumerate(postings)]
    said: list[LeaderboardUpdated] = []
    for call in cut(log, start + len(postings)):
        said += updates(await sink.apply(program, at, call))
    return said


def scored(one: Posting) -> Scored:
    """Give the part of a posting that boards read, as it comes over the wire."""
    value = record(0, one).value
    assert value is not None
    return read_posting(value)


def on_global(number: int, user: str, change: int, *mode: str, second: float = 0) -> Posting:
    return posting(number, user, [(*GLOBAL, change, *mode)], second=second)


async def standings(redis: Redis, program: str = "loyalty") -> list[tuple[int, str, int]]:
    return [entry[:3] for entry in await top(redis, program, GLOBAL, 1000)]


async def everything(redis: Redis) -> dict[bytes, Any]:
    """Give all that the database holds."""
    return {key: await redis.dump(key) for key in await redis.keys("*")}


class Published(list[LeaderboardUpdated]):
    """Takes the place of the topic `leaderboard.updated`."""

    async def publish(self, partition: int, said: list[LeaderboardUpdated]) -> None:
        """Take records as the broker would."""
        assert partition == AT[1]
        self += said
