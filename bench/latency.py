"""Latency: from the moment an action was to be sent to a `read_committed` read of its posting.

The second table goes on to the changed board in Redis, told by `leaderboard.updated`.
"""

import asyncio
import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import aiokafka
import msgspec
import redis.asyncio
from aiokafka.structs import ConsumerRecord, TopicPartition

from bench.contenders import BOARDS, LAUREL
from bench.load import Load
from bench.process import Process
from bench.results import Table, percentile
from bench.stage import Ground, Stage
from bench.traffic import Sent, send
from bench.watching import until_ready

MEMBERS = 100_000
WARM_UP_SECONDS = 3.0
RATES = (200.0, 2_000.0, 10_000.0)
SHARES = (0.0, 0.2)
BOARD_RATE = 2_000.0

_QUIET_SECONDS = 1.0
_ACTION_ID = b'"action_id":"a-'
_DIGITS = 8


@dataclass(slots=True)
class Heard:
    """What a reader heard: seconds from the intended send of an action to each result of it."""

    own: list[float] = field(default_factory=list)
    # Of what was derived for another member, from the intended send of the parent.
    derived: list[float] = field(default_factory=list)
    # Of sampled ones: to the broker; waiting and deciding; committing and reading.
    stages: list[tuple[float, float, float]] = field(default_factory=list)


class _Update(msgspec.Struct):
    board: str
    period: str
    occurred_at: str


_read_update = msgspec.json.Decoder(_Update).decode


async def run(stage: Stage, seconds: float) -> list[Table]:
    """Measure every rate, without and with deriving actions."""
    rows = []
    for share in SHARES:
        for rate in RATES:
            load = Load(int((seconds + WARM_UP_SECONDS) * rate), MEMBERS, share)
            rows.append(await _postings(stage, load, rate))
    board = await _board(stage, Load(int((seconds + WARM_UP_SECONDS) * BOARD_RATE), MEMBERS))
    columns = ["actions/s", "deriving", "p50 ms", "p99 ms", "max ms", "derived credit p50 / p99 ms"]
    stages = ["to the broker", "waiting, deciding", "commit and read", "sender late, max"]
    notes = [
        (
            f"8 partitions, {MEMBERS:,} members, {seconds:.0f} s each after {WARM_UP_SECONDS:.0f} s of"
            " warming up, one open-loop producer; actions that earned points."
        ),
        (
            "The last columns are medians of one action in ten: until the broker's append time; until"
            " the worker wrote the posting; until it was read committed. Clocks of one machine, ±1 ms."
        ),
    ]
    return [
        Table("Produce to a committed posting", [*columns, *stages], rows, notes),
        Table(
            "Produce to the changed board in Redis",
            ["actions/s", "p50 ms", "p99 ms", "max ms", "updates read"],
            [board],
            [
                (
                    "Read from `leaderboard.updated` of the board `global` for all time, which is"
                    " published after Redis has changed: an upper bound. Both workers run."
                )
            ],
        ),
    ]


async def _postings(stage: Stage, load: Load, rate: float) -> list[str]:
    """Measure one rate; return its row."""
    heard = Heard()
    async with stage.ground() as ground:
        worker = LAUREL.start(stage, ground)
        try:
            reader = Reader("rewards.earned", partial(_hear_posting, heard))
            sent = await _drive(stage, ground, load, rate, worker=worker, reader=reader)
        finally:
            worker.stop()
    own = [ms(percentile(heard.own, share)) for share in (0.5, 0.99, 1)]
    derived = "-"
    if heard.derived:
        derived = " / ".join(ms(percentile(heard.derived, share)) for share in (0.5, 0.99))
    medians = [ms(percentile(list(part), 0.5)) for part in zip(*heard.stages, strict=True)]
    return [f"{rate:,.0f}", f"{load.deriving:.0%}", *own, derived, *medians, ms(sent.late)]


async def _board(stage: Stage, load: Load) -> list[str]:
    """Measure how long the global board takes; return its row."""
    heard = Heard()
    async with stage.ground() as ground:
        await flush(ground)
        workers = [contender.start(stage, ground) for contender in (LAUREL, BOARDS)]
        try:
            reader = Reader("leaderboard.updated", partial(_hear_update, heard))
            await _drive(stage, ground, load, BOARD_RATE, worker=workers[1], reader=reader)
        finally:
            for worker in workers:
                worker.stop()
    own = [ms(percentile(heard.own, share)) for share in (0.5, 0.99, 1)]
    return [f"{BOARD_RATE:,.0f}", *own, f"{len(heard.own):,}"]


@dataclass(slots=True)
class Reader:
    """A topic, and what hears each of its records with the time at which it was read."""

    topic: str
    hear: Callable[[Sent, ConsumerRecord, float], None]


async def _drive(
    stage: Stage, ground: Ground, load: Load, rate: float, *, worker: Process, reader: Reader
) -> Sent:
    """Send the load while the reader listens; return once nothing more comes."""
    what = f"{reader.topic}: {rate:,.0f} actions/s, {load.deriving:.0%} deriving"
    await until_ready(ground, worker)
    begun: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
    listening = asyncio.create_task(_listen(ground, reader, begun))
    with stage.task(what, load.actions) as tell:
        sending = asyncio.create_task(send(ground, load, rate, begun.set_result))
        while not sending.done():
            await asyncio.sleep(0.5)
            if begun.done():
                tell(begun.result().count)
            if not worker.runs:
                raise RuntimeError(f"the worker ended:\n{worker.last_words()}")
    await listening
    return await sending


async def _listen(ground: Ground, reader: Reader, begun: "asyncio.Future[Sent]") -> None:
    """Hand on every record until none comes for a while after the last action was sent."""
    numbers = range(ground.partitions)
    topics = [TopicPartition(ground.settings.topic(reader.topic), number) for number in numbers]
    async with aiokafka.AIOKafkaConsumer(
        isolation_level="read_committed", enable_auto_commit=False, **ground.connection
    ) as client:
        client.assign(topics)
        sent = await begun
        heard_at = time.time()
        while not sent.finished or time.time() - heard_at < _QUIET_SECONDS:
            fetched = await client.getmany(timeout_ms=100)
            at = time.time()
            for records in fetched.values():
                heard_at = at
                for record in records:
                    reader.hear(sent, record, at)


def _hear_posting(heard: Heard, sent: Sent, record: ConsumerRecord, at: float) -> None:
    """Note how long after its action a posting is read."""
    start = record.value.find(_ACTION_ID) + len(_ACTION_ID)
    number = int(record.value[start : start + _DIGITS])
    if sent.due(number) < sent.began + WARM_UP_SECONDS:
        return
    latency = at - sent.due(number)
    if record.value[start + _DIGITS : start + _DIGITS + 1] == b"#":
        heard.derived.append(latency)
        return
    heard.own.append(latency)
    appended = sent.appended.get(number)
    if appended is not None:
        written = record.timestamp / 1000
        heard.stages.append((appended - sent.due(number), written - appended, at - written))


def _hear_update(heard: Heard, sent: Sent, record: ConsumerRecord, at: float) -> None:
    """Note how long after the action that happened last a board's change is read."""
    update = _read_update(record.value)
    due = dt.datetime.fromisoformat(update.occurred_at).timestamp()
    if (update.board, update.period) == ("global", "all_time") and due >= (
        sent.began + WARM_UP_SECONDS
    ):
        heard.own.append(at - due)


async def flush(ground: Ground) -> None:
    """Empty Redis: boards of an earlier ground are not this one's."""
    async with redis.asyncio.Redis.from_url(ground.settings.redis) as client:
        await client.flushall()


def ms(seconds: float) -> str:
    """Write seconds as milliseconds."""
    return f"{seconds * 1000:,.1f}"
