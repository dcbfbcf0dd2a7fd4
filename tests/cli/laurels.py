"""A Laurel that runs, and commands given to it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner, Result

from cli.commands import app
from deploy.embedded import keeper


def wait_until(
    ask: Callable[[], bool], seconds: float, why: Callable[[], str] = lambda: ""
) -> None:
    """Ask until the answer is yes; fail after so many seconds. For tests without a running loop."""
    deadline = time.monotonic() + seconds
    while not ask():
        assert time.monotonic() < deadline, why()
        time.sleep(0.1)


@dataclass(frozen=True)
class Laurel:
    """Commands to the stack that an environment and a data folder lead to."""

    environment: dict[str, str]
    folder: Path

    def __call__(self, *arguments: str, code: int = 0, given: str | None = None) -> str:
        """Run a command and give what it printed; fail unless it ends with `code`."""
        ended = self.run(*arguments, given=given)
        assert ended.exit_code == code, f"{arguments}: {ended.exit_code}\n{ended.output}"
        return ended.output

    def run(self, *arguments: str, given: str | None = None) -> Result:
        """Run a command, which reads `given`."""
        environment = self._environment()
        return CliRunner().invoke(
            app, arguments, env=environment, input=given, catch_exceptions=False
        )

    def until(self, *arguments: str, part: str, seconds: float = 90.0) -> str:
        """Run a command until it succeeds and prints `part`; give what it printed."""
        said = ""

        def is_said() -> bool:
            nonlocal said
            ended = self.run(*arguments)
            said = ended.output
            return ended.exit_code == 0 and part in said

        wait_until(is_said, seconds, lambda: f"{arguments} without {part}\n{said}")
        return said

    def start(self, *arguments: str, log: Path) -> "subprocess.Popen[bytes]":
        """Start a command as a process of its own that prints to `log`."""
        with log.open("ab") as printed:
            return subprocess.Popen(
                [sys.executable, "-m", "cli", *arguments],
                env=os.environ | self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                start_new_session=True,
            )

    def pid(self, worker: str) -> int | None:
        """Give the pid of one of the workers that `laurel run` keeps going."""
        return keeper.alive(self.folder / "run" / f"{worker}.pid")

    def _environment(self) -> dict[str, str]:
        return self.environment | {"COLUMNS": "250", "LAUREL_DATA": str(self.folder)}
