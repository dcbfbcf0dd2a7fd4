"""`laurel worker`: one worker in this process, or the jobs once."""

import asyncio
import logging
from collections import Counter
from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table

from cli.addresses import FOLDER, Folder, Place, find
from cli.commands import examples
from cli.console import console
from cli.refusals import Refusal
from cli.worker_start import check
from processors.logs import write_logs
from processors.stream.last_words import die
from processors.worker import run
from schemas import moments

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


class Kind(StrEnum):
    """What a worker does."""

    SCORING = "scoring"
    BOARDS = "boards"
    LEDGER = "ledger"
    JOBS = "jobs"


@app.command(
    epilog=examples(
        "laurel worker scoring",
        "LAUREL_WORKER_ID=2 LAUREL_WEB_PORT=6067 laurel worker scoring",
        "laurel worker jobs --once --at 2026-01-05T00:06:00Z",
    )
)
def worker(
    kind: Annotated[
        Kind,
        typer.Argument(
            help="scoring decides; boards and ledger project; jobs say what the clock starts."
        ),
    ],
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Do every job once, say what it did, and end.")
    ] = False,
    at: Annotated[
        str | None,
        typer.Option("--at", help="The jobs' clock, RFC 3339 with zone; now if not given."),
    ] = None,
    folder: Folder = FOLDER,
) -> None:
    """Run one worker until SIGTERM; something wrong ends it with code 70, to be restarted.

    LAUREL_WORKER_ID is its name among its kind, which it keeps over restarts. LAUREL_WEB_PORT is
    where its status page is. `--once` is for the jobs: what is due at a moment is done and told.
    """
    place = find(folder)
    if not once and at is None:
        _check_or_die(place, kind)
        run(kind.value, place.settings)
    elif once and kind is Kind.JOBS:
        check(place, kind)
        from processors.jobs.worker import once as do_once  # noqa: PLC0415 - workers need not wait for it

        console.print(_told(asyncio.run(do_once(place.settings, _moment(at)))))
    else:
        raise Refusal("--once is for the jobs, and --at for --once", "laurel worker jobs --once")


def _check_or_die(place: Place, kind: Kind) -> None:
    """End as a worker ends that goes wrong later: whoever supervises it knows one such end."""
    write_logs(place.settings.log_format)
    # Of a broker that is away we tell once, not the client at every address of it.
    client = logging.getLogger("aiokafka")
    level = client.level
    client.setLevel(logging.CRITICAL)
    try:
        check(place, kind)
    except Refusal as refusal:
        die(f"the {kind} worker cannot start: {refusal.what}", advice=refusal.advice)
    client.setLevel(level)


def _moment(text: str | None) -> int | None:
    try:
        return None if text is None else moments.read(text)
    except ValueError as error:
        raise Refusal(f"--at: {error}", "like 2026-01-05T00:06:00Z") from error


def _told(done: dict[str, Counter[str]]) -> Table:
    """Lay out what each job did."""
    table = Table(box=None, header_style="dim")
    for name in ("job", "did"):
        table.add_column(name)
    for job, counts in done.items():
        did = ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items()))
        table.add_row(job, did or "nothing was due", style=None if did else "dim")
    return table
