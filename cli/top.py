"""`laurel top`: the top of a board, or any other stretch of it."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import typer

from cli.addresses import FOLDER, Folder, Place, find
from cli.boards import KINDS, Present, absent, boards, names, present, table
from cli.commands import examples
from cli.console import console
from cli.in_force import counted
from cli.refusals import Refusal
from sinks.board_calls import Board
from sinks.board_ranks import Entry
from sinks.board_reads import Ranked, Unranked, participants, rank_of
from sinks.board_reads import top as read_top

app = typer.Typer(add_completion=False, rich_markup_mode="rich")

_LISTED = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """Which stretch of a board is to be shown."""

    count: int
    after: int
    user: str | None
    around: str | None
    competition: bool


@app.command(
    epilog=examples(
        "laurel top global weekly",
        "laurel top region:US all_time --count 3 --user u-123",
        "laurel top global weekly:2025-W49 --after 100 --competition",
        "laurel top global --around u-123 --count 5",
    )
)
def top(
    board: Annotated[str, typer.Argument(help="Like global, region:US or tier:GOLD.")] = "global",
    period: Annotated[
        str, typer.Argument(help="Like weekly:2025-W49; weekly alone is the present week.")
    ] = "all_time",
    *,
    program: Annotated[str, typer.Option("--program", help="Whose board.")] = "loyalty",
    count: Annotated[
        int,
        typer.Option(
            "--count", "-n", min=1, help="So many of the best; with --around, on either side."
        ),
    ] = 10,
    after: Annotated[int, typer.Option("--after", min=0, help="Leave out so many first.")] = 0,
    user: Annotated[str | None, typer.Option("--user", help="And where this member is.")] = None,
    around: Annotated[
        str | None, typer.Option("--around", help="Those beside this member instead.")
    ] = None,
    competition: Annotated[
        bool, typer.Option("--competition", help="Equal scores share a rank: 1, 2, 2, 4.")
    ] = False,
    folder: Folder = FOLDER,
) -> None:
    """Show who leads on a board, or who stands anywhere else on it."""
    if around is not None and (after or user):
        raise Refusal("--around is a stretch of its own: it goes with neither --after nor --user")
    asked = Asked(count, after, user, around, competition)
    asyncio.run(_top(find(folder), program, (board, period), asked))


async def _top(place: Place, program: str, board: Board, asked: Asked) -> None:
    own: Ranked | Unranked | None = None
    async with boards(place, place.settings.redis_read or place.settings.redis) as redis:
        await redis.ping()
        now = await present(place, program)
        name, today = (board[0], now.period(board[1])), now.day if board[1] in KINDS else None
        people = await participants(redis, program, name)
        if not people:
            raise _nobody(program, now, name, await names(redis, program))
        look = partial(rank_of, redis, program, name, competition=asked.competition, today=today)
        if asked.around is not None:
            own = await look(asked.around, around=asked.count)
            if isinstance(own, Unranked):
                raise absent(program, now, name, asked.around, own)
            parts = [own.around]
        else:
            entries = await read_top(
                *(redis, program, name, asked.count),
                after=asked.after,
                competition=asked.competition,
                today=today,
            )
            own = await look(asked.user) if asked.user is not None else None
            parts = stretches(entries, own.own if isinstance(own, Ranked) else None)
    console.print(f"{program} {name[0]} {name[1]}, {counted(people, 'member')}", style="bold")
    console.print(table(parts, asked.around or asked.user, now.scale(name[0])))
    if asked.user is not None and isinstance(own, Unranked):
        console.print(absent(program, now, name, asked.user, own).what)


def stretches(entries: list[Entry], own: Entry | None) -> list[list[Entry]]:
    """Put an entry before or behind others, apart from them unless their ranks are neighbours."""
    if own is None or own in entries:
        return [entries]
    if not entries:
        return [[own]]
    first, second = ([own], entries) if own.rank < entries[0].rank else (entries, [own])
    return [first + second] if second[0].rank <= first[-1].rank + 1 else [first, second]


def _nobody(program: str, now: Present, name: Board, others: list[Board]) -> Refusal:
    there = ", ".join(f"{board} {period}" for board, period in others[:_LISTED])
    there += f" and {len(others) - _LISTED} more" if len(others) > _LISTED else ""
    return now.lacks(program, name[0]) or Refusal(
        f"nobody stands on {program} {name[0]} {name[1]}",
        f"boards with members are: {there}" if there else f"no board of {program} has members yet",
    )
