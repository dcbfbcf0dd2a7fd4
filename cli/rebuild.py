"""`laurel rebuild`: make a projection anew from the log, while it is read and written."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated

import asyncpg
import typer
from aiokafka import TopicPartition
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from cli import kafka
from cli.addresses import FOLDER, Folder, Place, find
from cli.boards import boards
from cli.commands import examples
from cli.console import console, errors
from cli.refusals import Refusal
from processors import ledger
from processors.boards import TOPIC
from processors.rebuild_boards import rebuild_boards
from processors.rebuild_ledger import rebuild_ledger
from sinks.board_rebuild import SupersededError, known_programs
from sinks.ledger_rebuild import OccupiedError
from sinks.migrate import MigrationError
from sinks.positions import Assigned, LostRecordsError, Partition

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode="rich")

Told = Callable[[int, int], None]


@app.callback()
def _rebuild() -> None:
    """Make a projection anew from the log; it is read and written meanwhile."""


@app.command("boards", epilog=examples("laurel rebuild boards", "laurel rebuild boards loyalty"))
def boards_command(
    programs: Annotated[
        list[str] | None, typer.Argument(help="All there are if not given.")
    ] = None,
    *,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask where the log lost its beginning.")
    ] = False,
    folder: Folder = FOLDER,
) -> None:
    """Make boards anew from `rewards.earned`, beside those there are, and switch to them.

    Reads go on and find the boards as they were until the switch, which takes milliseconds; the boards
    projector waits for about a second before it. Nothing is told to subscribers again. An emptied Redis
    gets its boards back in the same way. Broken off, call it again.
    """
    place = find(folder)
    assigned = asyncio.run(_assigned(place, programs or None))
    lost = {tp: known.first for tp, known in assigned.items() if known.first > 0}
    for (topic, number), first in lost.items():
        console.print(f"{topic} {number} begins at {first:,}: no board will have what was before")
    if lost and not yes:
        typer.confirm("Go on?", abort=True)
    with _progress("boards") as told:
        done = asyncio.run(_boards(place, assigned, programs or None, told))
    console.print(f"the boards of {', '.join(done) or 'no program'} are made anew")


@app.command("ledger", epilog=examples("laurel rebuild ledger"))
def ledger_command(folder: Folder = FOLDER) -> None:
    """Make the tables in PostgreSQL anew from their topics, beside those there are, and switch to them.

    Reads go on and find the tables as they were until the switch, which takes milliseconds; the ledger
    projector waits for about a second before it. Rows of records that their topics no longer have are
    carried over, ranks at closes stay. Broken off, call it again.
    """
    place = find(folder)
    with _progress("ledger") as told:
        asyncio.run(_ledger(place, told))
    console.print("the ledger is made anew")


async def _assigned(place: Place, programs: list[str] | None) -> dict[Partition, Assigned]:
    """Give what Kafka knows of the postings. Raises Refusal for a program without boards."""
    async with boards(place, place.settings.redis) as redis:
        known = await known_programs(redis)
    for program in programs or ():
        if program not in known:
            there = f"those with boards are: {', '.join(known)}" if known else "none has any"
            raise Refusal(f"{program} has no boards", there)
    wanted = await kafka.partitions(place, place.settings.topic(TOPIC))
    committed = await kafka.committed(place, place.settings.group("boards"))
    async with kafka.replay(place) as log:
        firsts = await log.firsts([(*tp,) for tp in wanted])
    return {at: Assigned(first, committed.get(TopicPartition(*at))) for at, first in firsts.items()}


async def _boards(
    place: Place, assigned: dict[Partition, Assigned], programs: list[str] | None, told: Told
) -> list[str]:
    async with boards(place, place.settings.redis) as redis, kafka.replay(place) as log:
        try:
            return await rebuild_boards(redis, log, assigned, programs, told)
        except SupersededError as error:
            raise Refusal(str(error), "wait for it, or call this again to take over") from error
        except LostRecordsError as error:
            raise Refusal(str(error)) from error


async def _ledger(place: Place, told: Told) -> None:
    settings = place.settings
    wanted = await kafka.partitions(place, *map(settings.topic, ledger.TOPICS))
    async with kafka.replay(place) as log, _postgres(place):
        partitions: list[Partition] = [(*tp,) for tp in wanted]
        await rebuild_ledger(settings.postgres, log, partitions, settings.topic_prefix, told)


@asynccontextmanager
async def _postgres(place: Place) -> AsyncIterator[None]:
    """Turn what PostgreSQL refuses into refusals."""
    try:
        yield
    except OccupiedError as error:
        raise Refusal(str(error), "nothing was changed: call this again later") from error
    except (LostRecordsError, MigrationError) as error:
        raise Refusal(str(error)) from error
    except asyncpg.DependentObjectsStillExistError as error:
        advice = "drop these views, and make them again afterwards"
        raise Refusal(f"PostgreSQL refused: {error}: {error.detail}", advice) from error
    except asyncpg.PostgresError as error:
        raise Refusal(f"PostgreSQL refused: {error}") from error
    except (OSError, TimeoutError, asyncpg.InterfaceError) as error:
        raise place.silent("postgres", error) from error


@contextmanager
def _progress(what: str) -> Iterator[Told]:
    """Show how far reading is, and how fast; in the end one line of it stays."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    began, done = time.monotonic(), 0
    with Progress(
        *columns, _Rate(), TimeRemainingColumn(), console=errors, transient=True
    ) as screen:
        task = screen.add_task(what, total=None)

        def told(so_far: int, total: int) -> None:
            nonlocal done
            done = so_far
            screen.update(task, completed=so_far, total=total)

        yield told
    seconds = time.monotonic() - began
    console.print(f"{done:,} offsets in {seconds:.1f} s, {done / seconds:,.0f}/s")


class _Rate(ProgressColumn):
    """Offsets a second."""

    def render(self, task: Task) -> Text:
        """Show the rate of the last moments."""
        return Text(f"{task.speed or 0:,.0f}/s")
