"""The supervisor, with real processes."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cli.supervisor import FIRST_PAUSE, Job, Supervisor, ended
from deploy.embedded import keeper
from deploy.embedded.priority import NICENESS
from tests.support.waiting import eventually

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""


def job(code: str, name: str = "work") -> Job:
    return Job(name, [sys.executable, "-c", code], os.environ)


class Told:
    """What a supervisor told, and its supervisor."""

    def __init__(self, folder: Path) -> None:
        self.lines: list[str] = []
        self.supervisor = Supervisor(folder / "logs", folder / "run", self.lines.append)

    async def keep(self, one: Job) -> None:
        """Keep a job running, which has been started once."""
        self.task = asyncio.create_task(self.supervisor.keep(one))
        await eventually(self.started)

    async def started(self) -> bool:
        """Whether the job was ever started: who dies at once may never be seen alive."""
        kept = self.supervisor.kept.get("work")
        return kept is not None and kept.starts > 0

    async def pid(self) -> int | None:
        """Give the pid of the job's process while it runs."""
        kept = self.supervisor.kept.get("work")
        return kept.pid if kept else None

    async def end(self) -> None:
        """End all of it, as `laurel run` does."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.supervisor.stop()


@pytest.fixture
async def told(tmp_path: Path) -> AsyncIterator[Told]:
    one = Told(tmp_path)
    yield one
    await one.end()


async def test_the_dead_are_started_again(told: Told) -> None:
    """A killed process comes back at once as another one, and is counted."""
    await told.keep(job("import time; time.sleep(600)"))
    first = await told.pid()
    assert first is not None
    os.kill(first, signal.SIGKILL)

    async def another() -> bool:
        return await told.pid() not in (None, first)

    await eventually(another)
    assert told.supervisor.kept["work"].restarts == 1
    assert told.lines == [f"work ended, killed by SIGKILL; again in {FIRST_PAUSE:g} s"]


async def test_who_dies_at_once_is_started_later_each_time(told: Told) -> None:
    """The pause doubles from the first one on; what the process said is in its log."""
    await told.keep(job("print('I cannot'); raise SystemExit(70)"))

    async def four_deaths() -> bool:
        return len(told.lines) >= 4

    await eventually(four_deaths)
    assert told.lines[:4] == [
        f"work ended, code 70; again in {pause:g} s" for pause in (0.2, 0.4, 0.8, 1.6)
    ]
    assert "I cannot" in (told.supervisor.logs / "work.log").read_text()


async def test_what_is_kept_gives_way(told: Told) -> None:
    """A worker leaves the processor to those who answer people, with all of its session."""
    await told.keep(job("import time; time.sleep(600)"))
    pid = await told.pid()
    assert pid is not None

    async def gives_way() -> bool:
        return os.getpriority(os.PRIO_PROCESS, pid) == NICENESS and session_gives_way(pid)

    await eventually(gives_way)


def session_gives_way(pid: int) -> bool:
    """Whether it does, where the kernel groups by session."""
    session = Path(f"/proc/{pid}/autogroup")
    return not session.exists() or f"nice {NICENESS}" in session.read_text()


async def test_stop_leaves_no_process(told: Told) -> None:
    """A stopped supervisor's processes and their pid files are gone."""
    await told.keep(job("import time; time.sleep(600)"))
    pid = await told.pid()
    assert pid is not None
    pid_file = told.supervisor.run / "work.pid"
    assert json.loads(pid_file.read_text())["pid"] == pid
    await told.end()
    assert keeper.birth(pid) is None
    assert not pid_file.exists()


async def test_the_deaf_are_killed(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that does not end when asked is killed after a while, and that is told."""
    monkeypatch.setattr("cli.supervisor.STOP_SECONDS", 0.5)
    await told.keep(job(STUBBORN))
    pid = await told.pid()
    assert pid is not None

    async def deaf() -> bool:
        return "deaf" in (told.supervisor.logs / "work.log").read_text()

    await eventually(deaf)
    await told.end()
    assert keeper.birth(pid) is None
    assert told.lines == ["work does not end: it is killed"]


async def test_a_huge_log_is_put_aside(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log does not grow for ever: the old one is kept once beside the new one."""
    monkeypatch.setattr("cli.supervisor._LOG_BYTES", 10)
    told.supervisor.logs.mkdir(parents=True)
    (told.supervisor.logs / "work.log").write_text("an old log")
    (told.supervisor.logs / "work.log").write_text("an old log, too long")
    await told.keep(job("import time; time.sleep(600)"))
    assert (told.supervisor.logs / "work.log.1").read_text() == "an old log, too long"
    assert "old" not in (told.supervisor.logs / "work.log").read_text()


@pytest.mark.parametrize(
    ("code", "expected"), [(0, "code 0"), (70, "code 70"), (-9, "killed by SIGKILL")]
)
def test_an_end_is_told_in_words(code: int, expected: str) -> None:
    """Codes and signals are named."""
    assert ended(code) == expected
