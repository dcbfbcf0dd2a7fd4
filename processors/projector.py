"""What both projectors do: bring runs of records into a sink, in order, each exactly once.

A failing sink is tried again for ever and shows red; no record is ever passed over. After any
failure the sink is asked where it stands before anything is tried again: a step whose answer was
lost may have been done.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import structlog

from sinks.positions import Assigned, Partition, StaleRunError

log = structlog.get_logger("laurel")

FIRST_DELAY: Final = 0.1
LONGEST_DELAY: Final = 5.0
"""Seconds between two tries; the delay doubles from the first to the longest."""


class Run(Protocol):
    """Records of one partition without a gap, from the position `start` up to `end`."""

    @property
    def start(self) -> int: ...  # noqa: D102

    @property
    def end(self) -> int: ...  # noqa: D102

    @property
    def records(self) -> Iterable[Any]: ...  # noqa: D102


Turn = Mapping[Partition, Run]


class StaleTurnError(Exception):
    """The sink stands elsewhere than the turn; `positions` say where to read on from."""

    def __init__(self, positions: dict[Partition, int]) -> None:
        super().__init__("the sink stands elsewhere than the turn begins")
        self.positions = positions


@dataclass(slots=True)
class SinkState:
    """How a sink is doing, for people and probes to look at."""

    sink: str
    positions: dict[Partition, int] = field(default_factory=dict)
    """The next offset of each assigned partition."""
    error: str | None = None
    """What is wrong; None while all is well."""
    failing_since: float | None = None
    """Epoch seconds of the first failure since all was well."""
    failures: int = 0
    """Failed tries since the worker started."""

    def failed(self, failure: Exception) -> None:
        """Turn red."""
        self.error = f"{type(failure).__name__}: {failure}"
        self.failing_since = self.failing_since or time.time()
        self.failures += 1

    def recovered(self) -> None:
        """Turn green."""
        self.error = self.failing_since = None


class Projector:
    """Brings turns into one sink.

    `stand` asks the sink where it stands; `project` brings it a turn, whole or in part, and raises
    StaleRunError when the sink does not stand where a run begins. `failures` are what may pass.
    """

    def __init__(
        self,
        sink: str,
        stand: Callable[[Mapping[Partition, Assigned]], Awaitable[dict[Partition, int]]],
        project: Callable[[Turn], Awaitable[None]],
        failures: tuple[type[Exception], ...],
    ) -> None:
        self.state = SinkState(sink)
        self._stand = stand
        self._project = project
        self._failures: tuple[type[Exception], ...] = (StaleRunError, *failures)
        self._assigned: dict[Partition, Assigned] = {}
        self._delay = FIRST_DELAY

    async def positions(self, assigned: Mapping[Partition, Assigned]) -> dict[Partition, int]:
        """Take over exactly these partitions; answer where to read each of them from."""
        self._assigned = dict(assigned)
        positions = await self._until_it_stands()
        self._well()
        return positions

    async def apply(self, turn: Turn) -> None:
        """Bring a turn into the sink; returns once all of it is there.

        Raises StaleTurnError when it does not continue where the sink stands.
        """
        left = dict(turn)
        while left:
            try:
                await self._project(left)
            except self._failures as failure:
                await self._wait(failure)
                stood = self.state.positions
                left = remaining(left, stood, await self._until_it_stands())
            else:
                break
        self.state.positions |= {partition: run.end for partition, run in turn.items()}
        self._well()

    async def _until_it_stands(self) -> dict[Partition, int]:
        while True:
            try:
                positions = await self._stand(self._assigned)
            except self._failures as failure:
                await self._wait(failure)
            else:
                self.state.positions = dict(positions)
                return positions

    async def _wait(self, failure: Exception) -> None:
        self.state.failed(failure)
        log.warning("a sink fails", sink=self.state.sink, error=self.state.error)
        await asyncio.sleep(self._delay)
        self._delay = min(self._delay * 2, LONGEST_DELAY)

    def _well(self) -> None:
        self._delay = FIRST_DELAY
        self.state.recovered()


def remaining(
    turn: Turn, stood: Mapping[Partition, int], positions: dict[Partition, int]
) -> dict[Partition, Run]:
    """Give the runs that a sink standing at `positions` still lacks.

    Raises StaleTurnError when a run is neither all there nor all missing, and when the sink has left
    where it `stood` in a partition that the turn does not bring: it was rebuilt.
    """
    if any(positions.get(at) not in (run.start, run.end) for at, run in turn.items()):
        raise StaleTurnError(positions)
    if any(stood.get(at, now) != now for at, now in positions.items() if at not in turn):
        raise StaleTurnError(positions)
    return {at: run for at, run in turn.items() if positions[at] == run.start}


async def side_by_side(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Await all; when one fails the others are cancelled, and the first failure is raised."""
    async with together() as group:
        for work in works:
            group.create_task(work)


@asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """Give a group whose tasks are awaited; of those that fail the first one's failure is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
