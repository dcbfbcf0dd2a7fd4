"""The boards projector on boards with many members, beside a Redis pipeline per event."""

import random
from collections.abc import Callable, Iterable
from itertools import cycle

from redis.asyncio import Redis

from bench.results import Table
from bench.runs import PARTITIONS, RUN, START, posting, run
from bench.sink_rates import Work, rate
from processors.boards import TOPIC, boards_projector
from schemas import wire
from schemas.results import LeaderboardUpdated
from sinks import board_store
from sinks.positions import Assigned, Partition
from sinks.redis_boards import RedisBoards

BOARDS = (
    ("global", "all_time"),
    ("global", "weekly:2025-W49"),
    ("global", "daily:2025-12-07", "quiet"),
    ("global", "monthly:2025-12", "quiet"),
    ("region:US", "all_time"),
    ("tier:GOLD", "all_time"),
    ("region:US", "weekly:2025-W49", "quiet"),
    ("global", "quarterly:2025-Q4", "quiet"),
    ("global", "yearly:2025", "quiet"),
)
"""The nine boards of a loyalty posting; those that are not quiet tell old and new rank."""

AT_ONCE = 5_000
"""Members put on a board with one command, to fill it."""

POSTINGS = 100_000
"""Different ones; after them they come again."""


async def compare_boards(url: str, members: int, widths: Iterable[int], seconds: float) -> Table:
    """Measure scores per second for postings on 1, 4, 9 ... boards, ours and the seeds'."""
    redis = board_store.connect(url)
    await redis.config_set("appendonly", "no")
    server = (await redis.info("server"))["process_id"]
    await fill(redis, members, max(widths := list(widths)))
    rows = []
    for width in widths:
        theirs = await rate([seeds_way(redis, members, width)], seconds, server)
        alike = await rate([seeds_way(redis, members, width, loud(width))], seconds, server)
        await redis.config_resetstat()
        ours = await rate([our_way(redis, members, width)], seconds, server)
        calls = (await redis.info("commandstats"))["cmdstat_fcall"]
        rows.append(
            [
                str(width),
                f"{ours.per_second / alike.per_second:.1f} x",
                f"{alike.processor / ours.processor:.1f} x",
                f"{ours.per_second / theirs.per_second:.1f} x",
                f"{theirs.processor / ours.processor:.1f} x",
                f"{ours.per_second * width:,.0f}",
                f"{alike.per_second * width:,.0f}",
                f"{theirs.per_second * width:,.0f}",
                f"{ours.client / width:.1f} + {ours.server / width:.1f}",
                f"{theirs.client / width:.1f} + {theirs.server / width:.1f}",
                f"{calls['usec_per_call'] / 1000:.1f}",
            ]
        )
    await redis.aclose()
    return Table(
        f"boards: {members:,} members on each",
        [
            *("boards per posting", "to the same told", "by CPU", "to the seeds' code", "by CPU"),
            *("scores/s", "scores/s, the same told", "scores/s, seeds' code"),
            *("CPU us/score", "CPU us/score, seeds' code", "ms per call, server"),
        ],
        rows,
        [
            "ours: ties by moment and id; boards, position and answer change in one step",
            f"ours: old and new rank told on {loud(1)} of 1, {loud(4)} of 4, {loud(9)} of 9 boards",
            "the seeds' code: per event one pipeline of a ZINCRBY per board and one ZREVRANK",
            "the same told: the seeds' pipeline with a ZREVRANK before and after, on the boards where ours has them",
            "CPU: this process + server; the ratio by CPU is what other load on the machine moves least",
            "the seeds' code awaits each of these commands by itself, which is slower still",
            "the seeds' way, either of them, has no tie order and no position: after a crash events count twice",
        ],
    )


def loud(width: int) -> int:
    """Count the boards among the first `width` whose ranks are told."""
    return sum(len(board) == 2 for board in BOARDS[:width])


async def fill(
    redis: Redis, members: int, width: int, name: Callable[[int], str] = "member-{}".format
) -> None:
    """Put all members on boards of both ways, without going through either."""
    sink = RedisBoards(redis)
    await sink.standing({})
    rng = random.Random(1)
    for first in range(0, members, AT_ONCE):
        users = [name(n) for n in range(first, min(first + AT_ONCE, members))]
        points = {user: rng.randrange(100_000) for user in users}
        for board, period, *_ in BOARDS[:width]:
            ties = {user: (START + rng.randrange(10_000)).to_bytes(6, "big") for user in users}
            scores, companion = board_store.board_keys("loyalty", (board, period))
            pipe = redis.pipeline(transaction=False)
            pipe.zadd(scores, {ties[user] + user.encode(): -points[user] for user in users})
            pipe.hset(companion, mapping=ties)
            pipe.zadd(f"leaderboard:{board}:{period}", points)
            await pipe.execute()


def our_way(redis: Redis, members: int, width: int) -> Work:
    """Return what brings one turn of postings through the projector."""
    projector = boards_projector(RedisBoards(redis), drop)
    partitions = [(TOPIC, number) for number in range(PARTITIONS)]
    positions: dict[Partition, int] = {}
    rng = random.Random(width)
    scores = [(*board[:2], 5, *board[2:]) for board in BOARDS[:width]]
    # Members are drawn evenly, the hardest case: hardly any meet in one call.
    values = cycle(
        [posting(n, f"member-{rng.randrange(members)}", scores) for n in range(POSTINGS)]
    )

    async def work() -> int:
        if not positions:
            assigned = {at: Assigned(first=0, committed=None) for at in partitions}
            positions.update(await projector.positions(assigned))
        turn = {at: run(positions[at], values) for at in partitions}
        await projector.apply(turn)
        positions.update({at: run.end for at, run in turn.items()})
        return RUN * PARTITIONS

    return work


async def drop(_partition: int, said: list[LeaderboardUpdated]) -> None:
    """Encode what would be published."""
    for update in said:
        wire.encode(update)


def seeds_way(redis: Redis, members: int, width: int, told: int = 0) -> Work:
    """Return what handles one event as the seeds' code does, or asks for both ranks on `told` boards.

    The seeds ask for the new rank on one board, and tell the old one too without saying where it is from.
    """
    rng = random.Random(width)
    keys = [f"leaderboard:{board}:{period}" for board, period, *_ in BOARDS[:width]]
    ranked = [key for key, board in zip(keys, BOARDS, strict=False) if len(board) == 2][:told]

    async def work() -> int:
        user = f"member-{rng.randrange(members)}"
        pipe = redis.pipeline(transaction=False)
        for key in ranked:
            pipe.zrevrank(key, user)
        for key in keys:
            pipe.zincrby(key, 1 + rng.randrange(50), user)
        for key in ranked or keys[:1]:
            pipe.zrevrank(key, user)
        await pipe.execute()
        return 1

    return work
