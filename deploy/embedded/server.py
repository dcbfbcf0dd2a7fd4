"""One server process of the stack: start, stop, kill, restart."""

import os
import pwd
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGTERM, Signals
from typing import Literal, TypedDict

from deploy.embedded import keeper
from deploy.stack import StackError

Step = Callable[[str, str, float], None]
"""Told of progress: (part, what it is doing, done between 0 and 1)."""


def silent(_part: str, _doing: str, _done: float) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to run one server: everything a part's module decides, nothing started yet."""

    name: str
    version: str
    """What runs, for people: `Apache Kafka 4.3.1 on Java 17 (system)`."""
    address: str
    command: list[str]
    home: Path
    """The folder it runs in."""
    data: Path
    """The part of `home` that an `empty` restart removes."""
    prepare: Callable[[], None]
    """Makes what a first start needs in `home`; does nothing when it is there."""
    ready: Callable[[], bool]
    """True once the server answers; called again and again while it starts."""
    stop_signal: Signals = SIGTERM
    user: int | None = None
    """The uid and gid to run as; None for our own."""
    environment: Mapping[str, str] = field(default_factory=dict)
    start_seconds: float = 60.0


class Server:
    """A server process on its data. All calls block until they are done; any thread may call."""

    def __init__(self, plan: Plan, run: Path, step: Step = silent) -> None:
        self.plan = plan
        self.log = run / f"{plan.name}.log"
        self.pid_file = run / f"{plan.name}.pid"
        self._step = step
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._lock = threading.RLock()

    @property
    def pid(self) -> int | None:
        """The process id while the server runs."""
        return keeper.alive(self.pid_file)

    def start(self) -> None:
        """Start it and wait until it answers; nothing happens when it runs already.

        Raises `StackError` with the last lines of its log when it ends or stays silent.
        """
        with self._lock:
            self._refuse_when_closed()
            if self.pid is not None:
                return
            began = time.monotonic()
            self._step(self.plan.name, "preparing", 0.2)
            self.plan.home.mkdir(parents=True, exist_ok=True)
            self.plan.prepare()
            self._refuse_when_closed()
            self._step(self.plan.name, "starting", 0.6)
            self._spawn()
            self._await_ready()
            self._refuse_when_closed()  # It may have answered just then.
            self._step(self.plan.name, f"ready in {time.monotonic() - began:.1f} s", 1.0)

    def stop(self) -> None:
        """Ask it to stop in good order and wait until it is gone."""
        self._end(kill=False)

    def close(self) -> None:
        """Stop it for good: a start under way in another thread fails, and so does any later one."""
        self._closed = True
        self._end(kill=False)

    def kill(self) -> None:
        """SIGKILL it and its children; its data stay as they lie."""
        self._end(kill=True)

    def restart(self, how: Literal["stop", "kill"] = "stop", *, empty: bool = False) -> None:
        """End it and start it again on the same port, with its data or `empty`."""
        with self._lock:
            self._end(kill=how == "kill")
            if empty:
                shutil.rmtree(self.plan.data)
            self.start()

    def _spawn(self) -> None:
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a command of our own making
                self.plan.command,
                cwd=self.plan.home,
                env=os.environ | self.plan.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal is for us, not for it.
                **as_user(self.plan.user),
            )
        keeper.record(self.pid_file, self._process.pid, self.plan.stop_signal)

    def _await_ready(self) -> None:
        deadline = time.monotonic() + self.plan.start_seconds
        while not self.plan.ready():
            self._refuse_when_closed()
            if self._process is None or self._process.poll() is not None:
                raise self._failure("ended while it started")
            if time.monotonic() > deadline:
                self._end(kill=True)
                raise self._failure(f"did not answer within {self.plan.start_seconds:.0f} s")
            time.sleep(0.03)

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise StackError(f"{self.plan.name} was stopped while it started")

    def _failure(self, what: str) -> StackError:
        lines = self.log.read_text(errors="replace").splitlines()[-15:]
        text = "\n  ".join([f"{self.plan.version} {what}; the end of {self.log}:", *lines])
        return StackError(text)

    def _end(self, *, kill: bool) -> None:
        with self._lock:
            keeper.stop(self.pid_file, kill=kill)
            if self._process is not None:
                if self._process.poll() is None:
                    self._process.kill()  # Its record was removed, with the folder it ran on.
                self._process.wait()
                self._process = None


class _Identity(TypedDict):
    user: int | None
    group: int | None
    extra_groups: list[int] | None


def as_user(user: int | None) -> _Identity:
    """Give what `subprocess` needs to run a command as another user; None runs it as our own."""
    if user is None:
        return {"user": None, "group": None, "extra_groups": None}
    return {"user": user, "group": pwd.getpwuid(user).pw_gid, "extra_groups": []}
