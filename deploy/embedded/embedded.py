"""The whole stack on one data folder: what is not configured is started, kept and stopped here."""

import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit
from uuid import uuid4

from deploy.embedded import kafka, keeper, ports, postgres, valkey
from deploy.embedded.server import Plan, Server, Step, silent
from deploy.stack import VARIABLES, Stack, StackError, configured

_LOCK_SECONDS = 30.0
"""How long to wait for an earlier stack on this folder to end its servers."""


@dataclass(slots=True)
class _Kept:
    """What the first start chose and all later ones keep."""

    cluster: str
    password: str
    ports: dict[str, int]

    @classmethod
    def of(cls, data: Path) -> Self:
        """Read the choices kept in the folder; make them, or those whose port is taken, anew."""
        path = data / "settings.json"
        names = ("kafka", "kafka_controller", "redis", "postgres")
        if path.exists():
            kept = cls(**json.loads(path.read_text()))
        else:
            cluster = urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")
            kept = cls(cluster, secrets.token_urlsafe(18), {})
        taken = [
            name for name in names if name not in kept.ports or not ports.is_free(kept.ports[name])
        ]
        kept.ports |= dict(zip(taken, ports.free(len(taken)), strict=True))
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(kept), indent=2))
        return kept


class Embedded:
    """Kafka, Redis and PostgreSQL on the folder `data`; use as a context manager, or start and stop.

    A part whose address the environment names (`LAUREL_KAFKA`, `LAUREL_REDIS`, `LAUREL_POSTGRES`)
    is used as it is. Any other runs from the system's binary or from our wheels;
    `LAUREL_STACK=wheels` passes over the system's. All calls block; any thread may make them.
    """

    def __init__(
        self, data: Path, environ: Mapping[str, str] = os.environ, step: Step = silent
    ) -> None:
        self.data = data.absolute()
        self.servers: dict[str, Server] = {}
        """The parts that run here, by name: `kafka`, `redis`, `postgres`."""
        self._configured = configured(environ)
        self._wheels_only = environ.get("LAUREL_STACK") == "wheels"
        self._step = step
        self._lock: int | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    def start(self) -> Stack:
        """Start every part that is not configured and give the addresses of all, each of them up.

        Raises `StackError` when a part is missing, does not start, or cannot be reached, and when
        another process runs a stack on this folder; whatever did start is stopped again.
        """
        self.data.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        try:
            addresses = self._start_parts()
        except BaseException:
            self.stop()
            raise
        stack = Stack(**addresses)
        stack.write(self.data)
        return stack

    def stop(self) -> None:
        """Stop every server that runs here, all at once, and wait until they are gone."""
        Stack.forget(self.data)
        keeper.stop_all(self._run)
        for server in self.servers.values():
            server.stop()
        if self._keeper is not None:
            self._keeper.communicate()
            self._keeper = None
        if self._lock is not None:
            os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Stack:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def _run(self) -> Path:
        return self.data / "run"

    def _start_parts(self) -> dict[str, str]:
        keeper.stop_all(self._run)  # What a stack whose keeper was killed too has left.
        kept = _Kept.of(self.data)
        self._keeper = _start_keeper(self._run, self._lock)
        starters = {part: self._starter(part, kept) for part in VARIABLES}
        with ThreadPoolExecutor(len(starters)) as pool:
            running = {part: pool.submit(starter) for part, starter in starters.items()}
        return {part: future.result() for part, future in running.items()}

    def _starter(self, part: str, kept: _Kept) -> Callable[[], str]:
        """Give what brings one part up and returns its address."""
        if part in self._configured:
            return lambda: self._check(part, self._configured[part])
        return lambda: self._serve(self._plan(part, kept))

    def _serve(self, plan: Plan) -> str:
        server = Server(plan, self._run, self._step)
        self.servers[plan.name] = server
        server.start()
        return plan.address

    def _plan(self, part: str, kept: _Kept) -> Plan:
        home, port, wheels = self.data / part, kept.ports[part], self._wheels_only
        if part == "kafka":
            return kafka.plan(
                home,
                port,
                kept.ports["kafka_controller"],
                kept.cluster,
                wheels_only=wheels,
                done=lambda done: self._step("kafka", "fetching the broker", 0.5 * done),
            )
        if part == "redis":
            return valkey.plan(home, port, kept.password, wheels_only=wheels)
        return postgres.plan(home, port, kept.password, wheels_only=wheels)

    def _check(self, part: str, address: str) -> str:
        """Refuse a configured address that nothing listens on."""
        for host, port in _hosts(address):
            try:
                socket.create_connection((host, port), timeout=5).close()
            except OSError as error:
                raise StackError(
                    f"{VARIABLES[part]} names {host}:{port}, which cannot be reached: {error}. "
                    "Start it, correct the address, or unset the variable to run one here"
                ) from error
        self._step(part, "configured, reached", 1.0)
        return address

    def _take_lock(self) -> None:
        lock = os.open(self.data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                owner = _owner(self.data)
                if owner is not None or time.monotonic() > deadline:
                    os.close(lock)
                    raise StackError(
                        f"process {owner} runs a stack on {self.data} already: stop it first, or "
                        "give another folder"
                    ) from None
                time.sleep(0.1)
        keeper.record(self.data / "lock", os.getpid(), signal.SIGTERM)
        self._lock = lock


def remove(data: Path) -> None:
    """Stop whatever runs on the folder and remove it with all it holds."""
    halt(data)
    postgres.remove(data / "postgres")
    shutil.rmtree(data, ignore_errors=True)


def halt(data: Path) -> None:
    """End the process that runs a stack on the folder, with SIGTERM, and wait for all to be gone."""
    if _owner(data) is not None:
        keeper.stop(data / "lock")
    keeper.stop_all(data / "run")
    Stack.forget(data)


def _owner(data: Path) -> int | None:
    """Give the pid of the live process that runs a stack on the folder."""
    try:
        return keeper.alive(data / "lock")
    except (ValueError, KeyError):
        return None


def _start_keeper(run: Path, lock: int | None) -> "subprocess.Popen[bytes]":
    """Start what ends the servers should we die; it holds our lock until it has."""
    run.mkdir(exist_ok=True)
    return subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-I", "-S", keeper.__file__, str(run)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=() if lock is None else (lock,),
    )


def _hosts(address: str) -> list[tuple[str, int]]:
    """Give every host and port that an address names."""
    if "://" in address:
        parts = urlsplit(address)
        port = parts.port or {"redis": 6379, "rediss": 6379}.get(parts.scheme, 5432)
        return [(parts.hostname or "localhost", port)]
    pairs = (one.rpartition(":") for one in address.split(","))
    return [(host.strip("[]"), int(port)) for host, _, port in pairs]
