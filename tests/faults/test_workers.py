"""Workers die, hang, come and go under load; afterwards everything counts as if nothing had been."""

import asyncio
import random
from signal import SIGCONT, SIGKILL

from deploy.workload import USUAL_MIX
from processors.stream.last_words import EXIT_CODE
from sinks.ledger_rows import SOURCES
from tests.faults.cluster import KINDS, Cluster, Worker

PARTITIONS = 8

STOP_POINTS = {
    "scoring": [
        "kill:load:after:1",  # the accounts are loaded, nothing was decided yet
        "kill:decide:after:9",
        "kill:send:after:9",
        "kill:commit:before:9",
        "kill:commit:after:9",
    ],
    "boards": [
        "kill:board:before:9",
        "kill:board:after:9",  # Redis has it, the answer is not published
        "kill:publish:after:9",  # published, Redis still keeps the answer
        "kill:settle:before:5",
        "kill:settle:after:5",
    ],
    "ledger": ["kill:ledger:before:9", "kill:write:after:9", "kill:ledger:after:9"],
}

MID_WORK = {
    "scoring": "stop:commit:before:9",  # all is sent, nothing committed
    "boards": "stop:board:before:9",
    "ledger": "stop:write:after:9",  # the rows are written and locked, nothing is committed
}

DERIVING = USUAL_MIX._replace(deriving=0.21)
"""With this share of sign-ups among what is fresh, a fifth of all actions derive others."""


async def test_kills_at_random_moments(cluster: Cluster) -> None:
    """Each worker is killed five times at random moments: nothing is lost, nothing is doubled."""
    rng = random.Random(20251207)
    workers = await cluster.start_all()

    async def kill(worker: Worker, moments: list[float]) -> None:
        for moment in moments:
            await asyncio.sleep(moment)
            await worker.killed()

    async with cluster.load(mix=DERIVING):
        await cluster.flow(1_000)
        moments = [[rng.uniform(0, 4) for _ in range(5)] for _ in workers]
        await asyncio.gather(*map(kill, workers, moments))
        await cluster.flow(1_000)
    await cluster.verified()
    assert [worker.ends for worker in workers] == [[-SIGKILL] * 5] * 3


async def test_kills_at_each_stop_point(cluster: Cluster) -> None:
    """Each worker is killed at each of its stop points: no moment is a bad one to die."""
    workers = [await cluster.start(kind, faults=STOP_POINTS[kind]) for kind in KINDS]
    async with cluster.load():
        for worker in workers:
            await worker.ended(len(STOP_POINTS[worker.kind]))
    await cluster.verified()
    for worker in workers:
        assert worker.ends == [-SIGKILL] * len(STOP_POINTS[worker.kind])


async def test_zombies(cluster: Cluster) -> None:
    """Who is stopped in mid-work, replaced and woken changes nothing more, ends and starts again."""
    zombies = [await cluster.start(kind, faults=[MID_WORK[kind]]) for kind in KINDS]
    await cluster.ready()
    heirs = []
    async with cluster.load():
        for zombie in zombies:
            await zombie.stopped()
            # At once: without an heir of scoring the others had nothing to do and never stopped.
            heirs.append(await cluster.start(zombie.kind, "2"))
        for zombie, heir in zip(zombies, heirs, strict=True):
            await owns_everything(heir)
            # Heirs go on in every partition first: what a zombie still brings is then stale.
            await heir.works(1_000)
            zombie.send(SIGCONT)
        for zombie in zombies:
            await zombie.ended(1)
            await zombie.works(1)
    await cluster.verified(zombies=True)
    assert [zombie.ends for zombie in zombies] == [[EXIT_CODE]] * 3
    assert [heir.ends for heir in heirs] == [[]] * 3


async def owns_everything(worker: Worker) -> None:
    """Wait until a worker owns every partition of its topics."""
    topics = {"scoring": 2, "boards": 1, "ledger": len(SOURCES)}[worker.kind]

    async def ask() -> bool:
        status = await worker.status()
        if status is None or not status["ready"]:
            return False
        return len(status["partitions"]) == PARTITIONS * topics

    await worker.becomes("owner of everything", ask)


async def test_workers_come_and_go(cluster: Cluster) -> None:
    """A second worker of each kind joins under load, works, and leaves in good order."""
    first = await cluster.start_all()
    async with cluster.load():
        await cluster.flow(1_000)
        second = [await cluster.start(kind, "2") for kind in KINDS]
        for worker in second:
            await worker.works(500)
        codes = await asyncio.gather(*(worker.stop() for worker in second))
        await asyncio.gather(*map(owns_everything, first))
    await cluster.verified()
    assert codes == [0] * 3
    assert [worker.ends for worker in first] == [[]] * 3


async def test_deaths_at_one_position(cluster: Cluster) -> None:
    """A worker dies again and again in its first turn of a backlog: then it goes with care, not slowly."""
    async with cluster.load():
        await cluster.flow(10_000)
    worker = await cluster.start("scoring", faults=["kill:decide:after:1"] * 3)
    for kind in ("boards", "ledger"):
        await cluster.start(kind)
    await cluster.verified()
    assert worker.ends == [-SIGKILL] * 3
