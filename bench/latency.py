"""Latency: from the moment an action was to be sent to a `read_committed` read of its posting.

The second table goes on to the changed board in Redis, told by `leaderboard.updated`.
"""

import asyncio
from functools import partial
from typing import NamedTuple

import redis.asyncio

from bench.contenders import BOARDS, LAUREL
from bench.listening import WARM_UP_SECONDS, Heard, Reader, hear_posting, hear_update, listen
from bench.load import Load
from bench.process import Process
from bench.results import Table, percentile
from bench.stage import Ground, Stage
from bench.traffic import Sent, send
from bench.watching import Watch, turn_figures, until_ready

MEMBERS = 100_000
RATES = (200.0, 2_000.0, 10_000.0)
SHARES = (0.0, 0.2)
BOARD_RATE = 2_000.0

BROKER_SECONDS = 45.0
"""A broker's JVM has found and compiled what is hot after this long under load."""

_QUIET_SECONDS = 1.0
"""What the worker has committed is read within this, and its derived actions are scored."""


class Row(NamedTuple):
    """One case of the tables, as cells."""

    case: list[str]
    latencies: list[str]
    stages: list[str]


_CASE = ["actions/s", "deriving"]
_MILLISECONDS = ["p50 ms", "p99 ms", "max ms"]
_STAGES = ["to the broker", "waiting, deciding", "commit and read"]


async def run(stage: Stage, seconds: float) -> list[Table]:
    """Measure every rate, without and with deriving actions, and the way on to the boards."""
    cases = [(share, rate) for share in SHARES for rate in RATES]
    length = seconds + WARM_UP_SECONDS
    # The broker's first transactions take their time, as its code is not compiled yet: they do not count.
    await _postings(stage, Load(int(BROKER_SECONDS * BOARD_RATE), MEMBERS), BOARD_RATE)
    rows = [
        await _postings(stage, Load(int(length * rate), MEMBERS, share), rate)
        for share, rate in cases
    ]
    board = await _board(stage, Load(int(length * BOARD_RATE), MEMBERS))
    return [
        Table(
            "Produce to a committed posting",
            [*_CASE, *_MILLISECONDS, "derived credit p50 / p99 ms", "sender late, max ms"],
            [[*row.case, *row.latencies] for row in rows],
            [
                (
                    f"8 partitions, {MEMBERS:,} members, {seconds:.0f} s each after"
                    f" {WARM_UP_SECONDS:.0f} s of warming up, the broker"
                    f" {BROKER_SECONDS:.0f} s before the first; one open-loop producer with acks=all;"
                    " latency counts from the moment an action was to be sent."
                )
            ],
        ),
        Table(
            "Where the time goes: medians",
            [*_CASE, *_STAGES, "worker's turn p50 ms", "records a turn"],
            [[*row.case, *row.stages] for row in rows],
            [
                (
                    "Of one action in ten: until the broker's append time; until the worker wrote"
                    " the posting; until it was read committed. Milliseconds of one clock, ±1. A"
                    " turn is what the worker says: from its begin to its commit."
                )
            ],
        ),
        Table(
            "Produce to the changed board in Redis",
            [*_CASE, *_MILLISECONDS, "updates read"],
            [board],
            [
                (
                    "Read from `leaderboard.updated` of the board `global` for all time, which is"
                    " published after Redis has changed: an upper bound. Both workers run."
                )
            ],
        ),
    ]


async def _postings(stage: Stage, load: Load, rate: float) -> Row:
    """Measure one rate."""
    heard = Heard()
    async with stage.ground() as ground:
        worker = LAUREL.start(stage, ground)
        try:
            reader = Reader("rewards.earned", partial(hear_posting, heard))
            sent = await _drive(stage, ground, load, rate, worker=worker, reader=reader)
            turns = await turn_figures(worker)
        finally:
            worker.stop()
    derived = "-"
    if heard.derived:
        derived = " / ".join(ms(percentile(heard.derived, share)) for share in (0.5, 0.99))
    medians = [ms(percentile(list(part), 0.5)) for part in zip(*heard.stages, strict=True)]
    row = Row(
        [f"{rate:,.0f}", f"{load.deriving:.0%}"],
        [*_percentiles(heard.own), derived, ms(sent.late)],
        [*medians, ms(turns.transaction_p50_seconds or 0), f"{turns.records_per_turn:,.1f}"],
    )
    stage.say(" | ".join([*row.case, *row.latencies, *row.stages]))
    return row


def _percentiles(latencies: list[float]) -> list[str]:
    return [ms(percentile(latencies, share)) for share in (0.5, 0.99, 1)]


async def _board(stage: Stage, load: Load) -> list[str]:
    """Measure how long the global board takes; return its row."""
    heard = Heard()
    async with stage.ground() as ground:
        await flush(ground)
        workers = [contender.start(stage, ground) for contender in (LAUREL, BOARDS)]
        try:
            await until_ready(workers[0])
            reader = Reader("leaderboard.updated", partial(hear_update, heard))
            await _drive(stage, ground, load, BOARD_RATE, worker=workers[1], reader=reader)
        finally:
            for worker in workers:
                worker.stop()
    rate, share = f"{BOARD_RATE:,.0f}", f"{load.deriving:.0%}"
    return [rate, share, *_percentiles(heard.own), f"{len(heard.own):,}"]


async def _drive(
    stage: Stage, ground: Ground, load: Load, rate: float, *, worker: Process, reader: Reader
) -> Sent:
    """Send the load while the reader listens; return once all of it was scored and read."""
    what = f"{reader.topic}: {rate:,.0f} actions/s, {load.deriving:.0%} deriving"
    await until_ready(worker)
    sent = Sent(rate)
    listening = asyncio.create_task(listen(ground, reader, sent))
    sending = asyncio.create_task(send(ground, load, sent))
    group = ground.settings.topic_prefix + LAUREL.group
    try:
        async with Watch(ground, group) as watch:
            with stage.task(what, load.actions) as tell:
                while not sending.done() or await watch.committed() < load.actions:
                    tell(sent.count)
                    if not worker.runs:
                        raise RuntimeError(f"the worker ended:\n{worker.last_words()}")
                    await asyncio.sleep(0.5)
        await asyncio.sleep(_QUIET_SECONDS)
        await sending
    finally:
        for task in (sending, listening):
            task.cancel()
        await asyncio.gather(sending, listening, return_exceptions=True)
    return sent


async def flush(ground: Ground) -> None:
    """Empty Redis: boards of an earlier ground are not this one's."""
    async with redis.asyncio.Redis.from_url(ground.settings.redis) as client:
        await client.flushall()


def ms(seconds: float) -> str:
    """Write seconds as milliseconds."""
    return f"{seconds * 1000:,.1f}"
