"""One life of a worker process, with a fault in it.

Faults are told as text:

    kill:commit:before:3    SIGKILL before the third call of `commit` (the names are in POINTS)
    stop:commit:after:3     SIGSTOP after it
    raise:ord-77812         the engine raises whenever it decides that action
    die:ord-77812           SIGKILL whenever the engine is to decide that action
    ahead:3600              this host's clock is so many seconds ahead, as jobs see it

Lives are forked from a server that has imported everything already: a start costs no imports.
"""

import asyncio
import functools
import itertools
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any

from cli.commands import app
from processors import boards, ledger, rebuild_boards, rebuild_ledger, scoring
from processors.jobs import clock, closing, keeping, sender
from processors.settings import Settings
from processors.stream import changelog
from processors.worker import KINDS, run
from sinks import postgres_ledger, rank_history

POINTS: dict[str, tuple[ModuleType, str]] = {
    "load": (changelog, "load"),
    "decide": (scoring, "decide_runs"),
    "send": (scoring, "send"),
    "commit": (scoring, "commit"),
    "board": (boards, "applied"),
    "publish": (boards, "published"),
    "settle": (boards, "settled"),
    "ledger": (ledger, "applied"),
    "write": (postgres_ledger, "_write"),
    "figures": (closing, "figures"),
    "say": (sender, "write"),
    "ranks": (rank_history, "_copy"),
    "keep": (keeping, "keep"),
    "read boards": (rebuild_boards, "bring"),
    "switch boards": (rebuild_boards, "switched"),
    "read ledger": (rebuild_ledger, "applied"),
    "switch ledger": (rebuild_ledger, "switched"),
}
"""Stop points: name -> the function before or after which a worker can be stopped."""

# A worker imports its kind when it starts; those that are forked from here find all of them.
ALL_KINDS = [import_module(module) for module, _ in KINDS.values()]

SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


class InjectedError(Exception):
    """What the engine raises where a test asks for it."""


def plant(fault: str) -> None:
    """Put a fault into this process."""
    what, _, rest = fault.partition(":")
    if what in ("raise", "die"):
        plant_in_engine(what, rest)
    elif what == "ahead":
        true, seconds = clock.host_ms, int(rest)
        vars(clock)["host_ms"] = lambda: true() + 1_000 * seconds
    else:
        name, when, count = rest.split(":")
        plant_at(*POINTS[name], when, int(count), partial(signal_itself, SIGNALS[what]))


def signal_itself(number: signal.Signals) -> None:
    """Say so, and be stopped or killed."""
    os.write(2, f"fault: {number.name}\n".encode())
    os.kill(os.getpid(), number)


def plant_in_engine(what: str, action_id: str) -> None:
    """Let the engine fail at one action, every time."""
    decide: Any = vars(scoring)["decide"]

    def failing(rules: Any, account: Any, action: Any) -> Any:  # noqa: ANN401 - hands on what it gets
        if action.id == action_id:
            if what == "die":
                signal_itself(signal.SIGKILL)
            raise InjectedError("as the test asked")
        return decide(rules, account, action)

    vars(scoring)["decide"] = failing


def plant_at(
    module: ModuleType, name: str, when: str, count: int, fail: Callable[[], None]
) -> None:
    """Fail before or after the so-manieth call of a module's function."""
    function: Callable[..., Any] = getattr(module, name)
    calls = itertools.count(1)

    @functools.wraps(function)
    async def asynchronous(*args: object, **kwargs: object) -> object:
        fails = next(calls) == count
        if fails and when == "before":
            fail()
        answer = await function(*args, **kwargs)
        if fails and when == "after":
            fail()
        return answer

    @functools.wraps(function)
    def synchronous(*args: object, **kwargs: object) -> object:
        fails = next(calls) == count
        if fails and when == "before":
            fail()
        answer = function(*args, **kwargs)
        if fails and when == "after":
            fail()
        return answer

    is_async = asyncio.iscoroutinefunction(function)
    vars(module)[name] = asynchronous if is_async else synchronous


def live(kind: str, environment: dict[str, str], fault: str, log: str) -> None:
    """Be a worker of a kind, told by its environment as always; writes to the file `log`."""
    _begin(environment, fault, log)
    run(kind, Settings())


def command(arguments: list[str], environment: dict[str, str], fault: str, log: str) -> None:
    """Be a command of `laurel`; writes to the file `log`."""
    _begin(environment, fault, log)
    app(arguments, prog_name="laurel")


def _begin(environment: dict[str, str], fault: str, log: str) -> None:
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(environment)
    threading.Thread(target=end_with_the_tests, daemon=True).start()
    if fault:
        plant(fault)


def end_with_the_tests() -> None:
    """End this process when the one that tests is gone."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGKILL)
