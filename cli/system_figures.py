"""`laurel figures`: how a whole program is doing."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

import orjson
import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.addresses import FOLDER, Folder, Place, find
from cli.commands import examples
from cli.console import console
from cli.in_force import amount, counted, done_by_members, ladders, program_now, scales
from cli.ledger import ledger
from cli.versions import now_ms
from processors.engine.numbers import nearest
from schemas.moments import calendar_of
from schemas.programs import Program
from sinks import ledger_figures as asked
from sinks.ledger_reads import ask

app = typer.Typer(add_completion=False, rich_markup_mode="rich")

_SECONDS = 120
"""A figure may take so long: it may have to read every row of some months."""
_MEMORY = "SET LOCAL work_mem = '64MB'"
"""Actions of some days are counted apart: the more memory, the fewer are sorted on disk."""


@dataclass(frozen=True, slots=True)
class Figures:
    """A program's figures; each is the rows of one question (sinks/ledger_figures.py)."""

    members: list[asked.Members]
    circulation: list[asked.Circulation]
    active: list[asked.ActiveDay]
    economy: list[asked.DayEconomy]
    triggered: list[asked.Triggered]
    levels: list[asked.StepHeld]
    paths: list[asked.PathTaken]
    top: list[asked.TopMember]


@app.command(epilog=examples("laurel figures loyalty", "laurel figures forum --days 30 --json"))
def figures(
    program: Annotated[str, typer.Argument(help="Whose figures, like loyalty.")],
    *,
    days: Annotated[
        int, typer.Option("--days", min=1, max=366, help="Look at so many days, today included.")
    ] = 7,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="So many of the most.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    folder: Folder = FOLDER,
) -> None:
    """Show how a program is doing: members and points, active days, what was given and taken, levels.

    Days are those of the program's time zone. Amounts in JSON are of the smallest unit.
    """
    found, rules = asyncio.run(_read(find(folder), program, days, count))
    if as_json:
        typer.echo(orjson.dumps(as_document(found)).decode())
    else:
        console.print(screen(found, rules))


async def _read(place: Place, name: str, days: int, count: int) -> tuple[Figures, Program]:
    program = await program_now(place, name)
    zone, own, known = program.timezone, done_by_members(program), ladders(program)
    since = calendar_of(zone).date(now_ms()) - timedelta(days=days - 1)
    currency = next(iter(program.currencies))
    async with (
        ledger(place, _SECONDS) as connection,
        # All figures are of one moment.
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        await connection.execute(_MEMORY)
        found = Figures(
            members=await ask(connection, asked.MEMBERS, name),
            circulation=await ask(connection, asked.CIRCULATION, name),
            active=await ask(connection, asked.ACTIVE_BY_DAY, name, zone, since, own),
            economy=await ask(connection, asked.ECONOMY, name, zone, since),
            triggered=await ask(connection, asked.MOST_TRIGGERED, name, zone, since, count),
            levels=await ask(connection, asked.LEVELS, name, *known),
            paths=await ask(connection, asked.PATH_POPULARITY, name),
            top=await ask(connection, asked.TOP_MEMBERS, name, currency, count),
        )
    return found, program


def as_document(found: Figures) -> dict[str, Any]:
    """Give the figures for other programs: rows by their fields."""
    rows = {name: getattr(found, name) for name in Figures.__slots__}
    document: dict[str, Any] = {name: [row._asdict() for row in rows[name]] for name in rows}
    return document | {"members": found.members[0].members}


Cells = Iterable[tuple[str, ...]]
Shown = Callable[[int, str], str]
"""Writes an amount of a currency."""


def screen(found: Figures, program: Program) -> RenderableType:
    """Lay a program's figures out for people, leaving out what there is nothing of."""
    decimals = scales(program)

    def shown(units: int, currency: str) -> str:
        return amount(units, decimals.get(currency, 0))

    first = next(iter(decimals))
    tables = (
        _table("points", _CIRCULATION, _circulation(found, shown)),
        _table("active", ("day", "members", "actions"), _active(found)),
        _table("economy", ("day", "currency", "given", "taken", "grown"), _economy(found, shown)),
        _table("most triggered", ("action", "times", "members"), _triggered(found)),
        _table("levels", ("ladder", "step", "members"), _levels(found, program)),
        _table("paths", ("path", "members", "primary", "xp"), _paths(found)),
        _table(
            "top members", ("member", "name", f"{first} for life", "now"), _top(found, shown, first)
        ),
    )
    head = counted(found.members[0].members, "member")
    return Group(head, *(table for table in tables if table.row_count))


_CIRCULATION = (
    "currency",
    "members",
    "for life, each",
    "available",
    "held",
    "set aside",
    "earned",
    "spent",
    "expired",
)


def _circulation(found: Figures, shown: Shown) -> Cells:
    for row in found.circulation:
        each = nearest(row.lifetime, row.members)
        there = row.available, row.held, row.reserved, row.earned, row.spent, row.expired
        amounts = (shown(units, row.currency) for units in (each, *there))
        yield row.currency, amount(row.members), *amounts


def _active(found: Figures) -> Cells:
    return ((f"{row.day}", amount(row.members), amount(row.actions)) for row in found.active)


def _economy(found: Figures, shown: Shown) -> Cells:
    for row in found.economy:
        amounts = (shown(units, row.currency) for units in (row.given, row.taken, row.grown))
        yield f"{row.day}", row.currency, *amounts


def _triggered(found: Figures) -> Cells:
    return ((row.action, amount(row.times), amount(row.members)) for row in found.triggered)


def _levels(found: Figures, program: Program) -> Cells:
    def height(row: asked.StepHeld) -> tuple[str, int]:
        names = [step.name for step in program.ladders[row.ladder].steps]
        if row.step in names:
            return row.ladder, names.index(row.step)
        # A level; or a step that only an older version knows, which stands first.
        return row.ladder, int(row.step) if row.step.isdigit() else -1

    for row in sorted(found.levels, key=height):
        yield row.ladder, row.step, amount(row.members)


def _paths(found: Figures) -> Cells:
    return ((row.path, *map(amount, (row.members, row.primary, row.xp))) for row in found.paths)


def _top(found: Figures, shown: Shown, currency: str) -> Cells:
    for row in found.top:
        amounts = (shown(units, currency) for units in (row.lifetime, row.available))
        yield row.user_id, row.username or "", *amounts


_TEXTS = {"day", "currency", "action", "ladder", "step", "path", "member", "name"}
"""Columns that hold words; numbers stand to the right."""


def _table(title: str, columns: Iterable[str], rows: Cells) -> Table:
    shown = Table(box=None, pad_edge=False, header_style="dim", title=title, title_justify="left")
    for column in columns:
        shown.add_column(column, justify="left" if column in _TEXTS else "right")
    for row in rows:
        shown.add_row(*map(Text, row))
    return shown
