"""How jobs go their rounds: one that fails is red and tried again, and stops no other."""

import asyncio
from collections import Counter
from typing import cast

import pytest

from processors.figures import take
from processors.jobs.gate import Gate
from processors.jobs.means import Means
from processors.jobs.rounds import Job, JobState, go_round
from processors.jobs.worker import JobsStatus, desk, show
from processors.settings import Settings
from processors.status_page import draw
from processors.stream.transport import Consumer
from tests.support.pages import Page, Standing
from tests.support.waiting import eventually

HURRY = 0.001
NOWHERE = Settings(
    kafka="localhost:1", redis="redis://localhost:1", postgres="postgresql://localhost:1"
)


@pytest.fixture
async def means() -> Means:
    """Give what jobs work with; nobody is there to answer."""
    async with desk(NOWHERE) as desk_:
        return desk_.means()


async def test_a_job_that_fails_is_tried_again(means: Means) -> None:
    """It is red until a round goes well; meanwhile another one goes on."""
    rounds, failing = Counter[str](), asyncio.Event()
    failing.set()

    async def fails(_: Means) -> Counter[str]:
        rounds["fails"] += 1
        if failing.is_set():
            raise ConnectionRefusedError("nobody is there")
        return Counter({"EXPIRATION": 2})

    async def works(_: Means) -> Counter[str]:
        rounds["works"] += 1
        return Counter()

    states = [JobState("settling", means), JobState("opening periods", means)]
    jobs = [Job("settling", 1.0, fails), Job("opening periods", 1.0, works)]
    tasks = [
        asyncio.create_task(go_round(job, state, HURRY))
        for job, state in zip(jobs, states, strict=True)
    ]

    async def both() -> bool:
        return rounds["fails"] > 2 and rounds["works"] > 2

    await eventually(both)
    assert "ConnectionRefusedError: nobody is there" in str(states[0])
    assert not states[1].error
    failing.clear()

    async def is_well() -> bool:
        return not states[0].error

    await eventually(is_well)
    assert "EXPIRATION" in str(states[0])
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_status_page_of_jobs() -> None:
    """It tells of every job, is red while one fails or the rules are old, and shows no partitions."""
    consumer = cast("Consumer", Standing(cast("object", None), next_offsets={}))  # type: ignore[arg-type]
    status = JobsStatus("jobs", consumer)
    async with desk(NOWHERE) as desk_:
        states = [JobState(name, desk_.means()) for name in ("settling", "closing periods")]
        show(status, desk_, states)
        assert status.not_ready().startswith("stale rules: ")
        desk_.follower._read_at = float("inf")
        states[0].finished(Counter({"EXPIRATION": 1_234}))
        states[1].means.gate.waits_for = "waits for scoring: 5 offsets"
        assert status.not_ready() == ""
        text = Page(draw(take(status, "jobs-1"))).text
        for said in (
            "jobs-1 Says what the clock starts",
            "Ready Every job goes its rounds.",
            "1,234 EXPIRATION since the start",
            "closing periods: last not yet, nothing was due; waits for scoring: 5 offsets",
            "The broker's time not known yet",
            "Jobs read no partitions.",
        ):
            assert said in text
        assert "Transaction" not in text
        states[1].failed(OSError("gone"))
        assert status.not_ready() == "closing periods: OSError: gone"


async def test_a_gate_says_for_whom_it_waits() -> None:
    """And says nothing once it is passed."""
    gate = Gate(NOWHERE, None, cast("object", None))  # type: ignore[arg-type]
    stand = {("a", 0): 3}

    async def ask() -> dict[tuple[str, int], int]:
        return dict(stand)

    waiting = asyncio.create_task(gate._wait("scoring", {("a", 0): 5}, ask))

    async def waits() -> bool:
        return gate.waits_for == "waits for scoring: 2 offsets in 1 partition, most in a 0"

    await eventually(waits)
    stand["a", 0] = 5
    await waiting
    assert gate.waits_for == ""
