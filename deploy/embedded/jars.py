"""The jars of Apache Kafka: a locked list of Maven coordinates, fetched once per user."""

import fcntl
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import Artifact, MavenContext, PythonResolver

from deploy.stack import StackError

KAFKA_VERSION = "4.3.1"
LOCK = Path(__file__).with_name(f"kafka-{KAFKA_VERSION}.lock")
_DOWNLOADS = 8
"""Jars fetched at the same time."""
_TRIES = 3
"""A connection that breaks is tried this often."""

Done = Callable[[float], None]
"""Told how much is there, between 0 and 1."""


class Jar(NamedTuple):
    """One line of the lock."""

    coordinate: str
    sha256: str
    size: int
    """Bytes."""


def cache_folder() -> Path:
    """Give the user's folder for what is fetched or made once: `LAUREL_CACHE`, else the XDG one."""
    named = os.environ.get("LAUREL_CACHE")
    if named:
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "laurel"


def locked(lock: Path = LOCK) -> list[Jar]:
    """Read the lock: every jar the broker needs, with its hash."""
    rows = (line.split() for line in lock.read_text().splitlines())
    return [Jar(coordinate, sha256, int(size)) for coordinate, sha256, size in rows]


def classpath(done: Done, lock: Path = LOCK) -> str:
    """Give the Java class path of the broker, fetching the jars that are not in the cache yet.

    They come from Maven Central, or from the mirror that `LAUREL_MAVEN` names. Raises `StackError`
    when one cannot be had or is not the one that was locked.
    """
    jars = locked(lock)
    cache = cache_folder() / "maven"
    with _one_at_a_time(cache):
        progress = _Progress(sum(jar.size for jar in jars), done)
        mirror = os.environ.get("LAUREL_MAVEN", MAVEN_CENTRAL_URL).rstrip("/")
        maven = MavenContext(
            resolver=PythonResolver(progress_callback=progress.of_file),
            repo_cache=cache,
            remote_repos={"maven": mirror},
            timeout=60,
        )
        with ThreadPoolExecutor(_DOWNLOADS) as pool:
            paths = list(pool.map(lambda jar: _have(maven, jar, progress), jars))
    return os.pathsep.join(map(str, paths))


def _have(maven: MavenContext, jar: Jar, progress: "_Progress") -> Path:
    """Give the jar's path in the cache, once it is there."""
    artifact = artifact_of(maven, jar.coordinate)
    path = Path(artifact.cached_path or "")
    if path.is_file() and path.stat().st_size == jar.size:
        progress.add(jar.size)
        return path
    path.unlink(missing_ok=True)  # A download that was broken off.
    try:
        _download(maven, artifact)
        if hashlib.sha256(path.read_bytes()).hexdigest() == jar.sha256:
            return path
    except (OSError, RuntimeError) as error:
        path.unlink(missing_ok=True)
        raise StackError(
            f"{jar.coordinate} cannot be fetched from {maven.remote_repos['maven']}: {error}. "
            "Check the network, name a mirror of Maven Central in LAUREL_MAVEN, or use a Kafka "
            "that runs already: LAUREL_KAFKA=host:port"
        ) from error
    path.unlink()
    raise StackError(
        f"{jar.coordinate} from {maven.remote_repos['maven']} is not the file that was locked: its "
        "SHA-256 differs. It was removed; do not trust this source"
    )


def _download(maven: MavenContext, artifact: Artifact) -> None:
    for left in reversed(range(_TRIES)):
        try:
            maven.resolver.download(artifact)
        except OSError:
            Path(artifact.cached_path or "").unlink(missing_ok=True)
            if not left:
                raise
            time.sleep(1.0)
        else:
            return


def artifact_of(maven: MavenContext, coordinate: str) -> Artifact:
    """Give the jar that `group:name:version` stands for."""
    group, name, version = coordinate.split(":")
    return maven.project(group, name).at_version(version).artifact()


class _Progress:
    """Sums the bytes of downloads that run in several threads."""

    def __init__(self, total: int, done: Done) -> None:
        self._total = total
        self._have = 0
        self._done = done
        self._lock = threading.Lock()

    def add(self, size: int) -> None:
        with self._lock:
            self._have += size
            self._done(self._have / self._total)

    @contextmanager
    def of_file(self, _name: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield self.add


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Let only one process of this machine fetch into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
