"""`laurel top`: the top of a board."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from cli.addresses import FOLDER, Folder, Place, find
from cli.boards import boards, names, period_name
from cli.commands import examples
from cli.console import console
from cli.refusals import Refusal
from schemas import moments
from sinks.board_calls import Board
from sinks.board_reads import Entry, entry_of, participants
from sinks.board_reads import top as read_top

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command(
    epilog=examples(
        "laurel top global weekly",
        "laurel top region:US all_time --count 3 --user u-123",
        "laurel top global weekly:2025-W49",
    )
)
def top(
    board: Annotated[str, typer.Argument(help="Like global, region:US or tier:GOLD.")] = "global",
    period: Annotated[
        str, typer.Argument(help="Like weekly:2025-W49; weekly alone is the present week.")
    ] = "all_time",
    *,
    program: Annotated[str, typer.Option("--program", help="Whose board.")] = "loyalty",
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="So many of the best.")] = 10,
    user: Annotated[str | None, typer.Option("--user", help="And where this member is.")] = None,
    folder: Folder = FOLDER,
) -> None:
    """Show who leads on a board."""
    asyncio.run(_top(find(folder), program, (board, period), count=count, user=user))


async def _top(place: Place, program: str, board: Board, *, count: int, user: str | None) -> None:
    name = board[0], await period_name(place, program, board[1])
    async with boards(place, place.settings.redis_read or place.settings.redis) as redis:
        entries = await read_top(redis, program, name, count)
        if not entries:
            raise _nobody(program, name, await names(redis, program))
        people = await participants(redis, program, name)
        own = await entry_of(redis, program, name, user) if user is not None else None
    if own is not None and own not in entries:
        entries.append(own)
    console.print(f"{program} {name[0]} {name[1]}, {people:,} members", style="bold")
    console.print(table(entries, user))
    if user is not None and own is None:
        console.print(f"{user} does not stand on it")


def table(entries: Sequence[Entry], user: str | None = None) -> Table:
    """Show entries of a board, that of `user` in bold; a gap in the ranks is shown as a gap."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    shown.add_column("rank", justify="right")
    shown.add_column("member")
    shown.add_column("score", justify="right")
    shown.add_column("reached", style="dim")
    before = 0
    for entry in entries:
        if before and entry.rank > before + 1:
            shown.add_row("…")
        before = entry.rank
        shown.add_row(
            f"{entry.rank:,}",
            entry.user_id,
            f"{entry.score:,}",
            moments.write(entry.reached)[:19].replace("T", " "),
            style="bold" if entry.user_id == user else "",
        )
    return shown


def _nobody(program: str, name: Board, others: list[Board]) -> Refusal:
    there = ", ".join(f"{board} {period}" for board, period in others[:20])
    return Refusal(
        f"nobody stands on {program} {name[0]} {name[1]}",
        f"boards with members are: {there}" if there else f"no board of {program} has members yet",
    )
