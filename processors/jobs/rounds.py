"""The jobs, and how each goes its rounds: again and again, whatever becomes of the others."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import structlog

from processors.jobs import (
    badges,
    carrying,
    closing,
    keeping,
    notices,
    opening,
    ranking,
    restating,
    reviews,
    settling,
)
from processors.jobs.means import Means
from schemas import moments

log = structlog.get_logger("laurel")

FIRST_DELAY: Final = 0.5
LONGEST_DELAY: Final = 30.0
"""Seconds between two tries of a job that fails; the delay doubles from the first to the longest."""

AGAIN_SECONDS: Final = 60.0
"""What was sent and is not seen done after so long is sent again."""


class Job(NamedTuple):
    """A job, and the seconds between two looks at what is due."""

    name: str
    every: float
    run: Callable[[Means], Awaitable[Counter[str]]]


JOBS: Final = (
    Job("settling", 1.0, settling.run),
    Job("opening periods", 5.0, opening.run),
    Job("carrying members on", 5.0, carrying.run),
    Job("closing periods", 5.0, closing.run),
    Job("rank history", 5.0, ranking.run),
    Job("restatements", 60.0, restating.run),
    Job("keeping boards", 30.0, keeping.run),
    Job("badges by rank", 60.0, badges.run),
    Job("tier reviews", 3_600.0, reviews.run),
    Job("expiry notices", 6 * 3_600.0, notices.run),
)
"""In the order in which `--once` runs them: a period is opened, then begins with the members
of the one before, and then is closed."""


@dataclass(slots=True)
class JobState:
    """How a job is doing, for people and probes to look at."""

    name: str
    means: Means
    done: Counter[str] = field(default_factory=Counter)
    """What it did since the worker started, by what it is."""
    last_at: float | None = None
    """Epoch seconds of the end of its last round that went well."""
    error: str = ""
    """What is wrong; empty while all is well."""

    def finished(self, done: Counter[str]) -> None:
        """Note a round that went well."""
        self.done += done
        self.last_at, self.error = time.time(), ""

    def failed(self, error: Exception) -> None:
        """Turn red."""
        self.error = f"{type(error).__name__}: {error}"

    def __str__(self) -> str:
        last = "not yet"
        if self.last_at is not None:
            last = f"{moments.to_the_second(moments.write(int(self.last_at * 1000)))} UTC"
        did = ", ".join(f"{count:,} {what}" for what, count in sorted(self.done.items()))
        told = f"{did} since the start" if did else "nothing was due"
        now = self.error or self.means.gate.waits_for
        return f"{self.name}: last {last}, {told}{f'; {now}' if now else ''}"


async def go_round(job: Job, state: JobState, pace: float) -> None:
    """Do a job for ever; after a failure soon again, later each time.

    Jobs hold nothing that a failure could leave half done, so any may be tried again. All seconds
    are taken times `pace`.
    """
    delay = FIRST_DELAY
    while True:
        try:
            done = await job.run(state.means)
        except Exception as error:  # noqa: BLE001 - one job's trouble must not stop the others
            state.failed(error)
            log.warning("a job fails", job=job.name, error=state.error)
            await asyncio.sleep(delay * pace)
            delay = min(delay * 2, LONGEST_DELAY)
        else:
            state.finished(done)
            delay = FIRST_DELAY
            await asyncio.sleep(job.every * pace)
