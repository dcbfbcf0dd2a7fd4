"""Reading a large board beside scoring: ours, plain commands on a bare sorted set, a window query.

Each read of ours is measured alone first. Then scoring and boards worker run while actions come in, so
that the board changes under the reads, and each read is measured right before the plain commands that
answer most of it.
"""

import asyncio
import multiprocessing
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from time import perf_counter
from typing import NamedTuple

import asyncpg
import uvloop
from redis.asyncio import Redis

from bench.asking import READ_RATE, back_to_back, open_loop
from bench.contenders import BOARDS, LAUREL
from bench.latency import BROKER_SECONDS, flush, ms
from bench.load import Load, member
from bench.read_pairs import GLOBAL, Ask, Pair, pairs
from bench.results import Table, percentile
from bench.sink_boards import AT_ONCE, fill
from bench.stage import Ground, Stage
from bench.traffic import Sent, send
from bench.watching import Watch, behind, until_ready
from deploy.embedded.priority import give_way
from sinks.board_reads import top
from sinks.board_store import connect

ACTION_RATE = 2_000.0
_SPARE_SECONDS = 600.0

_WINDOW = """
    SELECT rank, score FROM (
        SELECT user_id, score, row_number() OVER (ORDER BY score DESC, reached, user_id) AS rank
        FROM board
    ) AS ranked WHERE user_id = $1
"""


class Row(NamedTuple):
    """The latencies of a read: of ours alone, of ours and of the plain commands beside scoring."""

    pair: Pair
    alone: list[float]
    ours: list[float]
    plain: list[float]


async def run(stage: Stage, members: int, seconds: float) -> list[Table]:
    """Measure every read at its rate, and the window query as often as it comes."""
    async with stage.ground() as ground:
        await flush(ground)
        redis = connect(ground.settings.redis)
        # A rewrite of its log takes a core for seconds: it belongs to no read more than to another.
        await redis.config_set("auto-aof-rewrite-percentage", "0")
        with stage.task(f"putting {members:,} members on the board"):
            await fill(redis, members, 1, member)
        async with _table(ground, redis, members) as postgres, _scoring(stage, ground) as watch:
            alone = [
                await _ask(stage, f"{pair.name}, alone", pair.ours, members, seconds)
                for pair in pairs(redis)
            ]
            with _traffic(ground, members, (2 * len(pairs(redis)) + 1) * seconds):
                with stage.task("letting the broker find its hot code"):
                    await asyncio.sleep(BROKER_SECONDS)
                before, began = await watch.committed(), perf_counter()
                rows = [
                    Row(pair, quiet, *await _beside(stage, pair, members, seconds))
                    for pair, quiet in zip(pairs(redis), alone, strict=True)
                ]
                window = await back_to_back(partial(_window, postgres), members, seconds)
                scored = (await watch.committed() - before) / (perf_counter() - began)
                waiting = await behind(ground.ports[BOARDS.group])
        await redis.aclose()
    beside = (
        f"Meanwhile {ACTION_RATE:,.0f} actions/s were due and {scored:,.0f} scored; "
        f"{waiting:,} records waited for the boards in the end."
    )
    return [_reads(rows, members, seconds, beside), _windows(window, members)]


async def _window(postgres: asyncpg.Connection, number: int) -> None:
    await postgres.fetchrow(_WINDOW, member(number))


async def _beside(
    stage: Stage, pair: Pair, members: int, seconds: float
) -> tuple[list[float], list[float]]:
    """Give the latencies of a read of ours and of the plain commands, beside scoring."""
    ours = await _ask(stage, f"{pair.name}, ours", pair.ours, members, seconds)
    return ours, await _ask(stage, f"{pair.name}, plain", pair.plain, members, seconds)


async def _ask(
    stage: Stage, what: str, ask: Ask | None, members: int, seconds: float
) -> list[float]:
    with stage.task(f"{what}: {READ_RATE:,.0f} requests/s"):
        return await open_loop(ask, members, seconds) if ask else []


@asynccontextmanager
async def _scoring(stage: Stage, ground: Ground) -> AsyncIterator[Watch]:
    """Run both workers; give the look at what they have done."""
    workers = [contender.start(stage, ground) for contender in (LAUREL, BOARDS)]
    try:
        for worker in workers:
            await until_ready(worker)
        for pid in (stage.broker_pid, *(worker.pid for worker in workers)):
            if pid is not None:
                give_way(pid)  # As `laurel run` has it.
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


def _reads(rows: list[Row], members: int, seconds: float, beside: str) -> Table:
    return Table(
        f"Reads of a board of {members:,} members",
        ["read", "p99 to plain's", *_columns(""), *_columns("plain "), *_columns("alone ")],
        [
            [
                *(row.pair.name, _ratio(row.ours, row.plain)),
                *(cell for part in (row.ours, row.plain, row.alone) for cell in _cells(part)),
            ]
            for row in rows
        ],
        [
            (
                f"{READ_RATE:,.0f} requests/s, open loop, {seconds:.0f} s each, members drawn evenly;"
                " latency counts from the moment a request was due."
            ),
            beside,
            (
                "Broker and workers give way to whoever reads, as `laurel run` lets them."
                " Alone: ours, before the first action comes in; all the rest is beside scoring. Redis"
                " keeps its append-only file and does not rewrite it meanwhile."
            ),
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
