"""`python -m deploy.embedded.relock VERSION`: lock the jars of another version of Apache Kafka.

Resolves what the broker needs at run time, fetches it from Maven Central and writes the hashes. Set
`KAFKA_VERSION` in jars.py to the same version, and remove the old lock.
"""

import hashlib
import sys
from pathlib import Path

from jgo.maven import MavenContext

from deploy.embedded.jars import LOCK, artifact_of, cache_folder

_LOGGING = "org.apache.logging.log4j:log4j-slf4j-impl"
"""The broker logs through SLF4J and leaves it to its installation where to."""


def lines(version: str) -> list[str]:
    """Give the lines of the lock, in order."""
    maven = MavenContext(repo_cache=cache_folder() / "maven", timeout=60)
    broker = maven.create_dependency(f"org.apache.kafka:kafka_2.13:{version}")
    given, needed = maven.resolver.resolve([broker])
    found = {f"{one.groupId}:{one.artifactId}": one.version for one in [*given, *needed]}
    found[_LOGGING] = found["org.apache.logging.log4j:log4j-core"]
    return [_line(maven, f"{name}:{version}") for name, version in sorted(found.items())]


def _line(maven: MavenContext, coordinate: str) -> str:
    jar = Path(artifact_of(maven, coordinate).resolve()).read_bytes()
    return f"{coordinate} {hashlib.sha256(jar).hexdigest()} {len(jar)}\n"


if __name__ == "__main__":
    LOCK.with_name(f"kafka-{sys.argv[1]}.lock").write_text("".join(lines(sys.argv[1])))
