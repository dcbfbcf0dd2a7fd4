"""Laurel's workers as processes on the real stack, to be treated badly and then counted."""

import asyncio
import json
import multiprocessing
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import aiohttp
from aiokafka.structs import RecordMetadata

from audit.redis_boards import read_boards
from audit.verify import Addresses, verify
from cli.addresses import Place
from cli.program_files import PROGRAMS, files_in, read_checked
from cli.versions import EMBEDDED_LEAD_MS, publish, version_of
from deploy.demo import Sent, deliver, wall_clock
from deploy.embedded import ports
from deploy.shop import PROGRAM
from deploy.stack import Stack
from deploy.workload import USUAL_MIX, Message, Mix, workload
from processors.settings import Settings
from tests.faults.worker import command, live
from tests.support.kafka import consume, held_back
from tests.support.waiting import eventually

KINDS = ("scoring", "boards", "ledger")
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.faults.worker"])

RATE = 1_000
"""Actions a second, unless a test says otherwise."""

ALWAYS_TOLD = {("global", "all_time"), ("global", "weekly"), ("region", "all_time")}
"""Boards and periods of which the program tells every change (`ranks`)."""

HEAL_SECONDS = 30.0
"""Within this time after a fault every worker is ready and nothing waits."""

PATIENCE = 120.0
"""Seconds a test waits for what must come, on however slow a machine."""


@dataclass
class Worker:
    """A worker that is started again at once whenever it ends."""

    kind: str
    settings: Settings
    log: Path
    faults: Iterator[str]
    """The fault of each life, one after another; lives after the last one have none."""
    ends: list[int] = field(default_factory=list)
    """How each life ended: an exit code, or minus a signal."""
    process: BaseProcess | None = None
    keeping: asyncio.Task[None] | None = None

    async def keep(self) -> None:
        """Run lives one after another until this is cancelled."""
        told = self.settings.environment()
        while True:
            life = (self.kind, told, next(self.faults, ""), str(self.log))
            self.process = PROCESSES.Process(target=live, args=life)
            self.process.start()
            self.ends.append(await exit_code(self.process))

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the life that runs now, if one does."""
        assert self.process is not None
        assert self.process.pid is not None
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, number)

    async def becomes(self, what: str, ask: Callable[[], Awaitable[object]]) -> None:
        """Wait until something is true of it; else say what it did instead."""
        try:
            await eventually(ask, seconds=PATIENCE, every=0.1)
        except AssertionError:
            status = await self.status()
            not_ready = status and (status["not_ready"] or "ready")
            message = f"{self.log.stem} is not {what} after {PATIENCE:.0f} s but {not_ready}"
            raise AssertionError(f"{message}\n{self.told()}") from None

    async def ended(self, times: int) -> None:
        """Wait until it ended so often."""

        async def ask() -> bool:
            return len(self.ends) >= times

        await self.becomes(f"ended {times} times", ask)

    async def killed(self) -> None:
        """Kill the life that runs now, and wait until it is over and the next one has begun."""
        ends = len(self.ends)
        self.send(signal.SIGKILL)
        await self.ended(ends + 1)

    async def stopped(self) -> None:
        """Wait until a fault has stopped it."""

        async def ask() -> bool:
            return "fault: SIGSTOP" in self.said()

        await self.becomes("stopped", ask)

    async def ready(self) -> None:
        """Wait until it owns partitions and works."""
        await self.becomes("ready", self.is_ready)

    async def complains(self, *words: str) -> None:
        """Wait until it is not ready and says why in these words."""

        async def ask() -> bool:
            status = await self.status()
            return status is not None and all(word in status["not_ready"] for word in words)

        await self.becomes(f"complaining of {' '.join(words)}", ask)

    async def works(self, records: int) -> None:
        """Wait until it is ready and its life has finished so many more records than now."""
        before = await eventually(self.status, seconds=PATIENCE)
        enough = before["records"] + records if before else records

        async def ask() -> bool:
            status = await self.status()
            return bool(status and status["ready"] and status["records"] >= enough)

        await self.becomes(f"ready and {records} records on", ask)

    def said(self) -> str:
        """Give its log so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def told(self) -> str:
        """How it ended so far, and the last lines of its log."""
        return "\n".join([f"{self.log.name} {self.ends}", *self.said().splitlines()[-40:]])

    async def status(self) -> dict[str, Any] | None:
        """What its status page says; None while nobody answers."""
        timeout = aiohttp.ClientTimeout(total=2)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as client,
                client.get(f"http://127.0.0.1:{self.settings.web_port}/status.json") as answer,
            ):
                found: dict[str, Any] = await answer.json()
                return found
        except (aiohttp.ClientError, TimeoutError):
            return None

    async def is_ready(self) -> bool:
        """Whether it owns partitions and works."""
        status = await self.status()
        return bool(status and status["ready"])

    async def has_caught_up(self) -> bool:
        """Whether it is ready and nothing waits for it."""
        status = await self.status()
        if status is None or not status["ready"]:
            return False
        return not behind(status)

    async def waits_for(self) -> str:
        """What it says it waits for: why it is not ready, and where records are left."""
        status = await self.status()
        if status is None:
            return f"{self.log.stem} does not answer"
        lines = [f"{self.log.stem} is {status['not_ready'] or 'ready'}, {status['records']} done"]
        lines += [
            f"  {each['topic']}/{each['partition']} at {each['position']}, {each['lag']} left"
            for each in behind(status)
        ]
        return "\n".join(lines)

    async def stop(self) -> int:
        """Ask it to end and not to come back; give its exit code. Kills it when it does not end."""
        self._let_go()
        self.send(signal.SIGTERM)
        return await self._gone(PATIENCE)

    async def kill(self) -> None:
        """End it for good, whatever it does."""
        self._let_go()
        self.send(signal.SIGKILL)
        await self._gone(10.0)

    def _let_go(self) -> None:
        if self.keeping is not None:
            self.keeping.cancel()
            self.keeping = None

    async def _gone(self, within: float) -> int:
        assert self.process is not None
        try:
            return await asyncio.wait_for(exit_code(self.process), within)
        except TimeoutError:
            self.process.kill()
            return await exit_code(self.process)


def behind(status: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the partitions, of the worker and of its sinks, in which records wait."""
    stands = [status["partitions"], *(sink["partitions"] for sink in status["sinks"])]
    return [partition for partitions in stands for partition in partitions if partition["lag"]]


async def exit_code(process: BaseProcess) -> int:
    """Wait for a process to end; give its exit code, or minus the signal that killed it."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(process.sentinel, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(process.sentinel)
    process.join()
    assert process.exitcode is not None
    return process.exitcode


class Cluster:
    """Topics, a Redis database, a PostgreSQL database and workers of one test's own."""

    def __init__(self, stack: Stack, settings: Settings, folder: Path) -> None:
        self.stack = stack
        self.settings = settings
        self.folder = folder
        self.workers: list[Worker] = []
        self.sent = Sent()
        self.began = time.monotonic()
        self._rules_count_at = self.began

    async def publish_programs(self, *more: dict[str, Any]) -> None:
        """Publish every program of the house, and further ones, in force as soon as may be."""
        await self.publish(*map(read_checked, files_in([PROGRAMS])), *more)

    async def publish(self, *documents: dict[str, Any]) -> None:
        """Publish versions of programs, in force as soon as may be."""
        versions = [version_of(document, EMBEDDED_LEAD_MS) for document in documents]
        await publish(Place(self.settings, self.folder), *versions)
        self._rules_count_at = time.monotonic() + EMBEDDED_LEAD_MS / 1000

    async def rules_count(self) -> None:
        """Wait until what was published is in force: an action appended before sees none of it."""
        await asyncio.sleep(self._rules_count_at - time.monotonic())

    async def start(self, kind: str, name: str = "1", faults: Iterable[str] = ()) -> Worker:
        """Start a worker and keep it running; its first lives have these faults."""
        own = {"worker_id": name, "web_port": ports.free(1)[0]}
        worker = Worker(
            kind,
            self.settings.model_copy(update=own),
            self.folder / f"{kind}-{name}.log",
            iter(faults),
        )
        worker.keeping = asyncio.create_task(worker.keep())
        self.workers.append(worker)
        return worker

    async def ready(self, within: float = PATIENCE) -> None:
        """Wait until every worker is ready."""
        await self._each(Worker.is_ready, within)

    async def healed(self, within: float = HEAL_SECONDS) -> float:
        """Wait until every worker is ready and nothing waits; give the seconds that took."""
        began = time.monotonic()
        await self._each(Worker.has_caught_up, within)
        return time.monotonic() - began

    async def _each(self, ask: Callable[[Worker], Awaitable[bool]], within: float) -> None:
        async def waiting() -> list[str]:
            running = [worker for worker in self.workers if worker.keeping]
            answers = await asyncio.gather(*map(ask, running))
            return [w.log.name for w, well in zip(running, answers, strict=True) if not well]

        async def none_is() -> bool:
            return not await waiting()

        try:
            await eventually(none_is, seconds=within, every=0.1)
        except AssertionError:
            late = await waiting()
            why = [await worker.waits_for() for worker in self.workers]
            why += await held_back(self.stack, self.settings.topic_prefix)
            said = "\n".join([*why, self.told()])
            raise AssertionError(f"after {within} s {late}:\n{said}") from None

    @asynccontextmanager
    async def load(
        self,
        rate: float = RATE,
        seed: int = 1,
        mix: Mix = USUAL_MIX,
        acknowledged: Callable[[Message, RecordMetadata], None] | None = None,
    ) -> AsyncIterator[None]:
        """Send the demo's workload while the body runs, from when the programs are in force."""
        run = f"{seed:x}-{wall_clock():x}"
        demo = workload(seed, wall_clock, run=run, members=2_000, mix=mix)
        messages = (("actions", message) for message in demo)
        async with self.load_of(messages, rate, acknowledged):
            yield

    @asynccontextmanager
    async def load_of(
        self,
        messages: Iterator[tuple[str, Message]],
        rate: float = RATE,
        acknowledged: Callable[[Message, RecordMetadata], None] | None = None,
    ) -> AsyncIterator[None]:
        """Send records, each with its input's name, while the body runs; programs are in force first."""
        await self.rules_count()
        sending = asyncio.create_task(
            deliver(
                self.settings.kafka,
                rate,
                ((self.settings.topic(name), message) for name, message in messages),
                progress=self._note,
                acknowledged=acknowledged,
            )
        )
        try:
            yield
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending

    def _note(self, sent: Sent) -> None:
        self.sent = sent

    async def flow(self, actions: int) -> None:
        """Wait until the broker has so many more actions of the load."""
        enough = self.sent.acknowledged + actions

        async def ask() -> bool:
            return self.sent.acknowledged >= enough

        await eventually(ask, seconds=PATIENCE)

    async def differences(self, patience: float = HEAL_SECONDS) -> list[str]:
        """Recount everything from the inputs, and give what ledger, accounts and boards say else."""
        addresses = Addresses(
            kafka=self.settings.kafka_connection,
            redis=self.settings.redis,
            postgres=self.settings.postgres,
            topic_prefix=self.settings.topic_prefix,
        )
        return await verify(addresses, patience=patience, first=20)

    async def untold(self, *, zombies: bool) -> list[str]:
        """Members of the shop who stand elsewhere in Redis than `leaderboard.updated` said last.

        A woken zombie may say late what its heir has said for it: there the same record counts once.
        An emptied Redis has its last seconds told again, so that the last word counts.
        """
        told: dict[tuple[str, str], dict[str, int | None]] = {}
        records = await consume(self.stack, self.settings.topic("leaderboard.updated"))
        values = [record.value for record in records]
        for said in map(json.loads, dict.fromkeys(values) if zombies else values):
            if said["program"] != PROGRAM:
                continue
            score = None if said["rank"] is None else said["score"]
            told.setdefault((said["board"], said["period"]), {})[said["user_id"]] = score
        boards = await read_boards(self.settings.redis, PROGRAM)
        found = []
        for board, members in told.items():
            if tuple(name.partition(":")[0] for name in board) not in ALWAYS_TOLD:
                continue
            stand = {place.user_id: place.score for place in boards.get(board, [])}
            for user_id in members.keys() | stand.keys():
                if members.get(user_id) != stand.get(user_id):
                    last, now = members.get(user_id), stand.get(user_id)
                    found.append(f"{board} {user_id}: {last} was told last, {now} is in Redis")
        return found[:20]

    async def verified(self, within: float = HEAL_SECONDS, *, zombies: bool = False) -> None:
        """Wait for the end of all work, recount, and say in one line how it went."""
        healed = await self.healed(within)
        began = time.monotonic()
        differences = await self.differences()
        await self.healed(within)  # Redis may have had the last change before it was published.
        if differences := differences or await self.untold(zombies=zombies):
            raise AssertionError("the book disagrees:\n" + "\n".join(differences))
        ends = {worker.log.stem: worker.ends for worker in self.workers if worker.ends}
        counted = time.monotonic() - began
        print(  # noqa: T201 - pytest shows it where asked
            f"{self.sent.acknowledged} actions, ends {ends}, healed in {healed:.1f} s, "
            f"counted in {counted:.1f} s, all in {time.monotonic() - self.began:.1f} s"
        )

    def told(self) -> str:
        """What every worker says of itself."""
        return "\n\n".join(worker.told() for worker in self.workers)

    async def laurel(self, *arguments: str, fault: str = "") -> int:
        """Run a command in a process of its own; give its exit code, or minus a signal."""
        told = self.settings.environment()
        log = str(self.folder / "laurel.log")
        process = PROCESSES.Process(target=command, args=([*arguments], told, fault, log))
        process.start()
        return await asyncio.wait_for(exit_code(process), PATIENCE)

    async def start_all(self, **faults: Iterable[str]) -> list[Worker]:
        """Start a worker of each kind, and wait until all are ready."""
        workers = [await self.start(kind, faults=faults.get(kind, ())) for kind in KINDS]
        await self.ready()
        return workers

    async def stop(self) -> None:
        """End every worker, in whatever state it is."""
        for worker in self.workers:
            await worker.kill()
