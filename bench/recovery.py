"""Recovery and memory: how fast accounts are loaded, how long a killed worker is away, what one costs."""

import asyncio
import gc
import time
from collections.abc import Iterable
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from bench.contenders import LAUREL
from bench.load import Load
from bench.process import Process, rss_bytes
from bench.results import Table, percentile
from bench.stage import Ground, Stage
from bench.traffic import Sent, send
from bench.watching import PATIENCE_SECONDS, Watch, until_ready
from processors.stream import changelog
from processors.worker import GARBAGE_THRESHOLD
from schemas.accounts import read_head, split_key

RATE = 500.0
KILLS = 5
_BETWEEN_SECONDS = 4.0
_TRAFFIC_SECONDS = 3_600.0
"""More than the kills can take; the traffic ends with the last of them."""

_SETTLE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Held:
    """What a changelog came to: rows, and what is in them."""

    accounts: int
    rows: int
    ids: int
    row_bytes: int
    records: int  # read from the topic to get them
    seconds: float


async def run(stage: Stage, accounts: int, actions: int) -> list[Table]:
    """Fill the accounts, then load them, weigh them, and kill their worker."""
    async with stage.ground() as ground:
        empty = await _weigh(stage, ground)
        load = Load(actions, accounts)
        await stage.preload(ground, load, time.time())
        await _drain(stage, ground, actions)
        held = await read_changelog(ground)
        full = await _weigh(stage, ground)
        away = await _kill(stage, ground, accounts)
    per_account = (full - empty) / held.accounts
    loading = Table(
        "Loading accounts",
        ["records/s", "records read", "rows", "accounts", "seconds"],
        [
            [
                f"{held.records / held.seconds:,.0f}",
                f"{held.records:,}",
                f"{held.rows:,}",
                f"{held.accounts:,}",
                f"{held.seconds:.2f}",
            ]
        ],
        ["The changelog as the run left it, hardly compacted, read as a worker reads it."],
    )
    memory = Table(
        "Memory of a resting account",
        ["bytes of RSS", "bytes of rows", "rows", "ids remembered"],
        [
            [
                f"{per_account:,.0f}",
                f"{held.row_bytes / held.accounts:,.0f}",
                f"{held.rows / held.accounts:.2f}",
                f"{held.ids / held.accounts:.1f}",
            ]
        ],
        [f"Per account of {held.accounts:,}: a restarted worker's RSS less that of an empty one."],
    )
    killed = Table(
        "kill -9 to the first committed batch",
        ["kills", "median s", "longest s"],
        [[str(len(away)), f"{percentile(away, 0.5):.2f}", f"{max(away):.2f}"]],
        [
            (
                f"{held.accounts:,} accounts, {RATE:,.0f} actions/s coming in; the worker is started"
                " again at once, as its supervisor would."
            )
        ],
    )
    return [loading, memory, killed]


async def _weigh(stage: Stage, ground: Ground) -> int:
    """Start a worker, let it rest, and return its RSS in bytes."""
    worker = LAUREL.start(stage, ground)
    try:
        await until_ready(worker)
        await asyncio.sleep(_SETTLE_SECONDS)
        return rss_bytes(worker.pid)
    finally:
        worker.stop()


async def _drain(stage: Stage, ground: Ground, actions: int) -> None:
    worker = LAUREL.start(stage, ground)
    try:
        async with Watch(ground, _group(ground)) as watch:
            with stage.task(f"filling accounts with {actions:,} actions", actions) as tell:
                await watch.drain(actions, [worker], tell)
    finally:
        worker.stop()


async def read_changelog(ground: Ground) -> Held:
    """Load every partition's accounts in this process, timed."""
    topic, numbers = ground.settings.changelog, range(ground.partitions)
    records = await _count_records(ground, topic)
    usual = gc.get_threshold()
    gc.set_threshold(GARBAGE_THRESHOLD)  # As the worker does.
    try:
        began = time.perf_counter()
        loaded = await changelog.load(topic, numbers, patience=30.0, connection=ground.connection)
        seconds = time.perf_counter() - began
    finally:
        gc.set_threshold(*usual)
    return _held(loaded.values(), records, seconds)


def _held(loaded: Iterable[changelog.Rows], records: int, seconds: float) -> Held:
    accounts = rows = ids = size = 0
    for partition in loaded:
        for key, value in partition.items():
            if key.startswith(b"\0"):
                continue
            rows += 1
            size += len(key) + len(value)
            if not split_key(key)[2]:
                head = read_head(value)
                accounts += 1
                ids += len(head.fresh_days) + sum(head.sealed.values())
    return Held(accounts, rows, ids, size, records, seconds)


async def _count_records(ground: Ground, topic: str) -> int:
    """Count what is to be read: offsets, less one commit marker per transaction."""
    numbers = range(ground.partitions)
    journal = ground.settings.topic("scoring.journal")
    async with AIOKafkaConsumer(enable_auto_commit=False, **ground.connection) as client:
        rows = [TopicPartition(topic, number) for number in numbers]
        turns = [TopicPartition(journal, number) for number in numbers]
        ends, starts = await client.end_offsets(rows), await client.beginning_offsets(rows)
        # Each transaction leaves an entry and a marker in the journal.
        markers: int = sum((await client.end_offsets(turns)).values()) // 2
        span: int = sum(ends.values()) - sum(starts.values())
    return span - markers


async def _kill(stage: Stage, ground: Ground, accounts: int) -> list[float]:
    """Kill the worker again and again under traffic; return the seconds until it committed again."""
    load = Load(int(RATE * _TRAFFIC_SECONDS), accounts, seed=2)
    worker = LAUREL.start(stage, ground)
    away: list[float] = []
    async with Watch(ground, _group(ground)) as watch:
        try:
            await until_ready(worker)
            traffic = asyncio.create_task(send(ground, load, Sent(RATE)))
            with stage.task(f"kill -9, {KILLS} times", KILLS) as tell:
                for number in range(KILLS):
                    await asyncio.sleep(_BETWEEN_SECONDS)
                    worker, gone = await _kill_once(stage, ground, watch, worker)
                    away.append(gone)
                    stage.say(f"{gone:.2f} s")
                    tell(number + 1)
            traffic.cancel()
            await asyncio.gather(traffic, return_exceptions=True)
        finally:
            worker.stop()
    return away


async def _kill_once(
    stage: Stage, ground: Ground, watch: Watch, worker: Process
) -> tuple[Process, float]:
    """Kill and start again; return the new worker and how long nothing was committed."""
    worker.kill()
    killed = time.monotonic()
    worker = LAUREL.start(stage, ground)
    # What the dead one had asked the broker to commit is done by then.
    await asyncio.sleep(0.2)
    before = await watch.committed()
    while await watch.committed() <= before:
        if not worker.runs or time.monotonic() - killed > PATIENCE_SECONDS:
            raise RuntimeError(f"the worker did not come back:\n{worker.last_words()}")
        await asyncio.sleep(0.01)
    return worker, time.monotonic() - killed


def _group(ground: Ground) -> str:
    return ground.settings.topic_prefix + LAUREL.group
