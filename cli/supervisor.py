"""Keeps processes running: whoever dies is started again, a little later each time."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGTERM, Signals
from time import monotonic

from deploy.embedded import keeper
from deploy.embedded.priority import give_way

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
SOUND_SECONDS = 30.0
"""Who ran for this long died of something new: the next pause is the first one again."""

STOP_SECONDS = 20.0
"""How long a process may take to end before it is killed."""

_LOG_BYTES = 16 << 20
"""A log larger than this is put aside when its process starts again."""


@dataclass(frozen=True, slots=True)
class Job:
    """A process to keep running."""

    name: str
    command: list[str]
    environment: Mapping[str, str]


@dataclass(slots=True)
class Kept:
    """How a job does."""

    pid: int | None = None
    starts: int = 0
    last_end: str = ""

    @property
    def restarts(self) -> int:
        """How often it was started again."""
        return max(self.starts - 1, 0)


@dataclass(slots=True)
class Supervisor:
    """Runs jobs; each writes to `<name>.log` in the folder `logs`.

    While a job runs the folder `run` says who it is: should we be killed, the stack's keeper ends
    it too.
    """

    logs: Path
    run: Path
    told: Callable[[str], None] = field(default=lambda _: None)
    kept: dict[str, Kept] = field(default_factory=dict)
    _processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    async def keep(self, job: Job) -> None:
        """Start a job and keep it running until this is cancelled; then `stop` ends what runs."""
        self.logs.mkdir(parents=True, exist_ok=True)
        self.run.mkdir(parents=True, exist_ok=True)
        kept, pause = self.kept.setdefault(job.name, Kept()), FIRST_PAUSE
        while True:
            began = monotonic()
            process = await self._spawn(job)
            kept.pid, kept.starts = process.pid, kept.starts + 1
            code = await process.wait()
            self._forget(job.name)
            kept.pid, kept.last_end = None, ended(code)
            if monotonic() - began >= SOUND_SECONDS:
                pause = FIRST_PAUSE
            self.told(f"{job.name} ended, {kept.last_end}; again in {pause:g} s")
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def stop(self, hurry: asyncio.Event | None = None) -> None:
        """End all jobs and wait until they are gone: asked first, killed when late or in a `hurry`."""
        await asyncio.gather(*(self._end(name, hurry) for name in list(self._processes)))

    async def _spawn(self, job: Job) -> asyncio.subprocess.Process:
        path = self.logs / f"{job.name}.log"
        if path.exists() and path.stat().st_size > _LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        with path.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *job.command,
                env=dict(job.environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal is for us, not for it.
            )
        self._processes[job.name] = process
        keeper.record(self._pid_file(job.name), process.pid, SIGTERM)
        # What works off a log waits; what answers people, and Redis for it, goes first.
        if process.returncode is None:
            await asyncio.to_thread(give_way, process.pid)
        return process

    async def _end(self, name: str, hurry: asyncio.Event | None) -> None:
        process = self._processes[name]
        if process.returncode is None:
            process.terminate()
        gone = asyncio.create_task(process.wait())
        impatient = asyncio.create_task((hurry or asyncio.Event()).wait())
        await asyncio.wait(
            (gone, impatient), timeout=STOP_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        impatient.cancel()
        if not gone.done():
            self.told(f"{name} does not end: it is killed")
            process.kill()
        await gone
        self._forget(name)

    def _forget(self, name: str) -> None:
        self._processes.pop(name, None)
        self._pid_file(name).unlink(missing_ok=True)

    def _pid_file(self, name: str) -> Path:
        return self.run / f"{name}.pid"


def ended(code: int) -> str:
    """Say how a process ended."""
    return f"killed by {Signals(-code).name}" if code < 0 else f"code {code}"
