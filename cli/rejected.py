"""`laurel rejected`: list records that were no valid actions, and send them again."""

import asyncio
from base64 import b64decode
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
from cli.refusals import Refusal
from schemas.results import Rejected, RejectedRecord
from schemas.wire import REKEYED

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode="rich")

_decode = msgspec.json.Decoder(RejectedRecord).decode

Reason = Annotated[Rejected | None, typer.Option("--reason", help="Only those of this reason.")]


class Original(NamedTuple):
    """A rejected record with the key it came with; what is needed to send it again."""

    said: RejectedRecord
    key: bytes | None

    @property
    def value(self) -> bytes:
        """The bytes it came with."""
        if self.said.value_base64 is not None:
            return b64decode(self.said.value_base64)
        return (self.said.value or "").encode()

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """The headers it came with; the mark of a re-keyed record is Laurel's own and left out."""
        given = self.said.headers.items()
        return [(name, text.encode()) for name, text in given if name != REKEYED]

    @property
    def is_cut(self) -> bool:
        """Tell whether its bytes were too many to be repeated, so that there is nothing to send."""
        return self.said.value is None and self.said.value_base64 is None

    def is_ours(self, internal_topic: str) -> bool:
        """Tell whether Laurel itself said it, so that it does not belong on `actions`."""
        return self.said.topic == internal_topic and REKEYED not in self.said.headers


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
    """
    if not ids and reason is None:
        raise Refusal("say which: ids, or a reason", "`laurel rejected list` shows both")
    sent, ours, cut = asyncio.run(_retry(find(folder), ids, reason))
    console.print(f"sent {sent:,} records again")
    if ours:
        console.print(f"left {ours:,} that Laurel itself said: their cause is a fault to report")
    if cut:
        console.print(
            f"left {cut:,} whose bytes were too many to be kept: who sent them has to send them "
            "again, mended; each id says the partition and offset where the record stands"
        )


def table(found: Collection[Original]) -> Table:
    """Show rejected records for people."""
    shown = Table("when", "reason", "id", "what", box=None, pad_edge=False, header_style="dim")
    for one in found:
        said = one.said
        shown.add_row(said.append_time[:19].replace("T", " "), said.reason, said.id, said.message)
    return shown


async def _latest(place: Place, reason: Rejected | None, last: int) -> list[Original]:
    found = [one async for one in _read(place) if reason is None or one.said.reason == reason]
    return sorted(found, key=lambda one: one.said.append_time)[-last:]


async def _retry(
    place: Place, ids: Collection[str] | None, reason: Rejected | None
) -> tuple[int, int, int]:
    """Send again what is asked for; give how many were sent, left as ours, and left as cut."""
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
    whole = [one for one in theirs if not one.is_cut]
    async with kafka.producer(place) as producer:
        delivery = Delivery(producer, place.settings.topic("actions"))
        for one in whole:
            await delivery.send(one.said.id, one.value, one.key, one.headers)
        sent = await delivery.arrived()
    return sent, len(chosen) - len(theirs), len(theirs) - len(whole)


async def _read(place: Place) -> AsyncIterator[Original]:
    """Give every rejected record that is kept."""
    wanted = await kafka.partitions(place, place.settings.topic("actions.rejected"))
    async with kafka.consumer(place) as client:
        async for record in kafka.read_all(client, wanted):
            yield Original(_decode(record.value), record.key)
