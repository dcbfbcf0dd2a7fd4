"""`laurel run`: the whole of Laurel on one machine, in the order in which it comes up and goes down."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from cli.addresses import FOLDER, Place, settings_at
from cli.commands import examples
from cli.console import console
from cli.program_files import PROGRAMS
from cli.refusals import Refusal
from cli.running import Plan, Running
from cli.starting import apply_topics, publish_programs
from deploy.embedded import Embedded, StackError
from deploy.embedded.priority import give_way
from deploy.embedded.progress import shown

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command(
    epilog=examples(
        "laurel run",
        "laurel run --rate 1000 --workers 2",
        "LAUREL_KAFKA=broker:9092 laurel run --no-demo",
    )
)
def run(
    *,
    demo: Annotated[
        bool, typer.Option(envvar="DEMO", help="Send the made-up actions of a shop.")
    ] = True,
    folder: Annotated[
        Path,
        typer.Option("--data", "--folder", envvar="LAUREL_DATA", help="Where all state lives."),
    ] = FOLDER,
    workers: Annotated[int, typer.Option(min=1, help="Scoring workers.")] = 1,
    rate: Annotated[float, typer.Option(min=0.1, help="The demo's actions a second.")] = 200.0,
    seed: Annotated[int, typer.Option(help="What the demo's chance begins with.")] = 1,
    seconds: Annotated[
        float | None, typer.Option("--for", min=0, help="End by itself after so many seconds.")
    ] = None,
) -> None:
    """Start Kafka, Redis, PostgreSQL and Laurel's workers, and show what happens until Ctrl-C.

    Addresses in LAUREL_KAFKA, LAUREL_REDIS and LAUREL_POSTGRES are used instead of starting one's
    own. State stays in the data folder: started again, all goes on where it stood.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    plan = Plan(demo=demo, workers=workers, rate=rate, seed=seed, seconds=seconds)
    with _stack(folder) as place:
        in_force_at = _prepare(place)
        pause = max(0.0, in_force_at - monotonic())
        asyncio.run(Running(place, plan, pause).run())


@contextmanager
def _stack(folder: Path) -> Iterator[Place]:
    """Run what is not configured; give the addresses of all."""
    try:
        with shown(console) as step:
            embedded = Embedded(folder, step=step)
            stack = embedded.start()
    except StackError as error:
        raise Refusal(str(error)) from error
    try:
        if broker := embedded.broker_pid:
            give_way(broker)  # Redis and PostgreSQL answer people.
        yield Place(settings_at(asdict(stack)), folder)
        console.print("stopping Kafka, Redis and PostgreSQL")
    finally:
        embedded.stop()
    console.print("all stopped; `laurel run` goes on where this stood")


def _prepare(place: Place) -> float:
    """Make topics and publish programs; give when they are in force, by the monotonic clock."""
    if created := apply_topics(place):
        console.print(f"made {len(created)} topics")
    published = asyncio.run(publish_programs(place, [PROGRAMS], console.print))
    for version in published:
        console.print(f"published {version.version}")
    return monotonic() + max((version.lead_ms for version in published), default=0) / 1000
