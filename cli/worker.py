"""`laurel worker`: one worker in this process."""

from enum import StrEnum
from typing import Annotated

import typer

from cli.addresses import FOLDER, Folder, find
from cli.commands import examples
from processors.worker import run

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
    )
)
def worker(
    kind: Annotated[Kind, typer.Argument(help="scoring decides; boards and ledger project.")],
    folder: Folder = FOLDER,
) -> None:
    """Run one Faust worker until SIGTERM; something wrong ends it with code 70, to be restarted.

    LAUREL_WORKER_ID is its name among its kind, which it keeps over restarts. LAUREL_WEB_PORT is
    where its status page is.
    """
    run(kind.value, find(folder).settings)
