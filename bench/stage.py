"""Where measurements take place: the embedded stack, and topics of their own for each of them."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import aiokafka
from aiokafka.admin import AIOKafkaAdminClient
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.load import Load, ending_now, make, write
from deploy.embedded import Embedded
from deploy.embedded.folder import remove
from deploy.topics import apply
from processors.settings import Settings
from schemas import programs, topics
from schemas.program_files import read_program_file

DATA = Path(tempfile.gettempdir()) / "laurel-bench"
"""Where the stack of a run lies; two runs at once need two folders."""

PROGRAMS = Path(__file__).parent.parent / "programs"
LEAD_MS = 2_000
"""Published rules are seen by actions that come so much later, as on the embedded stack."""

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Ground:
    """Fresh topics under a prefix of their own, with the loyalty rules in force."""

    settings: Settings
    partitions: int
    # By consumer group: the port of its worker's pages.
    ports: dict[str, int] = field(default_factory=dict)

    @property
    def connection(self) -> dict[str, Any]:
        """Arguments of every Kafka client."""
        return self.settings.kafka_connection

    @property
    def environment(self) -> dict[str, str]:
        """What a worker of ours or of a peer is told."""
        return self.settings.environment() | {"BENCH_PARTITIONS": str(self.partitions)}


class Stage:
    """A running stack, and a screen that shows how measurements get on."""

    def __init__(self, settings: Settings, embedded: Embedded, screen: Progress) -> None:
        self.settings = settings
        self.screen = screen
        self.logs = embedded.data / "workers"
        self.logs.mkdir(exist_ok=True)
        self._embedded = embedded

    @property
    def broker_pid(self) -> int | None:
        """The broker's process; None when it was started elsewhere."""
        return self._embedded.broker_pid

    @property
    def versions(self) -> list[str]:
        """What runs here, for people."""
        return [server.plan.version for server in self._embedded.servers.values()]

    def say(self, figures: str) -> None:
        """Print figures as soon as they are there."""
        self.screen.console.print(f"  {figures}", style="dim")

    @contextmanager
    def task(self, what: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
        """Show a bar while something is measured; the function given tells how far it is."""
        if not self.screen.console.is_terminal:
            self.screen.console.print(what)
        task = self.screen.add_task(what, total=total)
        try:
            yield lambda done: self.screen.update(task, completed=done)
        finally:
            self.screen.remove_task(task)

    @asynccontextmanager
    async def ground(self, partitions: int = 8) -> AsyncIterator[Ground]:
        """Give fresh topics, and remove them with all that workers made beside them."""
        prefix = f"bench-{os.getpid()}-{next(_numbers)}-"
        settings = self.settings.model_copy(update={"topic_prefix": prefix})
        ground = Ground(settings, partitions)
        await apply(ground.connection, _states(prefix, partitions))
        await publish_rules(ground)
        try:
            yield ground
        finally:
            await _remove_topics(ground)

    async def preload(self, ground: Ground, load: Load, now: float) -> None:
        """Write a load to `actions`, as what happened in the 24 hours before `now`."""
        records = make(load, ending_now(load.actions, now))
        topic = ground.settings.topic("actions")
        with self.task(f"writing {load.actions:,} actions", load.actions) as progress:
            await write(records, topic, ground.partitions, ground.connection, progress)


@contextmanager
def open_stage(console: Console, data: Path = DATA) -> Iterator[Stage]:
    """Start the stack on an empty folder, and remove the folder in the end."""
    screen = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    with screen:
        task = screen.add_task("starting Kafka, Redis and PostgreSQL", total=None)
        embedded = Embedded(data)
        stack = embedded.start()
        screen.remove_task(task)
        addresses = {"kafka": stack.kafka, "redis": stack.redis, "postgres": stack.postgres}
        try:
            yield Stage(Settings.model_validate(addresses), embedded, screen)
        finally:
            embedded.stop()
            remove(data)


def _states(prefix: str, partitions: int) -> dict[str, topics.TopicState]:
    """Give every topic of the embedded profile, those keyed by subject with so many partitions."""
    said = topics.load()
    usual = said.partitions("actions", "embedded")
    return {
        name: replace(state, partitions=partitions) if state.partitions == usual else state
        for name, state in topics.expected(said, "embedded", prefix).items()
    }


async def publish_rules(ground: Ground) -> None:
    """Publish the loyalty program and wait until new actions see it."""
    topic = ground.settings.topic("rules")
    async with aiokafka.AIOKafkaProducer(**ground.connection) as producer:
        for path in sorted((PROGRAMS / "loyalty").glob("*.yaml")):
            document = read_program_file(path).content
            version = programs.publish(
                document, lead_ms=LEAD_MS, published_at=0, published_by="bench"
            )
            value = programs.encode_published(version)
            await producer.send_and_wait(topic, key=version.version.encode(), value=value)
    await asyncio.sleep(LEAD_MS / 1000)


async def _remove_topics(ground: Ground) -> None:
    admin = AIOKafkaAdminClient(**ground.connection)
    await admin.start()
    try:
        prefix = ground.settings.topic_prefix
        names = [name for name in await admin.list_topics() if name.startswith(prefix)]
        await admin.delete_topics(names)
    finally:
        await admin.close()
