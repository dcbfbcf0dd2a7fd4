"""Pieces of the embedded stack that need no server: jars, ports, process records."""

import hashlib
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.embedded import jars, keeper, ports
from deploy.embedded.embedded import hosts_of
from deploy.embedded.server import Plan, Server
from deploy.stack import VARIABLES, Stack, StackError, configured

JARS = {"org/example/one/1.0/one-1.0.jar": b"first jar", "org/example/two/2.0/two-2.0.jar": b"two"}


class Mirror(http.server.ThreadingHTTPServer):
    """A Maven repository with the files of `content`; it notes what was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.content = dict(JARS)
        self.asked: list[str] = []


class _Answer(http.server.BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        name = self.path.lstrip("/")
        if name.endswith(".jar"):
            self.server.asked.append(name)
        body = self.server.content.get(name)
        self.send_response(200 if body is not None else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Mirror]:
    with Mirror() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("LAUREL_MAVEN", f"http://127.0.0.1:{server.server_port}/")
        monkeypatch.setenv("LAUREL_CACHE", str(tmp_path / "cache"))
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "test.lock"
    coordinates = ("org.example:one:1.0", "org.example:two:2.0")
    path.write_text(
        "".join(
            f"{coordinate} {hashlib.sha256(body).hexdigest()} {len(body)}\n"
            for coordinate, body in zip(coordinates, JARS.values(), strict=True)
        )
    )
    return path


def test_jars_are_fetched_once(mirror: Mirror, lock: Path) -> None:
    """The first time every jar is fetched, with progress up to all; later none is."""
    done: list[float] = []
    paths = jars.classpath(done.append, lock).split(os.pathsep)
    assert [Path(path).read_bytes() for path in paths] == list(JARS.values())
    assert done == sorted(done)
    assert done[-1] == 1.0
    assert sorted(mirror.asked) == sorted(JARS)

    mirror.asked.clear()
    assert jars.classpath(done.append, lock).split(os.pathsep) == paths
    assert (mirror.asked, done[-1]) == ([], 1.0)


def test_a_broken_off_download_is_repeated(mirror: Mirror, lock: Path) -> None:
    """A file that is too short, left by a process that died, is fetched again."""
    paths = jars.classpath(lambda _: None, lock).split(os.pathsep)
    Path(paths[0]).write_bytes(b"fir")
    mirror.asked.clear()
    jars.classpath(lambda _: None, lock)
    assert Path(paths[0]).read_bytes() == b"first jar"
    assert mirror.asked == [next(iter(JARS))]


@pytest.mark.parametrize(
    ("body", "message"),
    [(b"other jar", "not the file that was locked"), (None, "cannot be fetched.*LAUREL_MAVEN")],
    ids=["another file", "no file"],
)
def test_a_wrong_jar_is_refused(
    mirror: Mirror, lock: Path, body: bytes | None, message: str
) -> None:
    """A jar that is missing, or has other bytes than were locked, is named and not kept."""
    name = next(iter(JARS))
    mirror.content.pop(name)
    if body is not None:
        mirror.content[name] = body
    with pytest.raises(StackError, match=rf"org\.example:one:1\.0.*{message}"):
        jars.classpath(lambda _: None, lock)
    assert not (jars.cache_folder() / "maven" / name).exists()


def test_the_lock_is_of_the_version() -> None:
    """The locked broker is the version that is told to people."""
    coordinates = [jar.coordinate for jar in jars.locked()]
    assert f"org.apache.kafka:kafka_2.13:{jars.KAFKA_VERSION}" in coordinates
    assert all(len(jar.sha256) == 64 and jar.size > 0 for jar in jars.locked())


def test_ports() -> None:
    """Free ports differ, can be listened on, and are not those of outgoing connections."""
    found = ports.free(20)
    assert len(set(found)) == 20
    assert all(ports.is_free(port) for port in found)
    with (
        socket.create_server(("127.0.0.1", 0)) as somebody,
        socket.create_connection(somebody.getsockname()) as outgoing,
    ):
        assert max(found) < outgoing.getsockname()[1]


def test_a_taken_port_is_not_free() -> None:
    """A port that somebody listens on is not offered."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert not ports.is_free(taken.getsockname()[1])


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    """Give a process that waits for ever together with its child, and its record."""
    script = (
        "import subprocess, sys, signal\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
        "print(child.pid, flush=True)\n"
        "signal.pause()\n"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        record = tmp_path / "sleeper.pid"
        keeper.record(record, process.pid, signal.SIGTERM)
        yield process, record
        keeper.stop(record, kill=True)


def test_a_process_and_its_children_are_killed(
    sleeper: tuple["subprocess.Popen[bytes]", Path],
) -> None:
    """A kill ends the recorded process with its children, and its record."""
    process, record = sleeper
    assert keeper.alive(record) == process.pid
    (child,) = keeper.children(process.pid)
    keeper.stop(record, kill=True)
    assert [keeper.birth(pid) for pid in (process.pid, child)] == [None, None]
    assert not record.exists()


def test_a_reused_pid_is_somebody_else(sleeper: tuple["subprocess.Popen[bytes]", Path]) -> None:
    """A record whose process is gone does not mean the next one that is given its pid."""
    process, record = sleeper
    noted = json.loads(record.read_text())
    stale = record.with_name("stale.pid")
    stale.write_text(json.dumps(noted | {"birth": "another time"}))
    assert keeper.alive(stale) is None
    keeper.stop(stale)
    assert process.poll() is None


def test_addresses(tmp_path: Path) -> None:
    """Addresses are read back while the stack is up, and told to children by the environment."""
    assert Stack.read(tmp_path) is None
    stack = Stack("localhost:9092", "redis://:secret@localhost:6379/0", "postgresql://l@p/laurel")
    stack.write(tmp_path)
    assert Stack.read(tmp_path) == stack
    assert (tmp_path / "stack.json").stat().st_mode & 0o077 == 0, "it holds passwords"
    assert Stack(**configured(stack.environment())) == stack
    Stack.forget(tmp_path)
    assert Stack.read(tmp_path) is None


@pytest.mark.parametrize(
    ("part", "address", "like"),
    [
        ("kafka", "broker:port", "host:9092"),
        ("redis", "localhost:6379", "redis://host:6379/0"),
        ("redis", "redis://:secret@localhost:port", "redis://host:6379/0"),
        ("postgres", "postgresql://localhost:port/laurel", "postgresql://host:5432/laurel"),
    ],
)
def test_what_is_no_address_is_refused(part: str, address: str, like: str) -> None:
    """What it should look like is told, and no password."""
    with pytest.raises(StackError, match=f"{VARIABLES[part]} is no address like {like}") as refused:
        hosts_of(part, address)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("part", "address", "hosts"),
    [
        ("kafka", "one:1,two,[::1]:3", [("one", 1), ("two", 9092), ("::1", 3)]),
        ("redis", "rediss://:secret@here/0", [("here", 6379)]),
        ("postgres", "postgresql://l@here:1/laurel", [("here", 1)]),
    ],
)
def test_hosts_of_addresses(part: str, address: str, hosts: list[tuple[str, int]]) -> None:
    """Every host is found, with the port that clients take where none is named."""
    assert hosts_of(part, address) == hosts


def test_a_server_whose_folder_was_removed_ends(tmp_path: Path) -> None:
    """Who deletes the data of a running stack can still stop it."""
    home = tmp_path / "sleeper"
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    plan = Plan("sleeper", "1", "", command, home, home, prepare=lambda: None, ready=lambda: True)
    server = Server(plan, tmp_path)
    server.start()
    pid = server.pid
    assert pid is not None
    shutil.rmtree(home)
    server.pid_file.unlink()
    server.close()
    assert keeper.birth(pid) is None
