"""How fast the two projectors are, each beside the way of the seeds' code in the same run.

    python -m bench.sinks [--members 1000000] [--seconds 10] [--boards 1 4 9]

Redis and PostgreSQL are started on a folder of their own; Kafka takes no part: a projector is given
runs of postings as its worker gets them, and what it publishes is encoded and dropped.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

from rich.console import Console

from bench.results import Table
from bench.sink_boards import compare_boards
from bench.sink_ledger import compare_ledger
from deploy.embedded import Embedded
from deploy.embedded.folder import remove


async def measure(said: argparse.Namespace) -> list[Table]:
    """Start the stack, measure, and remove it."""
    data = Path(tempfile.mkdtemp(prefix="laurel-bench-sinks-"))
    embedded = Embedded(data)
    try:
        stack = await asyncio.to_thread(embedded.start)
        await asyncio.to_thread(embedded.servers["kafka"].stop)
        return [
            await compare_boards(stack.redis, said.members, said.boards, said.seconds),
            await compare_ledger(stack.postgres, said.seconds),
        ]
    finally:
        await asyncio.to_thread(embedded.stop)
        remove(data)


def main() -> None:
    """Measure and print two tables."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--members", type=int, default=1_000_000, help="on every board")
    arguments.add_argument("--boards", type=int, nargs="+", default=[1, 4, 9], help="per posting")
    arguments.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    console = Console(width=110, highlight=False)
    for table in asyncio.run(measure(arguments.parse_args())):
        table.show(console)


if __name__ == "__main__":
    main()
