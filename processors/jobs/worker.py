"""The worker of the jobs: no records flow to it, so it is a Faust app without a consumer."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import asyncpg
from redis.asyncio import Redis

from processors.app import App, make_app
from processors.jobs.clock import Clock, Lately
from processors.jobs.gate import Gate
from processors.jobs.means import Means
from processors.jobs.programs import Programs
from processors.jobs.rounds import AGAIN_SECONDS, JOBS, JobState, go_round
from processors.jobs.sender import Sender
from processors.pages import add_pages
from processors.rulebook import RulesFollower
from processors.settings import Settings
from processors.status import Status
from sinks import board_store

CONNECTIONS: Final = 4
"""Connections to PostgreSQL at most."""

APPLICATION: Final = "laurel-jobs"
"""How PostgreSQL calls a session of this worker."""


@dataclass(slots=True)
class JobsStatus(Status):
    """Figures of a worker that no partitions are assigned to; `records` are what its jobs did."""

    def not_ready(self) -> str:
        """Why something is not done in time; an empty text when all jobs go their rounds."""
        return "; ".join(why for obstacle in self.obstacles if (why := obstacle()))

    def stalled_for(self) -> float:
        """No records wait for it."""
        return 0.0


@dataclass(frozen=True, slots=True)
class Desk:
    """What all jobs of a process share."""

    settings: Settings
    clock: Clock
    programs: Programs
    follower: RulesFollower
    ledger: Any  # A pool of asyncpg, which has no types.
    boards: Redis
    sender: Sender

    def means(self) -> Means:
        """Give a job what it works with; what was sent lately and the gate are its own."""
        settings = self.settings
        return Means(
            clock=self.clock,
            programs=self.programs,
            ledger=self.ledger,
            boards=self.boards,
            sender=self.sender,
            gate=Gate(settings, self.ledger, self.boards),
            lately=Lately(AGAIN_SECONDS * settings.jobs_pace),
            grace=int(settings.jobs_grace * 1000),
            topic_prefix=settings.topic_prefix,
        )


@asynccontextmanager
async def desk(
    settings: Settings, at: int | None = None, told: Callable[[int], None] = lambda _: None
) -> AsyncIterator[Desk]:
    """Give what jobs share; nobody needs to answer yet.

    `at` is a moment at which time stands still, `told` is given how many actions were sent.
    """
    clock, programs = Clock(at), Programs()
    follower = RulesFollower(
        settings.topic("rules"), programs.add, connection=settings.kafka_connection
    )
    sender = Sender(settings, clock, told)
    pool = asyncpg.create_pool(
        settings.postgres,
        min_size=0,
        max_size=CONNECTIONS,
        timeout=10,
        command_timeout=60,
        server_settings={"application_name": APPLICATION},
    )
    async with pool as ledger, aclosing(board_store.connect(settings.redis)) as boards:
        try:
            yield Desk(settings, clock, programs, follower, ledger, boards, sender)
        finally:
            await sender.stop()


def jobs_app(settings: Settings) -> App:
    """Return the app of a worker of the jobs."""
    app = make_app("jobs", settings)
    app.producer_only = True
    status = app.status = JobsStatus("jobs", app.turns)
    app.background.append(work(settings, status))
    add_pages(app, status)
    return app


async def work(settings: Settings, status: Status) -> None:
    """Do all jobs until cancelled; tell the status how they are."""
    async with desk(settings, told=status.records_done) as desk_:
        states = [JobState(job.name, desk_.means()) for job in JOBS]
        show(status, desk_, states)
        async with asyncio.TaskGroup() as group:
            group.create_task(desk_.follower.follow())
            await desk_.follower.wait_until_fresh()
            for job, state in zip(JOBS, states, strict=True):
                group.create_task(go_round(job, state, settings.jobs_pace))


def show(status: Status, desk_: Desk, states: list[JobState]) -> None:
    """Let the status page tell of the jobs."""
    status.details["jobs"] = lambda: [str(state) for state in states]
    status.details["the broker's time"] = lambda: _clock(desk_.clock)
    status.obstacles.append(lambda: desk_.follower.obstacle)
    status.obstacles += [partial(_trouble, state) for state in states]


def _clock(clock: Clock) -> str:
    if clock.ahead is None:
        return "not known yet"
    return f"this host's clock is {clock.ahead / 1000:+.1f} s from it"


def _trouble(state: JobState) -> str:
    return f"{state.name}: {state.error}" if state.error else ""


async def once(settings: Settings, at: int | None) -> dict[str, Counter[str]]:
    """Do every job once, at a moment in epoch milliseconds or now; give what each did.

    Each sees all that was said before, also by the jobs before it.
    """
    async with desk(settings, at) as desk_:
        following = asyncio.create_task(desk_.follower.follow())
        try:
            await first_reading(desk_.follower, following)
            await desk_.means().gate.passed()
            done = {}
            for job in JOBS:
                means = desk_.means()
                done[job.name] = await job.run(means)
                if done[job.name]:
                    await means.gate.passed()
            return done
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following


async def first_reading(follower: RulesFollower, following: asyncio.Task[None]) -> None:
    """Wait until the rules were read; raises what ended their reading, so nobody waits for ever."""
    reading = asyncio.create_task(follower.wait_until_fresh())
    try:
        await asyncio.wait((following, reading), return_when=asyncio.FIRST_COMPLETED)
        if following.done():
            following.result()
    finally:
        reading.cancel()
