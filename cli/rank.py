"""`laurel rank`: where a member stands on a board, and what it would take to stand better."""

import asyncio
from typing import Annotated, Any

import orjson
import typer
from rich.table import Table
from rich.text import Text

from cli.addresses import FOLDER, Folder, Place, find
from cli.boards import absent, boards, present, score_as, table
from cli.commands import examples
from cli.console import console
from schemas import moments
from sinks.board_calls import Board
from sinks.board_ranks import Entry, Target, standing
from sinks.board_reads import Ranked, Unranked, rank_of

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command(
    epilog=examples(
        "laurel rank loyalty u-123",
        "laurel rank loyalty u-123 --board region:US --period weekly --around 2",
        "laurel rank loyalty u-123 --json",
    )
)
def rank(
    program: Annotated[str, typer.Argument(help="Whose board, like loyalty.")],
    user: Annotated[str, typer.Argument(help="A member.")],
    *,
    board: Annotated[
        str, typer.Option("--board", help="Like global, region:US or tier:GOLD.")
    ] = "global",
    period: Annotated[
        str,
        typer.Option("--period", help="Like weekly:2025-W49; weekly alone is the present week."),
    ] = "all_time",
    around: Annotated[
        int, typer.Option("--around", "-n", min=0, help="So many neighbours on either side.")
    ] = 5,
    competition: Annotated[
        bool, typer.Option("--competition", help="Equal scores share a rank: 1, 2, 2, 4.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
    folder: Folder = FOLDER,
) -> None:
    """Show a member's rank on a board, its neighbours, and what the next rank would take.

    Scores in JSON are of the smallest unit.
    """
    name, found, called, scale = asyncio.run(
        _read(find(folder), program, user, (board, period), around, competition=competition)
    )
    if as_json:
        said = {"program": program, "board": name[0], "period": name[1]} | document(found, called)
        typer.echo(orjson.dumps(said, default=float).decode())
        return
    console.print(f"{user} on {program} {name[0]} {name[1]}", style="bold")
    console.print(summary(found, called, scale))
    console.print(table([found.around], user, scale))


async def _read(
    place: Place, program: str, user: str, board: Board, around: int, *, competition: bool
) -> tuple[Board, Ranked, str | None, int]:
    """Give the board's full name, the member on it, what its standing is called, and the decimals."""
    now = await present(place, program)
    name = board[0], now.period(board[1])
    async with boards(place, place.settings.redis_read or place.settings.redis) as redis:
        found = await rank_of(
            *(redis, program, name, user),
            around=around,
            competition=competition,
            ties=now.row(name[0]).get("ties", "reached"),
            today=now.day,
        )
    if isinstance(found, Unranked):
        raise absent(program, now, name, user, found)
    bands = now.rules.get("standings", {})
    called = standing(found.own.rank, found.participants, bands)
    return name, found, called, now.scale(name[0])


def summary(found: Ranked, called: str | None, scale: int) -> Table:
    """Show rank and score, and what better ranks would take."""
    shown = Table(box=None, show_header=False, pad_edge=False)
    shown.add_column(style="dim")
    shown.add_row("rank", f"{found.own.rank:,} of {found.participants:,}")
    shown.add_row("score", score_as(found.own.score, scale))
    shown.add_row("standing", f"top {found.top_percent} %" + (f", {called}" if called else ""))
    for name, target in (("next rank", found.next_rank), ("milestone", found.next_milestone)):
        if target is not None:
            shown.add_row(name, Text(_sentence(target, scale)))
    return shown


def document(found: Ranked, called: str | None) -> dict[str, Any]:
    """Give everything as JSON has it; what there is none of is null."""
    return _entry(found.own) | {
        "participants": found.participants,
        "top_percent": found.top_percent,
        "standing": called,
        "next_rank": found.next_rank and found.next_rank._asdict(),
        "next_milestone": found.next_milestone and found.next_milestone._asdict(),
        "around": [_entry(one) for one in found.around],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return entry._asdict() | {"reached": moments.write(entry.reached)}


def _sentence(target: Target, scale: int) -> str:
    holder = f"{target.user_id} with {score_as(target.score, scale)}"
    return f"{target.rank:,} takes {score_as(target.points, scale)} more; {holder} has it"
