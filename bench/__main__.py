"""`python -m bench [SECTION ...]`: measures and writes bench/RESULTS.md.

Sections: scoring (throughput beside the peers), growth (of it with the load), latency, recovery,
engine, programs (deciding for all of them), accounts (what one weighs after a year), sinks, reads (of
boards, beside scoring), rebuild (of boards and ledger); all without a name.
The stack is started on a folder of its own, or taken from LAUREL_KAFKA, LAUREL_REDIS and
LAUREL_POSTGRES. Whatever else runs on the machine is measured too: close it.
"""

import argparse
import asyncio
import logging
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console

from bench import agreement, board_reads, latency, rebuild, recovery, results, scoring, sinks
from bench.load import Load
from bench.results import Table
from bench.stage import DATA, Stage, open_stage

ROOT = Path(__file__).parent.parent


async def _scoring(stage: Stage, said: argparse.Namespace) -> list[Table]:
    load = Load(said.actions, said.members)
    agreed = await agreement.compare(stage, Load(min(20_000, said.actions), 1_000))
    return [await scoring.compare(stage, load, said.faust_actions), agreed]


async def _growth(stage: Stage, said: argparse.Namespace) -> list[Table]:
    return [await scoring.growth(stage, Load(said.actions, said.members))]


async def _latency(stage: Stage, said: argparse.Namespace) -> list[Table]:
    return await latency.run(stage, said.seconds)


async def _recovery(stage: Stage, said: argparse.Namespace) -> list[Table]:
    return await recovery.run(stage, said.members, said.actions)


async def _reads(stage: Stage, said: argparse.Namespace) -> list[Table]:
    return await board_reads.run(stage, said.sink_members, said.seconds)


async def _rebuild(stage: Stage, said: argparse.Namespace) -> list[Table]:
    return await rebuild.run(stage, said.actions, said.members)


ON_STAGE: dict[str, Callable[[Stage, argparse.Namespace], Coroutine[Any, Any, list[Table]]]] = {
    "scoring": _scoring,
    "growth": _growth,
    "latency": _latency,
    "recovery": _recovery,
    "reads": _reads,
    "rebuild": _rebuild,
}


QUOTED = {
    "engine": "bench.engine",
    "programs": "bench.programs",
    "accounts": "tests.simulation.sizes",
}
"""Sections that a program of their own prints."""


def main() -> None:
    """Measure the sections named on the command line."""
    said = _arguments().parse_args()
    console = Console(highlight=False)
    # Like Ctrl-C: whatever was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # It tells of every retry.
    chosen = said.sections or list(results.ORDER)
    on_stage = [name for name in results.ORDER if name in chosen and name in ON_STAGE]
    if on_stage:
        with open_stage(console, said.data) as stage:
            for name in on_stage:
                tables = uvloop.run(ON_STAGE[name](stage, said))
                parts = [*stage.versions, *results.own_versions()]
                _write(name, tables, parts, console)
    for name, module in QUOTED.items():
        if name in chosen:
            results.write(name, _quoted(module, console), results.own_versions())
    if "sinks" in chosen:
        said.members = said.sink_members
        _write("sinks", asyncio.run(sinks.measure(said)), results.own_versions(), console)
    console.print(f"written: {results.RESULTS.relative_to(ROOT)}")


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sections", nargs="*", metavar="SECTION", choices=[*results.ORDER, []])
    parser.add_argument("--actions", type=int, default=1_000_000, help="of each throughput run")
    parser.add_argument("--members", type=int, default=100_000, help="they are drawn from")
    parser.add_argument(
        "--faust-actions", type=int, default=100_000, help="of Faust's run, at most"
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=DATA,
        help="folder of the run's stack; it is removed at the end",
    )
    parser.add_argument(
        "--seconds", type=float, default=20.0, help="of each latency, sink or read run"
    )
    parser.add_argument(
        "--sink-members", type=int, default=1_000_000, help="on every board, for sinks and reads"
    )
    parser.add_argument(
        "--boards", type=int, nargs="+", default=[1, 4, 9], help="per posting, for the sinks"
    )
    return parser


def _write(name: str, tables: list[Table], parts: list[str], console: Console) -> None:
    """Show a section's tables and put them into the file."""
    for table in tables:
        table.show(console)
    results.write(name, "\n".join(table.markdown() for table in tables), parts)


def _quoted(module: str, console: Console) -> str:
    """Run a section's own program; return what it prints, as a block of text."""
    with console.status(f"python -m {module}"):
        done = subprocess.run(
            [sys.executable, "-m", module],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"{module} failed:\n{done.stderr}")
    console.print(done.stdout)
    return f"```\n{done.stdout.strip()}\n```\n"


if __name__ == "__main__":
    main()
