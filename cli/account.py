"""`laurel account`: what an account holds, and how it came to it."""

import asyncio
from datetime import timedelta
from typing import Annotated, NamedTuple

import orjson
import typer

from cli.addresses import FOLDER, Folder, Place, find
from cli.commands import examples
from cli.console import console
from cli.in_force import done_by_members, program_now
from cli.ledger import ledger
from cli.portrait import Portrait, as_document, statement, summary
from cli.refusals import Refusal
from cli.versions import now_ms
from schemas.moments import calendar_of
from schemas.programs import Program
from sinks import ledger_reads as asked
from sinks.ledger_reads import ask

app = typer.Typer(add_completion=False, rich_markup_mode="rich")

DAYS = 7
"""Days, today included, whose actions and points are shown."""
PERIODS = 10
"""Closed periods that are shown."""
MOST_RECENT = 100
"""Actions that `--json` prints."""


@app.command(
    epilog=examples("laurel account loyalty u-123", "laurel account loyalty code:WELCOME --json")
)
def account(
    program: Annotated[str, typer.Argument(help="Whose account, like loyalty.")],
    user: Annotated[str, typer.Argument(help="A member, or another subject like code:WELCOME.")],
    *,
    count: Annotated[
        int, typer.Option("--count", "-n", min=0, help="So many lines of the ledger.")
    ] = 10,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the account as it is, and what it did.")
    ] = False,
    folder: Folder = FOLDER,
) -> None:
    """Show an account and the last lines of its ledger, each with why it is what it is.

    Days and hours are those of the program's time zone. Amounts in JSON are of the smallest unit.
    """
    seen = asyncio.run(_read(find(folder), program, user, count))
    if as_json:
        typer.echo(orjson.dumps(as_document(seen.portrait)).decode())
        return
    console.print(f"{user} in {program}", style="bold")
    console.print(summary(seen.portrait, seen.program))
    if seen.lines:
        console.print(statement(seen.lines))


class Seen(NamedTuple):
    """What was read: the account with what it did, its last postings, and its program."""

    portrait: Portrait
    lines: list[asked.LedgerLine]
    program: Program


async def _read(place: Place, name: str, user: str, count: int) -> Seen:
    async with ledger(place) as connection:
        view = await asked.account_view(connection, name, user)
        if view is None:
            await program_now(place, name)  # Of a program that there is not, this says so.
            raise Refusal(
                f"{user} has no account in {name}",
                "it gets one with its first valid action; if there was one, `laurel doctor` shows "
                "how far the ledger is",
            )
        program = await program_now(place, name)
        who, zone = (name, user), program.timezone
        since = calendar_of(zone).date(now_ms()) - timedelta(days=DAYS - 1)
        portrait = Portrait(
            view=view,
            wallet=await ask(connection, asked.WALLET, *who),
            streaks=await ask(connection, asked.STREAKS, *who, zone),
            badges=await ask(connection, asked.BADGES, *who),
            paths=await ask(connection, asked.PATHS, *who),
            totals=await ask(connection, asked.TOTALS, *who),
            expiries=await ask(connection, asked.EXPIRIES, *who, zone),
            actions=await ask(connection, asked.ACTIONS_BY_DAY, *who, zone, since),
            points=await ask(connection, asked.POINTS_BY_DAY, *who, zone, since),
            hours=await ask(connection, asked.ACTIVE_HOURS, *who, zone, done_by_members(program)),
            ranks=await ask(connection, asked.RANKS, *who, PERIODS),
            recent=await ask(connection, asked.RECENT, *who, MOST_RECENT),
        )
        return Seen(portrait, await ask(connection, asked.LINES, *who, count), program)
