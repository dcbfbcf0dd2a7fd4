"""`laurel import`: moving in from another system, with a report of what differs afterwards."""

import asyncio
from decimal import Decimal
from time import monotonic
from typing import Annotated, Any, BinaryIO

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from cli import kafka
from cli.addresses import FOLDER, Folder, Place, find
from cli.commands import examples
from cli.console import console, errors
from cli.delivery import Delivery
from cli.in_force import counted
from cli.ledger import ledger
from cli.members_file import Member, read_members
from cli.refusals import Refusal
from cli.versions import in_force, now_ms, read_versions
from schemas import moments
from schemas.envelopes import ID_BYTES_MAX
from sinks.migrate import read_migrations, version

app = typer.Typer(add_completion=False, rich_markup_mode="rich")

SHOWN = 50
"""Differences that are printed; the rest is counted."""

_OPENED = """
    SELECT subject, view FROM accounts WHERE program = $1 AND subject = ANY($2::text[])
"""
_DECLINED = """
    SELECT DISTINCT ON (user_id) user_id, reason, message FROM declined
    WHERE program = $1 AND user_id = ANY($2::text[])
      AND action_id IN ('opening-' || user_id, 'opening')
      AND reason <> 'duplicate' ORDER BY user_id, occurred_at DESC
"""


@app.command(
    epilog=examples(
        "laurel import members.csv --program loyalty",
        "laurel import members.ndjson --program forum --timeout 120",
        "laurel import members.csv --program loyalty --only-compare",
    )
)
def import_members(
    file: Annotated[
        typer.FileBinaryRead, typer.Argument(help="CSV with a header, or a JSON object a line.")
    ],
    *,
    program: Annotated[str, typer.Option("--program", help="Where they move in.")],
    only_compare: Annotated[
        bool, typer.Option("--only-compare", help="Send nothing, only compare.")
    ] = False,
    patience: Annotated[
        float, typer.Option("--timeout", help="Seconds to wait for the ledger.")
    ] = 60.0,
    folder: Folder = FOLDER,
) -> None:
    """Send an OPENING for every member of a file, then compare the accounts with the file.

    A member is named by the column user_id; balance and lifetime are of the program's first currency,
    balance.dgt of another, and steps.tier, badges.NAME, streaks.NAME, counts.ACTION say the rest. As
    JSON: {"user_id": "u-1", "balances": {"points": 120}, "lots": {"points": [[30, "2026-01-01"]]}}.
    Sending a file again moves nobody in twice. Ends with code 1 where something differs.
    """
    differs = asyncio.run(_import(find(folder), file, program, patience, only_compare=only_compare))
    raise typer.Exit(int(differs))


async def _import(
    place: Place,
    file: BinaryIO,
    program: str,
    patience: float,
    *,
    only_compare: bool,
) -> bool:
    document = await _document(place, program)
    if (document["actions"].get("OPENING") or {}).get("effect") != "opening":
        raise Refusal(
            f"nobody can move in: {program} has no OPENING",
            "give its file `OPENING: {origin: service, effect: opening}`",
        )
    currencies = document["currencies"]
    members = list(read_members(file, next(iter(currencies))))
    if not only_compare:
        await _send(place, program, members)
    scales = {name: int((said or {}).get("scale", 0)) for name, said in currencies.items()}
    found = await _compared(place, program, members, scales, patience)
    if not found:
        console.print(f"{counted(len(members), 'member')} in {program}: all is as the file says")
        return False
    table = Table("line", "user_id", "what", "file", "account", title="What differs")
    for row in found[:SHOWN]:
        table.add_row(*map(Text, row))
    console.print(table)
    shown = f"; the first {SHOWN} are shown" if len(found) > SHOWN else ""
    errors.print(f"{counted(len(found), 'difference')}{shown}")
    return True


async def _document(place: Place, program: str) -> dict[str, Any]:
    now = now_ms()
    found = in_force(await read_versions(place), program, now, now)
    if found is None or found.version.document is None:
        raise Refusal(
            f"no version of {program} is in force", "publish it first: `laurel rules publish`"
        )
    document: dict[str, Any] = found.version.document
    return document


async def _send(place: Place, program: str, members: list[Member]) -> None:
    """Send the openings."""
    topic, now = place.settings.topic("actions"), moments.write(now_ms())
    columns = (TextColumn("moving in"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=errors) as shown:
        task = shown.add_task("", total=len(members))
        async with kafka.producer(place) as producer:
            delivery = Delivery(producer, topic)
            for member in members:
                user = member.user_id
                body = opening(program, member, now)
                await delivery.send(user, orjson.dumps(body), user.encode())
                shown.advance(task)
            await delivery.arrived()


def opening(program: str, member: Member, occurred_at: str) -> dict[str, object]:
    """Make the action with which a member moves in; a file may be sent again, as its id stays the same.

    It is made of the member's id. Where that leaves no room it is the same for all: an id counts for one member.
    """
    own = f"opening-{member.user_id}"
    return {
        "id": own if len(own.encode()) <= ID_BYTES_MAX else "opening",
        "program": program,
        "user_id": member.user_id,
        "type": "OPENING",
        "occurred_at": occurred_at,
        "data": member.facts,
    }


Difference = tuple[str, str, str, str, str]


async def _compared(
    place: Place,
    program: str,
    members: list[Member],
    scales: dict[str, int],
    patience: float,
) -> list[Difference]:
    """Compare until all is alike or the time is up; return what differs then."""
    deadline = monotonic() + patience
    names, newest = [member.user_id for member in members], len(read_migrations())
    async with ledger(place) as connection:
        while True:
            # A ledger worker that was started just now is still at making its tables.
            if await version(connection) < newest and monotonic() < deadline:
                await asyncio.sleep(0.5)
                continue
            rows = await connection.fetch(_OPENED, program, names)
            views = {row["subject"]: orjson.loads(row["view"]) for row in rows}
            found = [
                difference
                for member in members
                for difference in differences(member, views.get(member.user_id), scales)
            ]
            if not found or monotonic() > deadline:
                declined = await connection.fetch(_DECLINED, program, names)
                why = {row["user_id"]: f"{row['reason']}: {row['message']}" for row in declined}
                return [_explained(difference, why) for difference in found]
            await asyncio.sleep(0.5)


def _explained(difference: Difference, why: dict[str, str]) -> Difference:
    line, user_id, what, told, there = difference
    return (line, user_id, what, told, f"{there} ({why[user_id]})" if user_id in why else there)


def differences(
    member: Member, view: dict[str, Any] | None, scales: dict[str, int]
) -> list[Difference]:
    """Return where an account is otherwise than a file says: balances, lifetimes, steps, badges, streaks."""
    where = (str(member.line), member.user_id)
    if view is None:
        return [(*where, "account", "moves in", "is not there")]
    found = []
    for group, column in (("balances", "balance"), ("lifetimes", "lifetime")):
        for currency, told in member.facts.get(group, {}).items():
            purse = view["currencies"].get(currency, {})
            there = Decimal(purse.get(column, 0)).scaleb(-scales.get(currency, 0))
            if Decimal(str(told)) != there:
                found.append((*where, f"{column} of {currency}", str(told), f"{there:f}"))
    for group in ("steps", "badges", "streaks", "counts"):
        for name, told in member.facts.get(group, {}).items():
            stands = (view.get(group) or {}).get(name)
            if str(told) != str(stands):
                found.append((*where, f"{group} {name}", str(told), str(stands)))
    return found
