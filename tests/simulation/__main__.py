"""Runs one simulation: `python -m tests.simulation --seed 7 --actions 20000`."""

import argparse
import sys
from itertools import islice

from rich.console import Console

from tests.simulation.play import differences, play

SHOWN = 20


def main() -> int:
    """Play a seed and print the first differences; 1 when there is any."""
    parser = argparse.ArgumentParser(description="The engine against the naive book, from a seed.")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--actions", type=int, default=20_000)
    asked = parser.parse_args()
    world = play(asked.seed, asked.actions)
    found = list(islice(differences(world), SHOWN))
    console = Console(soft_wrap=True, markup=False, highlight=False)
    console.print(
        f"seed {asked.seed}: {asked.actions} records, {len(world.turns)} turns, "
        f"{world.deaths} deaths, {len(found)}{'+' if len(found) == SHOWN else ''} differences"
    )
    for difference in found:
        console.print(difference)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
