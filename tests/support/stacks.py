"""Which real Kafka, Redis and PostgreSQL the tests run against."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from deploy.containers import Containers, docker_missing
from deploy.embedded import Embedded
from deploy.embedded.folder import remove
from deploy.stack import Part, Stack, configured


class Provider(Protocol):
    """Brings up a stack."""

    @property
    def servers(self) -> Mapping[str, Part]:
        """The parts that this provider runs itself, by name."""
        ...

    def start(self) -> Stack:
        """Give the addresses once all three answer."""
        ...

    def stop(self) -> None:
        """End what was started."""
        ...


class Servers(dict[str, Part]):
    """The parts by name; a test that needs one which is somebody else's is skipped."""

    def __missing__(self, part: str) -> Part:
        """Skip: a part whose address the environment gave must not be stopped by a test."""
        pytest.skip(f"{part} is not ours to stop: its address came from the environment")


@contextmanager
def provided() -> Iterator[Provider]:
    """Choose: addresses from the environment, else containers where Docker answers, else embedded.

    `LAUREL_STACK=wheels` asks for the embedded one.
    """
    if not configured() and "LAUREL_STACK" not in os.environ and docker_missing() is None:
        yield Containers()
        return
    with data_folder() as data:
        yield Embedded(data)


@contextmanager
def data_folder() -> Iterator[Path]:
    """Give a folder for an embedded stack, and afterwards stop what runs there and remove it."""
    parent = Path(tempfile.mkdtemp(prefix="laurel-test-"))
    try:
        yield parent / "data"
    finally:
        remove(parent / "data")
        shutil.rmtree(parent)
