"""Reading a large board beside scoring: ours, plain commands on a bare sorted set, a window query.

Scoring and boards worker run while actions come in, so that the board changes under the reads. Each
read of ours is measured right before the plain commands that answer most of it.
"""

import asyncio
import multiprocessing
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from time import perf_counter
from typing import NamedTuple

import asyncpg
import uvloop
from redis.asyncio import Redis

from bench.contenders import BOARDS, LAUREL
from bench.latency import flush, ms
from bench.load import Load, member
from bench.results import Table, percentile
from bench.sink_boards import AT_ONCE, fill
from bench.stage import Ground, Stage
from bench.traffic import Sent, send
from bench.watching import Watch, behind, until_ready
from sinks.board_reads import count_between, participants, rank_of, top
from sinks.board_store import connect

READ_RATE = 1_000.0
ACTION_RATE = 2_000.0
WARM_UP_SECONDS = 5.0

GLOBAL = ("global", "all_time")
BARE = "leaderboard:global:all_time"
"""The sorted set that `fill` makes beside our board: points by member."""

_TICK_SECONDS = 0.001
_SPARE_SECONDS = 600.0

Ask = Callable[[int], Awaitable[object]]
"""A request for the member of this number, who is also the first one of a slice or a range."""

_WINDOW = """
    SELECT rank, score FROM (
        SELECT user_id, score, row_number() OVER (ORDER BY score DESC, reached, user_id) AS rank
        FROM board
    ) AS ranked WHERE user_id = $1
"""


class Pair(NamedTuple):
    """A read of ours and the plain commands beside it; None where ours is the plain command."""

    name: str
    ours: Ask
    plain: Ask | None


async def run(stage: Stage, members: int, seconds: float) -> list[Table]:
    """Measure every read at its rate, and the window query as often as it comes."""
    async with stage.ground() as ground:
        await flush(ground)
        redis = connect(ground.settings.redis)
        with stage.task(f"putting {members:,} members on the board"):
            await fill(redis, members, 1, member)
        async with _table(ground, redis, members) as postgres, _scoring(stage, ground) as watch:
            with _traffic(ground, members, (2 * len(_pairs(redis)) + 1) * seconds):
                await asyncio.sleep(WARM_UP_SECONDS)
                before, began = await watch.committed(), perf_counter()
                rows = [await _measure(stage, pair, members, seconds) for pair in _pairs(redis)]
                window = await _back_to_back(partial(_window, postgres), members, seconds)
                scored = (await watch.committed() - before) / (perf_counter() - began)
                waiting = await behind(ground.ports[BOARDS.group])
        await redis.aclose()
    beside = (
        f"Meanwhile {ACTION_RATE:,.0f} actions/s were due and {scored:,.0f} scored; "
        f"{waiting:,} records waited for the boards in the end."
    )
    return [_reads(rows, members, seconds, beside), _windows(window, members)]


def _pairs(redis: Redis) -> list[Pair]:
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


async def _window(postgres: asyncpg.Connection, number: int) -> None:
    await postgres.fetchrow(_WINDOW, member(number))


async def _measure(
    stage: Stage, pair: Pair, members: int, seconds: float
) -> tuple[Pair, list[float], list[float]]:
    """Give the latencies of a read of ours and of the plain commands."""
    latencies = []
    for way, ask in (("ours", pair.ours), ("plain", pair.plain)):
        with stage.task(f"{pair.name}, {way}: {READ_RATE:,.0f} requests/s"):
            latencies.append(await _open_loop(ask, members, seconds) if ask else [])
    return pair, *latencies


async def _open_loop(ask: Ask, members: int, seconds: float) -> list[float]:
    """Ask at the rate of reads, whether or not earlier ones were answered.

    Latency counts from the moment at which a request was due: when Redis stalls, the wait of every
    request behind it counts too.
    """
    rng, latencies, began = random.Random(1), list[float](), perf_counter()

    async def one(number: int) -> None:
        await ask(rng.randrange(members))
        latencies.append(perf_counter() - began - number / READ_RATE)

    sent, total = 0, int(READ_RATE * seconds)
    async with asyncio.TaskGroup() as group:
        while sent < total:
            due = min(total, int((perf_counter() - began) * READ_RATE))
            for number in range(sent, due):
                group.create_task(one(number))
            sent = due
            await asyncio.sleep(_TICK_SECONDS)
    return latencies


async def _back_to_back(ask: Ask, members: int, seconds: float) -> list[float]:
    """Ask one after the other for so long, and once at least."""
    rng, latencies, began = random.Random(1), list[float](), perf_counter()
    while not latencies or perf_counter() - began < seconds:
        start = perf_counter()
        await ask(rng.randrange(members))
        latencies.append(perf_counter() - start)
    return latencies


@asynccontextmanager
async def _scoring(stage: Stage, ground: Ground) -> AsyncIterator[Watch]:
    """Run both workers; give the look at what they have done."""
    workers = [contender.start(stage, ground) for contender in (LAUREL, BOARDS)]
    try:
        for worker in workers:
            await until_ready(worker)
        async with Watch(ground, ground.settings.topic_prefix + LAUREL.group) as watch:
            yield watch
    finally:
        for worker in workers:
            worker.stop()


@contextmanager
def _traffic(ground: Ground, members: int, seconds: float) -> Iterator[None]:
    """Send actions from a process of its own, which takes no time from the reads."""
    load = Load(int(ACTION_RATE * (seconds + _SPARE_SECONDS)), members)
    sender = multiprocessing.get_context("spawn").Process(target=_send, args=(ground, load))
    sender.start()
    try:
        yield
        if not sender.is_alive():
            raise RuntimeError("the process that sends actions ended while reads were measured")
    finally:
        sender.terminate()
        sender.join()


def _send(ground: Ground, load: Load) -> None:
    uvloop.run(send(ground, load, Sent(ACTION_RATE)))


@asynccontextmanager
async def _table(ground: Ground, redis: Redis, members: int) -> AsyncIterator[asyncpg.Connection]:
    """Copy the board into a table, indexed as the window orders it, and drop it in the end."""
    postgres = await asyncpg.connect(ground.settings.postgres)
    await postgres.execute(
        "CREATE TABLE board (user_id text PRIMARY KEY, score bigint NOT NULL, reached bigint NOT NULL)"
    )
    for after in range(0, members, AT_ONCE):
        entries = await top(redis, "loyalty", GLOBAL, AT_ONCE, after=after)
        await postgres.copy_records_to_table("board", records=[entry[1:] for entry in entries])
    await postgres.execute("CREATE INDEX ON board (score DESC, reached, user_id)")
    await postgres.execute("VACUUM ANALYZE board")
    try:
        yield postgres
    finally:
        await postgres.execute("DROP TABLE board")
        await postgres.close()


def _reads(
    rows: list[tuple[Pair, list[float], list[float]]], members: int, seconds: float, beside: str
) -> Table:
    return Table(
        f"Reads of a board of {members:,} members",
        ["read", "p99 to plain's", *_columns(""), *_columns("plain ")],
        [
            [pair.name, _ratio(ours, plain), *_cells(ours), *_cells(plain)]
            for pair, ours, plain in rows
        ],
        [
            (
                f"{READ_RATE:,.0f} requests/s, open loop, {seconds:.0f} s each, members drawn evenly;"
                " latency counts from the moment a request was due, in steps of 1 ms."
            ),
            beside,
            (
                "A member's page: rank, score, 5 on either side, participants, next rank, milestone;"
                " the plain commands for it give neither of the last two."
            ),
            (
                "Plain: a sorted set of points by member that nothing but these commands changes:"
                " ZREVRANGE; ZADD and ZREVRANK in one pipeline; the seed's ZREVRANK, ZSCORE,"
                " ZREVRANGE and ZCARD in turn; ZSCORE, then ZCOUNT. It orders equal scores by name"
                " and answers of several commands are of several moments."
            ),
        ],
    )


def _windows(latencies: list[float], members: int) -> Table:
    return Table(
        f"Rank and score from a window query over the same {members:,} rows",
        ["queries/s", "p50 ms", "p99 ms", "max ms"],
        [[f"{len(latencies) / sum(latencies):,.1f}", *_cells(latencies)]],
        [
            (
                "`row_number() OVER (ORDER BY score DESC, reached, user_id)` with an index in that"
                " order, one query after the other beside the same scoring; nothing changes the table."
            )
        ],
    )


def _columns(way: str) -> list[str]:
    return [f"{way}{column} ms" for column in ("p50", "p99", "max")]


def _cells(latencies: list[float]) -> list[str]:
    shares = (0.5, 0.99, 1)
    return [ms(percentile(latencies, share)) if latencies else "-" for share in shares]


def _ratio(ours: list[float], plain: list[float]) -> str:
    return f"{percentile(ours, 0.99) / percentile(plain, 0.99):.2f} x" if plain else "-"
