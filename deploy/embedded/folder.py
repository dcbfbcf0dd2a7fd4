"""The data folder of a stack: what its first start chose, and which process works on it."""

import fcntl
import json
import os
import secrets
import shutil
import signal
import time
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self
from uuid import uuid4

from deploy.embedded import keeper, ports, postgres
from deploy.stack import Stack, StackError

_LOCK = "lock"
_LOCK_SECONDS = 30.0
"""How long to wait for an earlier stack on this folder to end its servers."""
_PORTS = ("kafka", "kafka_controller", "redis", "postgres")


@dataclass(slots=True)
class Kept:
    """What the first start chose and all later ones keep."""

    cluster: str
    password: str
    ports: dict[str, int]

    @classmethod
    def of(cls, data: Path) -> Self:
        """Read the choices kept in the folder; make them, or those whose port is taken, anew."""
        path = data / "settings.json"
        if path.exists():
            kept = cls(**json.loads(path.read_text()))
        else:
            cluster = urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")
            kept = cls(cluster, secrets.token_urlsafe(18), {})
        taken = [
            name for name in _PORTS if name not in kept.ports or not ports.is_free(kept.ports[name])
        ]
        kept.ports |= dict(zip(taken, ports.free(len(taken)), strict=True))
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(kept), indent=2))
        return kept


def take(data: Path) -> int:
    """Become the one process that works on the folder; give the lock, an open file.

    A keeper that still ends the servers of a dead process is waited for. Raises `StackError` when a
    live process works on it.
    """
    lock = os.open(data / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + _LOCK_SECONDS
    while not _locked(lock):
        owner = _owner(data)
        if owner is not None or time.monotonic() > deadline:
            os.close(lock)
            raise StackError(
                f"process {owner} runs a stack on {data} already: stop it first, or give another "
                "folder"
            )
        time.sleep(0.1)
    keeper.record(data / _LOCK, os.getpid(), signal.SIGTERM)
    return lock


def give_back(lock: int) -> None:
    """Let another process work on the folder."""
    os.ftruncate(lock, 0)
    os.close(lock)


def halt(data: Path) -> None:
    """End the process that runs a stack on the folder, with SIGTERM, and wait for all to be gone."""
    owner = _owner(data)
    if owner == os.getpid():
        raise StackError(f"this very process runs a stack on {data}: stop it there")
    if owner is not None:
        keeper.stop(data / _LOCK)
    keeper.stop_all(data / "run")
    Stack.forget(data)


def remove(data: Path) -> None:
    """Stop whatever runs on the folder and remove it with all it holds."""
    halt(data)
    postgres.remove(data / "postgres")
    shutil.rmtree(data, ignore_errors=True)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _owner(data: Path) -> int | None:
    """Give the pid of the live process that runs a stack on the folder."""
    try:
        return keeper.alive(data / _LOCK)
    except ValueError:  # Nobody's: it is empty.
        return None
