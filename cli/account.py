"""`laurel account`: what an account holds, and how it came to it."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import orjson
import typer
from rich.table import Table
from rich.text import Text

from cli.addresses import FOLDER, Folder, Place, find
from cli.commands import examples
from cli.console import console
from cli.ledger import LedgerLine, account_view, last_lines, ledger
from cli.refusals import Refusal

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


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
    as_json: Annotated[bool, typer.Option("--json", help="Print the account as it is.")] = False,
    folder: Folder = FOLDER,
) -> None:
    """Show an account and the last lines of its ledger, each with why it is what it is."""
    view, lines = asyncio.run(_read(find(folder), program, user, count))
    if as_json:
        typer.echo(orjson.dumps(view).decode())
        return
    console.print(f"{user} in {program}", style="bold", markup=False)
    console.print(summary(view))
    if lines:
        console.print(statement(lines))


async def _read(
    place: Place, program: str, user: str, count: int
) -> tuple[dict[str, Any], list[LedgerLine]]:
    async with ledger(place) as connection:
        view = await account_view(connection, program, user)
        if view is None:
            raise Refusal(
                f"{user} has no account in {program}",
                "it gets one with its first valid action; if there was one, `laurel doctor` shows "
                "how far the ledger is",
            )
        return view, await last_lines(connection, program, user, count)


def summary(view: Mapping[str, Any]) -> Table:
    """Show what an account holds, leaving out what it has nothing of."""
    shown = Table(box=None, show_header=False, pad_edge=False)
    shown.add_column(style="dim")
    for currency, purse in view.get("currencies", {}).items():
        parts = "  ".join(f"{name} {amount:,}" for name, amount in purse.items())
        shown.add_row(currency, parts)
    for name, held in view.items():
        if held and name not in ("currencies", "sequence"):
            shown.add_row(name, Text(_plain(held)))
    return shown


def statement(lines: Iterable[LedgerLine]) -> Table:
    """Show ledger lines, the latest first, each with the steps of its sum."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for name, justify in (("when", "left"), ("points", "right"), ("balance", "right")):
        shown.add_column(name, justify=justify)  # type: ignore[arg-type]
    shown.add_column("action")
    shown.add_column("why")
    for one in lines:
        said = f" ({one.reason})" if one.reason else ""
        kind = f" {one.kind}" if one.kind != "earn" else ""
        shown.add_row(
            one.occurred_at,
            Text(f"{one.points:+,}", style="green" if one.points >= 0 else "red"),
            f"{one.balance:,}",
            Text(f"{one.action}{kind}{said}"),
            Text("  →  ".join(f"{step} = {value}" for step, value in one.why), style="dim"),
        )
    return shown


def _plain(held: object) -> str:
    """Give a part of the view as people would write it."""
    if isinstance(held, Mapping):
        return "  ".join(f"{name} {_plain(value)}" for name, value in held.items())
    if isinstance(held, list):
        return ", ".join(map(_plain, held))
    return str(held)
