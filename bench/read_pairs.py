"""Reads of a board as they are measured: ours, and the plain commands that answer most of each."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple

from redis.asyncio import Redis

from bench.load import member
from sinks.board_reads import count_between, participants, rank_of, top

GLOBAL = ("global", "all_time")
BARE = "leaderboard:global:all_time"
"""The sorted set that `fill` makes beside our board: points by member."""

Ask = Callable[[int], Awaitable[object]]
"""A request for the member of this number, who is also the first one of a slice or a range."""


class Pair(NamedTuple):
    """A read of ours and the plain commands beside it; None where ours is the plain command."""

    name: str
    ours: Ask
    plain: Ask | None


def pairs(redis: Redis) -> list[Pair]:
    """Give all reads; offsets and scores are drawn from where the members are."""
    slice_ = partial(top, redis, "loyalty", GLOBAL, 100)
    rank = partial(rank_of, redis, "loyalty", GLOBAL)
    between = partial(count_between, redis, "loyalty", GLOBAL)
    return [
        Pair("top 100", lambda _: slice_(), lambda _: _plain_slice(redis, 0)),
        Pair("100 from anywhere", lambda n: slice_(after=n), lambda n: _plain_slice(redis, n)),
        Pair("rank and score", lambda n: rank(member(n)), partial(_plain_rank, redis)),
        Pair(
            "a member's page",
            lambda n: rank(member(n), around=5),
            partial(_workflow_3, redis),
        ),
        Pair(
            "competition rank",
            lambda n: rank(member(n), competition=True),
            partial(_plain_competition, redis),
        ),
        Pair(
            "members in a range of scores",
            lambda n: between(n % 50_000, n % 50_000 + 10_000),
            lambda n: redis.zcount(BARE, n % 50_000, n % 50_000 + 10_000),
        ),
        Pair("participants", lambda _: participants(redis, "loyalty", GLOBAL), None),
    ]


async def _plain_slice(redis: Redis, after: int) -> None:
    await redis.zrevrange(BARE, after, after + 99, withscores=True)


async def _plain_rank(redis: Redis, number: int) -> None:
    """Set a score and ask for the rank, in one pipeline."""
    pipe = redis.pipeline(transaction=False)
    pipe.zadd(BARE, {member(number): number % 100_000})
    pipe.zrevrank(BARE, member(number))
    await pipe.execute()


async def _workflow_3(redis: Redis, number: int) -> None:
    """Ask as the seed's workflow 3 does: one command after the other."""
    rank = await redis.zrevrank(BARE, member(number)) or 0
    await redis.zscore(BARE, member(number))
    await redis.zrevrange(BARE, max(0, rank - 5), rank + 5, withscores=True)
    await redis.zcard(BARE)


async def _plain_competition(redis: Redis, number: int) -> None:
    score = await redis.zscore(BARE, member(number))
    await redis.zcount(BARE, f"({score}", "+inf")
