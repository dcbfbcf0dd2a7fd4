"""A worker as a real process: started, watched by what it uses, killed or stopped."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

_STOP_SECONDS = 30.0
_PROC = Path("/proc")
_ENDED = (FileNotFoundError, ProcessLookupError)
"""What reading of a process gives that ended meanwhile."""


class Process:
    """A started command and its children, with their output in a log file."""

    def __init__(
        self, command: list[str], environment: Mapping[str, str], log: Path, web_port: int
    ) -> None:
        self.log = log
        self.web_port = web_port
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.pid = self._process.pid

    @property
    def runs(self) -> bool:
        """Tell whether it has not ended."""
        return self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL it with its children, and wait until it is gone."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end; kill it when it takes half a minute."""
        if not self.runs:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self.runs:
            os.killpg(self.pid, how)
            self._process.wait()

    def last_words(self) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-25:])


def rss_bytes(pid: int) -> int:
    """Resident memory of a process and its children; 0 where the system does not tell."""
    pages = sum(int(_read(one, "statm").split()[1]) for one in _family(pid))
    return pages * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """Processor time that a process and its living children took so far; 0 as above."""
    ticks = 0
    for one in _family(pid):
        with suppress(*_ENDED):
            fields = _read(one, "stat").rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _family(pid: int) -> Iterator[int]:
    if not (_PROC / str(pid)).exists():
        return
    yield pid
    with suppress(*_ENDED):
        for task in (_PROC / str(pid) / "task").glob("*/children"):
            for child in task.read_text().split():
                yield from _family(int(child))


def _read(pid: int, name: str) -> str:
    return (_PROC / str(pid) / name).read_text()
