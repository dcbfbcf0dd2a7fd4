"""Runs one simulation: `python -m tests.simulation --seed 7 --actions 200000`."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn

from tests.simulation.play import MEMBERS, YEAR, differences, obey, play

SHOWN = 20
ACTIONS = 200_000
STEP = 200
"""So many records go by until the bar moves."""


def main() -> int:
    """Play a seed and print the first differences from the book; 1 when there is any."""
    parser = argparse.ArgumentParser(description="The engine against the naive book, from a seed.")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--actions", type=int, default=ACTIONS)
    parser.add_argument("--members", type=int, default=MEMBERS)
    parser.add_argument("--days", type=float, default=YEAR)
    parser.add_argument("--laws", action="store_true", help="score all of it anew, too")
    asked = parser.parse_args()
    console = Console(soft_wrap=True, markup=False, highlight=False)
    found = list(islice(_found(asked, console), SHOWN))
    for difference in found:
        console.print(f"seed {asked.seed}: {difference}")
    console.print(f"seed {asked.seed}: {len(found)}{'+' * (len(found) == SHOWN)} differences")
    return 1 if found else 0


def _found(asked: argparse.Namespace, console: Console) -> Iterator[str]:
    """Play, then yield what differs from the book, and before it the law that a replay breaks."""
    with _bar(console) as bar:
        at = bar.add_task("living", total=asked.actions)
        run = play(
            *(asked.seed, asked.actions, asked.members, asked.days),
            progress=lambda n: None if n % STEP else bar.update(at, completed=n),
        )
        world = run.world
        console.print(
            f"seed {asked.seed}: {asked.actions} records of {asked.members} members in "
            f"{asked.days:g} days, {len(world.turns)} turns, {world.deaths} deaths"
        )
        if asked.laws:
            at = bar.add_task("replaying", total=world.records)
            try:
                obey(run, lambda n: None if n % STEP else bar.update(at, completed=n))
            except AssertionError as broken:
                yield f"a law: {broken}"
        bar.add_task("recounting", total=None)
        yield from differences(world)


@contextmanager
def _bar(console: Console) -> Iterator[Progress]:
    with Progress(
        *Progress.get_default_columns()[:3], TimeElapsedColumn(), console=console, transient=True
    ) as bar:
        yield bar


if __name__ == "__main__":
    sys.exit(main())
