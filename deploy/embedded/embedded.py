"""The whole stack on one data folder: what is not configured is started, kept and stopped here."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from aiokafka.conn import collect_hosts

from deploy.embedded import folder, kafka, keeper, postgres, valkey
from deploy.embedded.folder import Kept
from deploy.embedded.server import Plan, Server, Step, silent
from deploy.stack import VARIABLES, Stack, StackError, configured

_FORMS = {
    "kafka": ("host:9092", 9092),
    "redis": ("redis://host:6379/0", 6379),
    "postgres": ("postgresql://host:5432/laurel", 5432),
}
"""By part: what an address looks like, and the port where it names none."""


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
        self._stopping = False
        self._guard = threading.Lock()
        self._lock: int | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    def start(self) -> Stack:
        """Start every part that is not configured and give the addresses of all, each of them up.

        Raises `StackError` when a part is missing, does not start, or cannot be reached, and when
        another process runs a stack on this folder; whatever did start is stopped again.
        """
        self.data.mkdir(parents=True, exist_ok=True)
        self._lock = folder.take(self.data)
        self._stopping = False
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
        with self._guard:
            self._stopping = True
            servers = list(self.servers.values())
        if servers:
            with ThreadPoolExecutor(len(servers)) as pool:
                list(pool.map(Server.close, servers))
        if self._keeper is not None:
            self._keeper.communicate()
            self._keeper = None
        if self._lock is not None:
            folder.give_back(self._lock)
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
    def broker_pid(self) -> int | None:
        """The broker's process; None when it was started elsewhere."""
        server = self.servers.get("kafka")
        return server.pid if server else None

    @property
    def _run(self) -> Path:
        return self.data / "run"

    def _start_parts(self) -> dict[str, str]:
        keeper.stop_all(self._run)  # What a stack whose keeper was killed too has left.
        kept = Kept.of(self.data)
        self._keeper = _start_keeper(self._run, self._lock)
        starters = {part: self._starter(part, kept) for part in VARIABLES}
        pool = ThreadPoolExecutor(len(starters))
        running = {part: pool.submit(starter) for part, starter in starters.items()}
        pool.shutdown(wait=False)
        wait(running.values(), return_when=FIRST_EXCEPTION)
        for future in (one for one in running.values() if one.done()):
            future.result()
        return {part: future.result() for part, future in running.items()}

    def _starter(self, part: str, kept: Kept) -> Callable[[], str]:
        """Give what brings one part up and returns its address."""
        if part in self._configured:
            return lambda: self._check(part, self._configured[part])
        return lambda: self._serve(self._plan(part, kept))

    def _serve(self, plan: Plan) -> str:
        with self._guard:
            self._refuse_when_stopping()
            server = self.servers[plan.name] = Server(plan, self._run, self._step)
        server.start()
        return plan.address

    def _plan(self, part: str, kept: Kept) -> Plan:
        home, port, wheels = self.data / part, kept.ports[part], self._wheels_only
        if part == "kafka":
            return kafka.plan(
                home,
                port,
                kept.ports["kafka_controller"],
                kept.cluster,
                wheels_only=wheels,
                done=self._fetching,
            )
        if part == "redis":
            return valkey.plan(home, port, kept.password, wheels_only=wheels)
        return postgres.plan(home, port, kept.password, wheels_only=wheels)

    def _fetching(self, done: float) -> None:
        self._refuse_when_stopping()
        self._step("kafka", "fetching the broker", 0.5 * done)

    def _refuse_when_stopping(self) -> None:
        """End a start that goes on in another thread."""
        if self._stopping:
            raise StackError("the stack was stopped while it started")

    def _check(self, part: str, address: str) -> str:
        """Refuse a configured address that nothing listens on."""
        for host, port in hosts_of(part, address):
            try:
                socket.create_connection((host, port), timeout=5).close()
            except OSError as error:
                raise StackError(
                    f"{VARIABLES[part]} names {host}:{port}, which cannot be reached: {error}. "
                    "Start it, correct the address, or unset the variable to run one here"
                ) from error
        self._step(part, "configured, reached", 1.0)
        return address


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


def hosts_of(part: str, address: str) -> list[tuple[str, int]]:
    """Give every host and port that a configured address names. Raises StackError."""
    form, port = _FORMS[part]
    wrong = StackError(f"{VARIABLES[part]} is no address like {form}: correct or unset it")
    if ("://" in form) != ("://" in address):
        raise wrong
    try:
        if "://" in address:
            parts = urlsplit(address)
            return [(parts.hostname or "localhost", parts.port or port)]
        return [(host, number) for host, number, _ in collect_hosts(address, randomize=False)]
    except ValueError as error:
        raise wrong from error
