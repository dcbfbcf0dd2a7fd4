"""Throughput of scoring: a preloaded topic, one worker, from its first committed output to its last."""

import time
from dataclasses import dataclass
from statistics import median

from bench.contenders import FAUST, LAUREL, STREAMS, Contender, build_streams
from bench.load import Load
from bench.process import Process, cpu_seconds, rss_bytes
from bench.results import Table
from bench.stage import Stage
from bench.watching import Watch

MIB = 2**20
ROUNDS = 3
"""An odd number of times that the contenders take turns."""

ENOUGH = 0.7
"""A rate is no more than a hint when its first look finds more than the rest of the outputs."""

COUNTED = (
    "actions/s: from the first committed output to the last, without start-up, with warming up"
)


@dataclass(frozen=True, slots=True)
class Run:
    """What one worker did with one load."""

    load: Load
    rate: float  # actions a second
    second_half: float  # the same, over the second half of the outputs
    counted: float  # share of the outputs that the rate is over
    rss: int  # bytes
    # Processor time after the first output: seconds per action.
    worker_cpu: float
    broker_cpu: float


async def measure(
    stage: Stage, contender: Contender, load: Load, *, partitions: int = 8, workers: int = 1
) -> Run:
    """Let one worker, or several, read one load from fresh topics."""
    async with stage.ground(partitions) as ground:
        await stage.preload(ground, load, time.time())
        group = ground.settings.topic_prefix + contender.group
        broker = stage.broker_pid or 0
        async with Watch(ground, group) as watch:
            started: list[Process] = []
            spent: list[float] = []

            def note() -> None:
                ours = sum(cpu_seconds(worker.pid) for worker in started)
                spent.extend((ours, cpu_seconds(broker)))

            try:
                started += (contender.start(stage, ground, str(n + 1)) for n in range(workers))
                with stage.task(f"{contender.name}: {describe(load)}", load.actions) as tell:
                    timeline = await watch.drain(load.actions, started, tell, note)
                note()
                rss = sum(rss_bytes(worker.pid) for worker in started)
            finally:
                for worker in started:
                    worker.stop()
    counted = load.actions * timeline.counted
    run = Run(
        load,
        timeline.rate(load.actions),
        timeline.rate(load.actions, beyond=0.5),
        timeline.counted,
        rss,
        (spent[2] - spent[0]) / counted,
        (spent[3] - spent[1]) / counted,
    )
    stage.say(" | ".join([contender.name, *cells(run)]))
    return run


def describe(load: Load) -> str:
    """Say what a load is."""
    deriving = f", {load.deriving:.0%} deriving" if load.deriving else ""
    return f"{load.actions:,} actions of {load.members:,} members{deriving}"


async def compare(stage: Stage, load: Load, faust_actions: int) -> Table:
    """Measure Laurel, Faust and Kafka Streams in turn, several times."""
    missing = build_streams()
    shorter = load._replace(actions=min(load.actions, faust_actions))
    loads = {LAUREL: load, FAUST: shorter} | ({} if missing else {STREAMS: load})
    runs: dict[Contender, list[Run]] = {contender: [] for contender in loads}
    for _ in range(ROUNDS):
        for contender, its in loads.items():
            runs[contender].append(await measure(stage, contender, its))
    rows = []
    for contender, found in runs.items():
        beside = list(zip(runs[LAUREL], found, strict=True))
        ratios = [ours.rate / run.rate for ours, run in beside]
        by_cpu = median(run.worker_cpu / ours.worker_cpu for ours, run in beside)
        middle = sorted(found, key=lambda run: run.rate)[ROUNDS // 2]
        spread = " ".join(f"{ratio:.2f}" for ratio in ratios)
        compared = [f"{median(ratios):.2f} x", spread, f"{by_cpu:.2f} x"]
        rows.append([contender.name, *compared, *cells(middle)])
    notes = [
        f"{COUNTED}. CPU: of the same time.",
        (
            f"{ROUNDS} rounds of all three; the ratio is the median of the rounds', the rest of the"
            " run with the middle rate. The machine's own speed changes by a third within an hour."
        ),
        (
            "By CPU: how many times Laurel's processor time per action the other one's worker takes."
            " Laurel and Faust keep one core busy, Kafka Streams' threads more than one."
        ),
        "Faust promises at least once; the other two exactly once.",
    ]
    columns = ["one worker, 8 partitions", "Laurel is", "in each round", "by CPU", *CELLS]
    return Table("Laurel and its peers", columns, rows, [*notes, missing] if missing else notes)


CELLS = [
    "actions/s",
    "second half",
    "RSS MiB",
    "worker CPU µs/action",
    "broker CPU µs/action",
    "load",
]


def cells(run: Run) -> list[str]:
    """Write a run as the cells of a row."""
    return [
        f"{run.rate:,.0f}" + (" (few turns)" if run.counted < ENOUGH else ""),
        f"{run.second_half:,.0f}",
        f"{run.rss / MIB:,.0f}",
        f"{run.worker_cpu * 1e6:.1f}",
        f"{run.broker_cpu * 1e6:.1f}",
        describe(run.load),
    ]


async def growth(stage: Stage, load: Load) -> Table:
    """Measure Laurel with more accounts, partitions and workers, and with derived actions."""
    usual = await measure(stage, LAUREL, load)
    cases: list[tuple[str, Load, int, int]] = [
        ("20 % deriving, 8 partitions", load._replace(deriving=0.2), 8, 1),
        ("20 % deriving, 64 partitions", load._replace(deriving=0.2), 64, 1),
        ("64 partitions", load, 64, 1),
        ("2 workers", load, 8, 2),
    ]
    cases += [
        (f"{members:,} members", load._replace(members=members), 8, 1)
        for members in (10_000, 1_000_000)
    ]
    rows = [["8 partitions, 1 worker", "1.00 x", *cells(usual)]]
    for name, other, partitions, workers in cases:
        run = await measure(stage, LAUREL, other, partitions=partitions, workers=workers)
        rows.append([name, f"{run.rate / usual.rate:.2f} x", *cells(run)])
    notes = [f"{COUNTED}; of two workers, from the first one's: the other one joins meanwhile."]
    return Table("How Laurel grows", ["what differs", "speed", *CELLS], rows, notes)
