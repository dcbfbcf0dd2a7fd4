"""`laurel run` with the embedded stack: it works, ends without a trace, and goes on where it stood."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from deploy.embedded import keeper
from deploy.stack import VARIABLES
from tests.cli.laurels import Laurel, wait_until
from tests.support.stacks import data_folder

pytestmark = pytest.mark.stack


SIGN_UP = ["send", "SIGNUP", "--user", "anna", "--id", "first", "--wait", "--timeout", "60"]


@pytest.fixture(scope="module")
def own() -> Iterator[Laurel]:
    """Give a Laurel on a new data folder, where nothing runs yet."""
    with data_folder() as folder:
        yield Laurel(dict.fromkeys(VARIABLES.values(), ""), folder)


@contextmanager
def started(own: Laurel, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run, with all workers ready; whatever happens, nothing of it is left."""
    own.folder.mkdir(exist_ok=True)
    log = own.folder.parent / "run.log"
    log.unlink(missing_ok=True)
    process = own.start("run", *arguments, log=log)

    def working() -> bool:
        assert process.poll() is None, printed(own)
        return "lag scoring 0, boards 0, ledger 0" in printed(own)

    try:
        wait_until(working, 180, lambda: printed(own))
        yield process
    finally:
        process.kill()
        process.wait()


def printed(own: Laurel) -> str:
    return (own.folder.parent / "run.log").read_text()


def pids(own: Laurel) -> dict[str, int]:
    """Give every process that works on the folder, by name."""
    files = (own.folder / "run").glob("*.pid")
    return {file.stem: json.loads(file.read_text())["pid"] for file in files}


def gone(running: dict[str, int]) -> bool:
    return all(keeper.birth(pid) is None for pid in running.values())


def test_it_works_and_ends_without_a_trace(own: Laurel) -> None:
    """The demo's actions are decided, other terminals find the stack, Ctrl-C leaves no process."""
    with started(own, "--rate", "50") as process:
        wait_until(lambda: "| loyalty global weekly:" in printed(own), 60, lambda: printed(own))
        assert "made 15 topics" in printed(own)
        assert "published loyalty@2025-01-01" in printed(own)
        assert "\nscoring: http://127.0.0.1:" in printed(own)
        assert "accepted" in own(*SIGN_UP)
        running = pids(own)
        assert set(running) == {"kafka", "redis", "postgres", "scoring", "boards", "ledger", "jobs"}

        process.send_signal(signal.SIGINT)
        assert process.wait(90) == 0, printed(own)
        assert gone(running)
        assert pids(own) == {}
    ends = [line for line in printed(own).splitlines() if line.startswith(("stopping", "all stop"))]
    assert ends == [
        "stopping the workers",
        "stopping Kafka, Redis and PostgreSQL",
        "all stopped; `laurel run` goes on where this stood",
    ]
    assert "starts a stack" in own("doctor", code=1)


def test_it_goes_on_where_it_stood_and_a_kill_leaves_no_process(own: Laurel) -> None:
    """Nothing is made twice and ids are remembered; even kill -9 of the whole ends every process."""
    with started(own, "--no-demo") as process:
        assert "made" not in printed(own)
        assert "published" not in printed(own)
        assert "duplicate" in own(*SIGN_UP)
        running = pids(own)
        process.kill()
        process.wait()
        wait_until(lambda: gone(running), 60)


def test_a_terminal_sees_it_live(own: Laurel) -> None:
    """On a terminal the view is drawn in place; --for ends it by itself."""
    ours, theirs = pty.openpty()
    environment = os.environ | own.environment | {"TERM": "xterm-256color", "COLUMNS": "120"}
    with subprocess.Popen(
        [sys.executable, "-m", "cli", "run", "--data", str(own.folder), "--for", "8"],
        env=environment | {"LINES": "50"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        seen = b""
        while part := _read(ours):
            seen += part
    os.close(ours)
    assert process.returncode == 0, seen.decode()
    for word in ("actions/s", "posted", "global weekly:", "status page", "http://127.0.0.1:"):
        assert word in seen.decode()


def _read(terminal: int) -> bytes:
    """Read what was drawn; nothing once the other side has closed."""
    try:
        return os.read(terminal, 65_536)
    except OSError:
        return b""
