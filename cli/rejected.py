"""`laurel rejected`: list records that were no valid actions, and send them again."""

import asyncio
from collections.abc import AsyncIterator, Collection
from typing import Annotated, NamedTuple

import msgspec
import typer
from rich.table import Table

from cli import kafka
from cli.addresses import FOLDER, Folder, Place, find
from cli.commands import examples
from cli.console import console
from cli.delivery import Delivery
from cli.in_force import counted
from cli.originals import Original, told
from cli.refusals import Refusal
from schemas.moments import to_the_second
from schemas.results import Rejected

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode="rich")

Reason = Annotated[Rejected | None, typer.Option("--reason", help="Only those of this reason.")]


class Retried(NamedTuple):
    """What became of the records that were asked for: how many of each kind."""

    sent: int
    retold: int
    """Of those sent, the ones whose headers could not be read where they stood."""
    ours: int
    cut: int


@app.callback()
def _rejected() -> None:
    """List records that were no valid actions, or send them again.

    A rejected record left nothing behind: once the cause is mended its id may still be scored.
    """


@app.command(
    "list",
    epilog=examples("laurel rejected list", "laurel rejected list --reason bad_fact --last 100"),
)
def list_rejected(
    reason: Reason = None,
    last: Annotated[int, typer.Option(min=1, help="So many of the latest.")] = 20,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print records as they are.")] = False,
    folder: Folder = FOLDER,
) -> None:
    """Show rejected records, the latest last, each with the id that `retry` takes."""
    found = asyncio.run(_latest(find(folder), reason, last))
    if as_json:
        for one in found:
            typer.echo(msgspec.json.encode(one.said).decode())
    else:
        console.print(table(found) if found else "nothing was rejected")


@app.command(
    epilog=examples(
        "laurel rejected retry actions/3/1207",
        "laurel rejected retry --reason unknown_program",
    )
)
def retry(
    ids: Annotated[list[str] | None, typer.Argument(help="As `list` shows them.")] = None,
    reason: Reason = None,
    folder: Folder = FOLDER,
) -> None:
    """Send rejected records to `actions` again: the same bytes, key and headers.

    Those without a cause mended are rejected once more. Records that Laurel itself said are left,
    and those whose bytes were too many to be kept.

    Headers are read where the record stands. Once it is deleted there, what `actions.rejected` has
    of them is sent: each name once, with the last value, as text. Names that are no UTF-8 get U+FFFD
    for what is no text.
    """
    if not ids and reason is None:
        raise Refusal("say which: ids, or a reason", "`laurel rejected list` shows both")
    done = asyncio.run(_retry(find(folder), ids, reason))
    console.print(f"sent {counted(done.sent, 'record')} again")
    if done.retold:
        console.print(
            f"{done.retold:,} of them are gone from where they stood: they went with the headers that "
            "`actions.rejected` has"
        )
    if done.ours:
        console.print(
            f"left {done.ours:,} that Laurel itself said: their cause is a fault to report"
        )
    if done.cut:
        console.print(
            f"left {done.cut:,} whose bytes were too many to be kept: who sent them has to send them "
            "again, mended; each id says the partition and offset where the record stands"
        )


def table(found: Collection[Original]) -> Table:
    """Show rejected records for people."""
    shown = Table("when", "reason", "id", "what", box=None, pad_edge=False, header_style="dim")
    for one in found:
        said = one.said
        shown.add_row(to_the_second(said.append_time), said.reason, said.id, said.message)
    return shown


async def _latest(place: Place, reason: Rejected | None, last: int) -> list[Original]:
    found = [one async for one in _read(place) if reason is None or one.said.reason == reason]
    return sorted(found, key=lambda one: one.said.append_time)[-last:]


async def _retry(place: Place, ids: Collection[str] | None, reason: Rejected | None) -> Retried:
    """Send again what is asked for, but what is ours or cut."""
    chosen = [
        one
        async for one in _read(place)
        if (not ids or one.said.id in ids) and (reason is None or one.said.reason == reason)
    ]
    missing = sorted(set(ids or ()) - {one.said.id for one in chosen})
    if missing:
        raise Refusal(
            f"no such rejected record: {', '.join(missing)}", "`laurel rejected list` shows the ids"
        )
    internal = place.settings.topic("actions.internal")
    theirs = [one for one in chosen if not one.is_ours(internal)]
    kept = [one for one in theirs if not one.is_cut]
    sent, retold = await _send(place, kept)
    return Retried(sent, retold, len(chosen) - len(theirs), len(theirs) - len(kept))


async def _send(place: Place, records: Collection[Original]) -> tuple[int, int]:
    """Send records; give how many, and how many of them only as they were told."""
    actions = place.settings.topic("actions")
    there = set(await kafka.partitions(place, actions, place.settings.topic("actions.internal")))
    retold = 0
    reading = kafka.consumer(place, auto_offset_reset="none", max_partition_fetch_bytes=1)
    async with kafka.producer(place) as producer, reading as reader:
        delivery = Delivery(producer, actions)
        for one in records:
            stands = None
            if not one.is_whole and one.place in there:
                stands = await kafka.record_at(reader, one.place, one.said.offset)
            again = one.again(stands)
            retold += not again.is_exact
            await delivery.send(one.said.id, again.value, one.key, again.headers)
        return await delivery.arrived(), retold


async def _read(place: Place) -> AsyncIterator[Original]:
    """Give every rejected record that is kept."""
    wanted = await kafka.partitions(place, place.settings.topic("actions.rejected"))
    async with kafka.consumer(place) as client:
        async for record in kafka.read_all(client, wanted):
            yield told(record)
