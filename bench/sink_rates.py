"""How many postings a second some work brings through, and what processor time they take."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from bench.process import cpu_seconds

Work = Callable[[], Awaitable[int]]
"""Does some of the work; returns how many postings that were."""


class Rate(NamedTuple):
    """Postings per second, and microseconds of processor time for one: here and in the server."""

    per_second: float
    client: float
    server: float

    @property
    def processor(self) -> float:
        """Microseconds of processor time for one posting, on both sides."""
        return self.client + self.server


async def rate(works: list[Work], seconds: float, server: int) -> Rate:
    """Let all work at once for so many seconds; `server` is the process id of whom they talk to."""
    began, client, there = time.perf_counter(), time.process_time(), cpu_seconds(server)

    async def until_over(work: Work) -> int:
        done = 0
        while time.perf_counter() - began < seconds:
            done += await work()
        return done

    done = sum(await asyncio.gather(*map(until_over, works)))
    return Rate(
        done / (time.perf_counter() - began),
        (time.process_time() - client) / done * 1e6,
        (cpu_seconds(server) - there) / done * 1e6,
    )
