"""Stops the servers of a stack when the process that started them is gone, however it went.

Run as a script, with the standard library alone: `python -I -S keeper.py FOLDER`. It waits for the
end of its standard input, which comes when the starter closes the pipe or dies, then stops every
process that has a pid file in FOLDER.
"""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

STOP_SECONDS = 20.0
"""How long a server may take to stop before it is killed."""


def record(pid_file: Path, pid: int, stop_signal: int) -> None:
    """Write down a started process: who it is, and which signal asks it to stop."""
    text = json.dumps({"pid": pid, "birth": birth(pid), "signal": stop_signal})
    pid_file.parent.mkdir(parents=True, exist_ok=True)
    pid_file.write_text(text)


def birth(pid: int) -> str | None:
    """Give the start time of a live process, in its system's own words; None when it is gone.

    Pid and birth together name a process for ever; the pid alone may be given to another one.
    """
    stat = Path(f"/proc/{pid}/stat")
    if sys.platform == "linux":
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in "ZX" else fields[19]
    ps = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    found = subprocess.run(ps, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603 - fixed words
    return None if not found or found.startswith("Z") else found.partition(" ")[2]


def children(pid: int) -> list[int]:
    """Give the pids of all live descendants of a process."""
    if sys.platform == "linux":
        parents = _parents_by_proc()
    else:
        ps = subprocess.run(
            ["ps", "-axo", "pid=,ppid="],  # noqa: S607 - wherever this system keeps it
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        parents = {int(child): int(parent) for child, parent in map(str.split, ps.splitlines())}
    found, new = [], [pid]
    while new:
        new = [child for child, parent in parents.items() if parent in new]
        found += new
    return found


def _parents_by_proc() -> dict[int, int]:
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return parents


def alive(pid_file: Path) -> int | None:
    """Give the pid of the recorded process while it lives."""
    try:
        noted = json.loads(pid_file.read_text())
    except FileNotFoundError:
        return None
    return noted["pid"] if noted["birth"] and birth(noted["pid"]) == noted["birth"] else None


def stop(pid_file: Path, *, kill: bool = False) -> None:
    """Stop the recorded process and wait until it and its children are gone.

    It is asked with its own signal and killed after `STOP_SECONDS`; with `kill` it is killed at
    once, its children too.
    """
    pid = alive(pid_file)
    if pid is not None:
        family = [(member, birth(member)) for member in [pid, *children(pid)]]
        if not kill:
            _signal(pid, json.loads(pid_file.read_text())["signal"])
            _wait(family, STOP_SECONDS)
        for member, born in family:
            if born is not None and birth(member) == born:
                _signal(member, signal.SIGKILL)
        _wait(family, STOP_SECONDS)
    pid_file.unlink(missing_ok=True)


def stop_all(folder: Path) -> None:
    """Stop every process recorded in the folder, all at once."""
    pid_files = list(folder.glob("*.pid"))
    if pid_files:
        with ThreadPoolExecutor(len(pid_files)) as pool:
            list(pool.map(stop, pid_files))


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _wait(family: list[tuple[int, str | None]], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if all(born is None or birth(pid) != born for pid, born in family):
            return
        time.sleep(0.02)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    stop_all(Path(sys.argv[1]))
