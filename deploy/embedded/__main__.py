"""`python -m deploy.embedded up|down|remove|addresses --data FOLDER`: the stack without Laurel."""

import argparse
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from deploy.embedded.embedded import Embedded
from deploy.embedded.folder import halt, remove
from deploy.embedded.progress import shown
from deploy.stack import Stack, StackError


def main() -> int:
    """Do what the command line says; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.embedded", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "remove", "addresses"])
    parser.add_argument("--data", type=Path, default=Path(".data"), help="the data folder")
    chosen = parser.parse_args()
    console = Console()
    try:
        if chosen.command == "up":
            _up(chosen.data, console)
        elif chosen.command == "addresses":
            return _addresses(chosen.data, console)
        else:
            (halt if chosen.command == "down" else remove)(chosen.data)
    except StackError as error:
        console.print(str(error), style="red", highlight=False, soft_wrap=True)
        return 1
    return 0


def _up(data: Path, console: Console) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with shown(console) as step:
            embedded = Embedded(data, step=step)
            stack = embedded.start()
        with ExitStack() as at_end:
            at_end.callback(embedded.stop)
            _print(stack, console)
            console.print("Ctrl-C stops it.")
            signal.pause()
    except KeyboardInterrupt:
        console.print("stopped")


def _addresses(data: Path, console: Console) -> int:
    stack = Stack.read(data)
    if stack is None:
        console.print(f"no stack runs on {data}")
        return 1
    _print(stack, console)
    return 0


def _print(stack: Stack, console: Console) -> None:
    for name, address in stack.environment().items():
        console.print(f"{name}={address}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
