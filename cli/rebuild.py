"""`laurel rebuild`: make a projection anew from the log."""

import asyncio
from typing import Annotated, Any

import typer

from cli.addresses import FOLDER, Folder, Place, find
from cli.boards import boards, names
from cli.commands import examples
from cli.console import console
from cli.refusals import Refusal
from sinks import board_store
from sinks.board_clearing import clear

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode="rich")


@app.callback()
def _rebuild() -> None:
    """Make a projection anew from the log."""


@app.command(
    "boards", epilog=examples("laurel rebuild boards loyalty", "laurel rebuild boards --yes")
)
def rebuild_boards(
    programs: Annotated[
        list[str] | None, typer.Argument(help="All there are if not given.")
    ] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    folder: Folder = FOLDER,
) -> None:
    """Remove boards from Redis; the boards projector makes them anew from `rewards.earned`.

    Until it has caught up the boards are empty or incomplete. Points, accounts and the ledger are
    not touched, and scoring goes on. It needs `rewards.earned` from its beginning.
    """
    place = find(folder)
    chosen, count = asyncio.run(_count(place, programs or None))
    console.print(
        f"{count:,} boards of {', '.join(chosen) or 'no program'} are removed and made anew from "
        "the log; until then they are empty or incomplete."
    )
    if not yes:
        typer.confirm("Go on?", abort=True)
    cleared = asyncio.run(_clear(place, programs or None))
    console.print(f"cleared {', '.join(cleared) or 'the positions'}")
    console.print(
        "The boards projector notices within seconds and begins anew: `laurel doctor` shows "
        "how far it is."
    )


async def _count(place: Place, programs: list[str] | None) -> tuple[list[str], int]:
    """Give the programs meant and how many boards they have. Raises Refusal for an unknown one."""
    async with boards(place, place.settings.redis) as redis:
        members: Any = await redis.smembers(board_store.PROGRAMS)
        known = sorted(name.decode() for name in members)
        for program in programs or ():
            if program not in known:
                there = f"those with boards are: {', '.join(known)}" if known else "none has any"
                raise Refusal(f"{program} has no boards", there)
        chosen = programs or known
        return chosen, sum([len(await names(redis, program)) for program in chosen])


async def _clear(place: Place, programs: list[str] | None) -> list[str]:
    async with boards(place, place.settings.redis) as redis:
        return await clear(redis, programs)
