"""Kafka, Redis and PostgreSQL as Docker containers, for tests on a machine where Docker answers."""

import gc
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

from docker.errors import DockerException  # type: ignore[import-untyped]  # it has no types
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient

from deploy.embedded import kafka, ports, valkey
from deploy.embedded.jars import KAFKA_VERSION
from deploy.stack import Part, Stack, StackError

IMAGES = {
    "kafka": f"apache/kafka:{KAFKA_VERSION}",
    "redis": "valkey/valkey:9.1",
    "postgres": "postgres:18",
}
_START_SECONDS = 120.0
_STOP_SECONDS = 20


def docker_missing() -> str | None:
    """Give the reason why containers cannot run here; None when they can."""
    with warnings.catch_warnings():
        # A Docker client that finds nobody leaves its socket open, for the collector to complain.
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            docker = DockerClient(timeout=5).client
            docker.ping()
            docker.close()
        except (DockerException, OSError) as error:
            reason = f"Docker does not answer: {error}"
        else:
            return None
        gc.collect()
    return reason


class Container:
    """One server in a container that keeps its port and, unless emptied, its data."""

    def __init__(self, make: Callable[[], DockerContainer], ready: Callable[[], bool]) -> None:
        self._make = make
        self._ready = ready
        self._made: DockerContainer | None = None

    def start(self) -> None:
        """Start it and wait until it answers; nothing happens when it runs already."""
        if self._made is None:
            self._made = self._make().start()
        else:
            self._made.get_wrapped_container().start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._ready():
            if time.monotonic() > deadline:
                out, err = self._made.get_logs()
                lines = (out + err).decode(errors="replace").splitlines()[-15:]
                raise StackError("\n  ".join([f"{self._made.image} does not answer:", *lines]))
            time.sleep(0.1)

    def stop(self) -> None:
        """Ask it to stop in good order and wait until it is gone."""
        if self._made is not None:
            self._made.get_wrapped_container().stop(timeout=_STOP_SECONDS)

    def kill(self) -> None:
        """End it at once; its data stay as they lie."""
        if self._made is not None:
            self._made.get_wrapped_container().kill()

    def restart(self, how: Literal["stop", "kill"] = "stop", *, empty: bool = False) -> None:
        """End it and start it again at the same address, with its data or `empty`."""
        if empty:
            self.remove()
        elif how == "kill":
            self.kill()
        else:
            self.stop()
        self.start()

    def remove(self) -> None:
        """End it and drop its data."""
        if self._made is not None:
            self._made.stop()
            self._made = None


class Containers:
    """The whole stack in containers on free ports of the Docker host."""

    def __init__(self) -> None:
        self._containers: dict[str, Container] = {}

    @property
    def servers(self) -> dict[str, Part]:
        """The parts, by name: `kafka`, `redis`, `postgres`."""
        return dict(self._containers)

    def start(self) -> Stack:
        """Start all three and give their addresses. Raises `StackError` when one does not answer."""
        client = DockerClient()
        host = client.host()
        client.client.close()
        kafka_port, redis_port, postgres_port = ports.free(3)
        stack = Stack(
            kafka=f"{host}:{kafka_port}",
            redis=f"redis://{host}:{redis_port}/0",
            postgres=f"postgresql://laurel:laurel@{host}:{postgres_port}/laurel",
        )
        self._containers = {
            "kafka": Container(
                lambda: _kafka(stack.kafka, kafka_port), lambda: kafka.answers(host, kafka_port)
            ),
            "redis": Container(
                lambda: _redis(redis_port),
                lambda: valkey.answers(stack.redis),
            ),
            "postgres": _postgres(postgres_port),
        }
        try:
            for container in self._containers.values():
                container.start()
        except BaseException:
            self.stop()
            raise
        return stack

    def stop(self) -> None:
        """Remove all of them with their data."""
        for container in self._containers.values():
            with suppress(DockerException):
                container.remove()


def _kafka(advertised: str, port: int) -> DockerContainer:
    chosen = kafka.settings("", 9092, 9093, advertised)
    variables = {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in chosen.items()}
    container = DockerContainer(IMAGES["kafka"], env=variables)
    return container.with_bind_ports(9092, port)


def _redis(port: int) -> DockerContainer:
    command = "valkey-server --appendonly yes --appendfsync everysec --save ''"
    return DockerContainer(IMAGES["redis"], command=command).with_bind_ports(6379, port)


def _postgres(port: int) -> Container:
    def make() -> DockerContainer:
        names = ("POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB")
        container = DockerContainer(IMAGES["postgres"], env=dict.fromkeys(names, "laurel"))
        made.append(container)
        return container.with_bind_ports(5432, port)

    def ready() -> bool:
        # Over TCP: while the image makes its database, the server listens on its socket only.
        asked = made[-1].exec(["pg_isready", "--host=127.0.0.1", "--quiet"])
        return asked.exit_code == 0

    made: list[DockerContainer] = []
    return Container(make, ready)
