"""What `laurel run` does while it runs: keeps workers going, sends the demo, shows what happens."""

import asyncio
import os
import signal
import sys
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from aiokafka.errors import KafkaError
from rich.live import Live

from cli import view
from cli.addresses import Place, shown
from cli.console import console
from cli.supervisor import Job, Kept, Supervisor
from cli.watching import Watch, again, lag, trouble
from deploy.demo import Sent, produce
from deploy.embedded import ports
from processors.settings import Settings

_SINGLE = ("boards", "ledger", "jobs")
_FRAME_SECONDS = 0.5
_LINE_SECONDS = 5.0
_NOTES = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for; `seconds` is None for a run without an end of its own."""

    demo: bool
    workers: int
    rate: float
    seed: int
    seconds: float | None


class Running:
    """One run, from the start of its workers to their end."""

    def __init__(self, place: Place, plan: Plan, demo_pause: float) -> None:
        """`demo_pause`: the demo waits so many seconds, until its program is in force."""
        self._place = place
        self._plan = plan
        self._demo_pause = demo_pause
        self._jobs, pages = jobs(place.settings, plan.workers)
        self._supervisor = Supervisor(
            logs=place.folder / "logs", run=place.folder / "run", told=self.note
        )
        self._pages = pages
        self._watch = Watch(place, pages)
        self._sent = Sent()
        self._notes: deque[str] = deque(maxlen=_NOTES)
        self._began = monotonic()

    def note(self, what: str) -> None:
        """Show something that happened; where there is no terminal, in a line of its own."""
        text = f"{view.clock(monotonic() - self._began)}  {what}"
        self._notes.append(text)
        if not console.is_terminal:
            console.print(text)

    async def run(self) -> None:
        """Run until SIGINT, SIGTERM, SIGHUP or the planned end; no worker is left."""
        stop = _stop_on_signals()
        try:
            async with asyncio.TaskGroup() as group:
                works = [self._supervisor.keep(job) for job in self._jobs]
                works += [self._watch.look(), self._show()]
                works += [again(self._send_demo, (KafkaError,))] if self._plan.demo else []
                tasks = [group.create_task(work) for work in works]
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), self._plan.seconds)
                for task in tasks:
                    task.cancel()
            console.print("stopping the workers")
        finally:
            await self._supervisor.stop()

    async def _send_demo(self) -> None:
        await asyncio.sleep(self._demo_pause)
        settings = self._place.settings
        connection = dict(settings.kafka_connection)
        del connection["bootstrap_servers"]
        await produce(
            settings.kafka,
            self._plan.rate,
            self._plan.seed,
            topic=settings.topic("actions"),
            connection=connection,
            progress=self._demo_sent,
        )

    def _demo_sent(self, sent: Sent) -> None:
        self._sent = sent

    async def _show(self) -> None:
        if not console.is_terminal:
            for name, address in {**self._pages, **addresses(self._place)}.items():
                console.print(f"{name}: {address}")
            while True:
                await asyncio.sleep(_LINE_SECONDS)
                console.print(view.plain(self._shown()))
        with Live(console=console, auto_refresh=False) as live:
            while True:
                live.update(view.screen(self._shown()), refresh=True)
                await asyncio.sleep(_FRAME_SECONDS)

    def _shown(self) -> view.Shown:
        """Gather what is to be shown now."""
        figures, watch, now = self._watch.figures, self._watch, monotonic()
        return view.Shown(
            seconds=now - self._began,
            demo=self._demo_told(),
            rate=figures.rate(now),
            given=figures.given,
            posted=figures.posted,
            accepted=figures.accepted,
            declined=figures.declined,
            rejected=figures.rejected,
            board=watch.board,
            participants=watch.participants,
            scale=watch.scale,
            entries=watch.entries,
            moves=watch.moves,
            workers=[self._worker(name) for name in self._pages],
            addresses=addresses(self._place),
            notes=list(self._notes),
        )

    def _worker(self, name: str) -> view.WorkerState:
        kept = self._supervisor.kept.get(name) or Kept()
        figures = self._watch.workers.get(name)
        return view.WorkerState(
            name,
            page=self._pages[name],
            pid=kept.pid,
            restarts=kept.restarts,
            last_end=kept.last_end,
            lag=None if figures is None else lag(figures),
            trouble="does not answer" if figures is None else trouble(figures),
        )

    def _demo_told(self) -> str:
        if not self._plan.demo:
            return "no demo"
        failed = f", {self._sent.failed:,} failed" if self._sent.failed else ""
        return f"demo {self._plan.rate:g}/s sent {self._sent.acknowledged:,}{failed}"


def jobs(settings: Settings, workers: int) -> tuple[list[Job], dict[str, str]]:
    """Give the worker processes to run, and by their names the URLs of their status pages."""
    found: list[Job] = []
    pages: dict[str, str] = {}
    taken: set[int] = set()
    kinds = [("scoring", str(number)) for number in range(1, workers + 1)]
    for kind, number in [*kinds, *((kind, "1") for kind in _SINGLE)]:
        name = f"{kind}-{number}" if workers > 1 and kind == "scoring" else kind
        port = _port(settings.web_port + len(pages), taken)
        taken.add(port)
        own = {"LAUREL_WORKER_ID": number, "LAUREL_WEB_PORT": str(port)}
        command = [sys.executable, "-m", "cli", "worker", kind]
        found.append(Job(name, command, settings.environment() | own))
        host = "127.0.0.1" if settings.web_host in ("0.0.0.0", "::") else settings.web_host  # noqa: S104 - compared
        pages[name] = f"http://{host}:{port}"
    return found, pages


def addresses(place: Place) -> dict[str, str]:
    """Give what people may want to reach themselves, without passwords."""
    settings = place.settings
    return {
        "Kafka": settings.kafka,
        "Redis": shown(settings.redis),
        "PostgreSQL": shown(settings.postgres),
        "all state": f"{place.folder}, addresses with passwords in {place.folder / 'stack.json'}",
    }


def _port(wanted: int, taken: set[int]) -> int:
    """Give the wanted port, or any other one where it is taken."""
    return wanted if wanted not in taken and ports.is_free(wanted) else ports.free(1)[0]


def _stop_on_signals() -> asyncio.Event:
    """Give what the first signal sets. A second one ends this process at once.

    What still runs then is ended by the stack's keeper.
    """
    stop = asyncio.Event()

    def asked() -> None:
        if stop.is_set():
            os._exit(130)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, asked)
    return stop
