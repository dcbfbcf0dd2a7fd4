"""Where Kafka, Redis and PostgreSQL are: the one thing every part of Laurel needs to know of them."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Protocol, Self

VARIABLES = {"kafka": "LAUREL_KAFKA", "redis": "LAUREL_REDIS", "postgres": "LAUREL_POSTGRES"}
"""Part -> the environment variable that gives its address."""

_FILE = "stack.json"


class StackError(RuntimeError):
    """A part of the stack could not be found, started or reached; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Stack:
    """The addresses of a stack that is up."""

    kafka: str
    """Bootstrap servers, `host:port[,host:port...]`."""
    redis: str
    """URL, `redis://[:password@]host:port/0`."""
    postgres: str
    """DSN, `postgresql://user[:password]@host:port/database`."""

    @classmethod
    def read(cls, data: Path) -> Self | None:
        """Give the addresses of the embedded stack that runs on the folder `data`; None if none does."""
        try:
            return cls(**json.loads((data / _FILE).read_text()))
        except FileNotFoundError:
            return None

    def write(self, data: Path) -> None:
        """Leave the addresses in `data`, for other processes of the same user to read."""
        path = data / _FILE
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self), indent=2))

    @staticmethod
    def forget(data: Path) -> None:
        """Remove what `write` left: the stack is no longer up."""
        (data / _FILE).unlink(missing_ok=True)

    def environment(self) -> dict[str, str]:
        """Give the variables that tell another process of these addresses."""
        return {VARIABLES[part]: address for part, address in asdict(self).items()}


class Part(Protocol):
    """A server of a stack that tests may treat badly. All calls block until they are done."""

    def start(self) -> None:
        """Start it and wait until it answers; nothing happens when it runs already."""

    def stop(self) -> None:
        """Ask it to stop in good order and wait until it is gone."""

    def kill(self) -> None:
        """End it at once; its data stay as they lie."""

    def restart(self, how: Literal["stop", "kill"] = "stop", *, empty: bool = False) -> None:
        """End it and start it again at the same address, with its data or `empty`."""


def configured(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Give the addresses that the environment names, by part; parts it does not name are missing."""
    return {part: environ[name] for part, name in VARIABLES.items() if environ.get(name)}
