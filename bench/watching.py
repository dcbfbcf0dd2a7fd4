"""Watches how far a worker is: committed outputs, and committed positions in its input."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

import aiohttp
import aiokafka
import msgspec
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError
from aiokafka.structs import TopicPartition

from bench.process import Process
from bench.stage import Ground
from processors.figures import Figures

RESULT_TOPICS = ("rewards.earned", "actions.accepted", "actions.declined", "actions.rejected")
"""Every action leaves at least one record on one of these."""

QUIET_SECONDS = 2.0
"""Nothing more is expected when nothing came for so long after the whole input was read."""

PATIENCE_SECONDS = 120.0
_TICK_SECONDS = 0.05


@dataclass(slots=True)
class Timeline:
    """Committed offsets of all result topics together, as they grew: (seconds, offsets)."""

    samples: list[tuple[float, int]] = field(default_factory=list)

    def rate(self, actions: int, beyond: float = 0.0) -> float:
        """Actions a second from the first committed output to the last.

        With `beyond` only the part of the run after this share of its outputs counts. Outputs that
        were there at the first look are not counted.
        """
        total = self.samples[-1][1]
        began, offsets = next(one for one in self.samples if one[1] >= beyond * total)
        return actions * (1 - offsets / total) / (self.samples[-1][0] - began)

    @property
    def counted(self) -> float:
        """Share of the outputs that came after the first look."""
        return 1 - self.samples[0][1] / self.samples[-1][1]


async def until_ready(worker: Process) -> None:
    """Wait until a worker of ours says that it is. Raises RuntimeError when it ends or stays silent."""
    url = f"http://127.0.0.1:{worker.web_port}/ready"
    deadline = time.monotonic() + PATIENCE_SECONDS
    async with aiohttp.ClientSession() as client:
        while not await _answers(client, url):
            if not worker.runs or time.monotonic() > deadline:
                raise RuntimeError(f"the worker is not ready:\n{worker.last_words()}")
            await asyncio.sleep(_TICK_SECONDS)


class TurnFigures(msgspec.Struct):
    """What a worker says of its latest turns."""

    records_per_turn: float
    transaction_p50_seconds: float | None


async def turn_figures(worker: Process) -> TurnFigures:
    """Ask a worker of ours about its turns."""
    url = f"http://127.0.0.1:{worker.web_port}/status.json"
    async with aiohttp.ClientSession() as client, client.get(url) as answer:
        return msgspec.json.decode(await answer.read(), type=TurnFigures)


async def behind(web_port: int) -> int:
    """Ask a projector how many records wait for its sinks."""
    url = f"http://127.0.0.1:{web_port}/status.json"
    async with aiohttp.ClientSession() as client, client.get(url) as answer:
        figures = msgspec.json.decode(await answer.read(), type=Figures)
    return sum(at.lag for sink in figures.sinks for at in sink.partitions)


async def _answers(client: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with client.get(url) as answer:
            return answer.ok
    except aiohttp.ClientError:
        return False


class Watch:
    """A `read_committed` look at a ground's results and at the position of one consumer group."""

    def __init__(self, ground: Ground, group: str) -> None:
        self.ground = ground
        self.group = group
        topic, numbers = ground.settings.topic, range(ground.partitions)
        self._outputs = [TopicPartition(topic(name), n) for name in RESULT_TOPICS for n in numbers]
        self._inputs = [TopicPartition(topic("actions"), n) for n in numbers]
        self._reader = aiokafka.AIOKafkaConsumer(
            isolation_level="read_committed", enable_auto_commit=False, **ground.connection
        )
        self._admin = AIOKafkaAdminClient(**ground.connection)

    async def __aenter__(self) -> Self:
        await self._reader.start()
        await self._admin.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._reader.stop()
        await self._admin.close()

    async def outputs(self) -> int:
        """Count committed offsets of the result topics; commit markers count with them."""
        return sum((await self._reader.end_offsets(self._outputs)).values())

    async def committed(self) -> int:
        """Count the actions whose offsets the group has committed."""
        try:
            found = await self._admin.list_consumer_group_offsets(self.group)
        except GroupCoordinatorNotAvailableError:
            return 0  # The broker's first group makes the topic of offsets.
        return sum(max(0, found[tp].offset) for tp in self._inputs if tp in found)

    async def drain(
        self,
        actions: int,
        workers: Sequence[Process],
        tell: Callable[[float], None],
        first: Callable[[], None] = lambda: None,
    ) -> Timeline:
        """Watch until all `actions` are read and their outputs stand.

        `tell` hears how many are read, `first` is called when the first output is seen.
        Raises RuntimeError with a worker's last words when it ends or all stall.
        """
        timeline, before = Timeline(), await self.outputs()
        heard = time.monotonic()
        looked, done = 0.0, 0
        while done < actions or time.monotonic() - heard < QUIET_SECONDS:
            now = await self.outputs()
            at = time.monotonic()
            if now > before:
                if not timeline.samples:
                    first()
                timeline.samples.append((at, now))
                before, heard = now, at
            if at - looked > 10 * _TICK_SECONDS:
                looked, done = at, await self.committed()
                tell(done)
            gone = [worker for worker in workers if not worker.runs]
            if gone or at - heard > PATIENCE_SECONDS:
                last_words = (gone or workers)[0].last_words()
                raise RuntimeError(f"a worker ended or stalled:\n{last_words}")
            await asyncio.sleep(_TICK_SECONDS)
        return timeline
