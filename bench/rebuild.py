"""Rebuilding boards and ledger, beside the projectors that made them: how much faster, how slow reads get."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from bench import contenders
from bench.contenders import Contender
from bench.load import write
from bench.results import Table, percentile
from bench.runs import posting
from bench.sink_boards import BOARDS
from bench.stage import Ground, Stage
from bench.watching import PATIENCE_SECONDS, until_ready
from processors.boards import TOPIC
from sinks import board_store
from sinks.board_reads import top
from sinks.board_rebuild import settled
from sinks.positions import Assigned, Partition

_LOOK_SECONDS = 0.05
_READ_SECONDS = 0.002

Reached = Callable[[], Awaitable[int]]
"""Gives how many offsets of the postings a sink has."""


async def run(stage: Stage, postings: int, members: int) -> list[Table]:
    """Write postings, let the projectors take them, rebuild what they made."""
    program = f"bench-{os.getpid()}"
    async with stage.ground() as ground, _database(ground) as own:
        records = _records(program, postings, members)
        topic = own.settings.topic(TOPIC)
        with stage.task(f"writing {postings:,} postings", postings) as progress:
            await write(records, topic, own.partitions, own.connection, progress)
        rows = [
            await _boards(stage, own, program, postings),
            await _ledger(stage, own, postings),
        ]
    columns = [
        "projection",
        "factor",
        "rebuilt/s",
        "live/s",
        "seconds",
        "read p99 ms",
        "read max ms",
    ]
    notes = [
        f"{postings:,} postings on {len(BOARDS)} boards, {members:,} members; per second: postings",
        "live: from the projector's first step to its last",
        "rebuilt: the whole command, from its start to the switch",
        "read: a top ten, or a member's balance, again and again while the rebuild runs",
    ]
    return [
        Table(
            "Rebuilding, beside the projector that waits at the end of the log",
            columns,
            rows,
            notes,
        )
    ]


def _records(program: str, count: int, members: int) -> Iterator[tuple[bytes, bytes]]:
    rng = random.Random(1)
    scores = [(*board[:2], 5, *board[2:]) for board in BOARDS]
    for number in range(count):
        user = f"member-{rng.randrange(members)}"
        value = posting(number, user, scores).replace(
            b'"program":"loyalty"', f'"program":"{program}"'.encode()
        )
        yield user.encode(), value


@asynccontextmanager
async def _database(ground: Ground) -> AsyncIterator[Ground]:
    """Give the ground with an empty database of its own: a rebuilt ledger replaces every row."""
    name = f"bench_{os.getpid()}"
    url = ground.settings.postgres
    server = await asyncpg.connect(url)
    await server.execute(f"CREATE DATABASE {name}")
    own = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    try:
        settings = ground.settings.model_copy(update={"postgres": own})
        yield Ground(settings, ground.partitions, ground.ports)
    finally:
        await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await server.close()


async def _boards(stage: Stage, ground: Ground, program: str, postings: int) -> list[str]:
    redis = board_store.connect(ground.settings.redis)
    partitions: list[Partition] = [
        (ground.settings.topic(TOPIC), n) for n in range(ground.partitions)
    ]
    assigned = {at: Assigned(0, None) for at in partitions}

    async def reached() -> int:
        return sum((await settled(redis, assigned)).values())

    async def read() -> None:
        await top(redis, program, ("global", "all_time"), 10)

    row = await _compare(
        stage, ground, contenders.BOARDS, reached, read, ["boards", program], postings
    )
    await redis.aclose()
    return row


async def _ledger(stage: Stage, ground: Ground, postings: int) -> list[str]:
    topic, url = ground.settings.topic(TOPIC), ground.settings.postgres
    connection = await asyncpg.connect(url)

    async def reached() -> int:
        if await connection.fetchval("SELECT to_regclass('projection_progress')") is None:
            return 0
        asked = (
            "SELECT coalesce(sum(next_offset), 0)::bigint FROM projection_progress WHERE topic = $1"
        )
        return int(await connection.fetchval(asked, topic))

    async def read() -> None:
        await connection.fetch("SELECT * FROM balances WHERE user_id = 'member-7'")

    row = await _compare(stage, ground, contenders.LEDGER, reached, read, ["ledger"], postings)
    await connection.close()
    return row


async def _compare(
    stage: Stage,
    ground: Ground,
    worker: Contender,
    reached: Reached,
    read: Callable[[], Awaitable[None]],
    what: list[str],
    postings: int,
) -> list[str]:
    process = worker.start(stage, ground)
    try:
        await until_ready(process)
        with stage.task(f"{worker.name}: live", postings) as progress:
            live = await _live(reached, postings, progress)
        waits: list[float] = []
        reading = asyncio.create_task(_reads(read, waits))
        with stage.task(f"{worker.name}: rebuilt"):
            began = time.perf_counter()
            await _rebuild(ground, what)
            seconds = time.perf_counter() - began
        reading.cancel()
    finally:
        process.stop()
    rebuilt = postings / seconds
    stage.say(f"{worker.name}: {rebuilt:,.0f}/s rebuilt, {live:,.0f}/s live")
    return [
        worker.name,
        f"{rebuilt / live:.1f} x",
        f"{rebuilt:,.0f}",
        f"{live:,.0f}",
        f"{seconds:.1f}",
        f"{percentile(waits, 0.99) * 1000:.1f}",
        f"{max(waits) * 1000:.0f}",
    ]


async def _rebuild(ground: Ground, what: list[str]) -> None:
    """Run the command in a process of its own, so that it delays nobody who reads here."""
    command = await asyncio.create_subprocess_exec(
        *(contenders.COMMAND, "rebuild", *what),
        env=ground.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await command.communicate()
    if command.returncode:
        raise RuntimeError(f"the rebuild failed:\n{said.decode()}")


async def _live(reached: Reached, postings: int, progress: Callable[[float], None]) -> float:
    """Wait until the projector has everything; give postings a second since its first step."""
    deadline = time.monotonic() + PATIENCE_SECONDS + postings / 500
    began: tuple[float, int] | None = None
    while (there := await reached()) < postings:
        if there and began is None:
            began = time.perf_counter(), there
        if time.monotonic() > deadline:
            raise RuntimeError(f"the projector is at {there:,} of {postings:,}")
        progress(there)
        await asyncio.sleep(_LOOK_SECONDS)
    if began is None:
        raise RuntimeError("one look and all was done: measure with more postings")
    return (there - began[1]) / (time.perf_counter() - began[0])


async def _reads(read: Callable[[], Awaitable[None]], waits: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await read()
        waits.append(time.perf_counter() - began)
        await asyncio.sleep(_READ_SECONDS)
