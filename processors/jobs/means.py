"""What jobs work with: the time, the programs, both sinks to read from, and who sends."""

from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from processors.jobs.clock import Clock, Lately
from processors.jobs.gate import Gate
from processors.jobs.programs import Programs
from processors.jobs.sender import Sender


@dataclass(frozen=True, slots=True)
class Means:
    """Everything a job needs. `lately` is its own: what it sent and may not have been seen done yet."""

    clock: Clock
    programs: Programs
    ledger: Any  # A pool of asyncpg, which has no types.
    boards: Redis
    sender: Sender
    gate: Gate
    lately: Lately
    grace: int
    """Milliseconds from a period's end until it is closed."""
    topic_prefix: str
