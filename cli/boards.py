"""The boards in Redis, for commands: reached or refused, found by what people call them, shown."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, NamedTuple, cast, get_args

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from rich.table import Table
from rich.text import Text

from cli.addresses import Place, shown
from cli.in_force import amount
from cli.refusals import Refusal
from cli.versions import in_force, now_ms, read_versions
from processors.engine.measures import MEASURES
from schemas import moments
from schemas.moments import Day, PeriodKind
from sinks.board_calls import Board
from sinks.board_ranks import Entry
from sinks.board_reads import Unranked
from sinks.board_store import connect, program_key

KINDS = get_args(PeriodKind)


@asynccontextmanager
async def boards(place: Place, url: str) -> AsyncIterator[Redis]:
    """Give a client of the Redis with boards. Raises Refusal when it cannot be reached."""
    try:
        redis = connect(url)
    except ValueError as error:
        raise Refusal(f"{shown(url)} is no address of a Redis: {error}") from error
    try:
        yield redis
    except (RedisConnectionError, RedisTimeoutError, OSError) as error:
        raise place.silent("redis", error) from error
    except RedisError as error:
        raise Refusal(f"Redis refused: {error}") from error
    finally:
        await redis.aclose()


async def names(redis: Redis, program: str) -> list[Board]:
    """Give every board of a program that somebody stands on, in order."""
    found: Any = await redis.smembers(program_key(program, "boards"))
    return sorted(
        (board, period) for board, _, period in (n.decode().partition("\0") for n in found)
    )


class Present(NamedTuple):
    """A program at this moment: its rules, which are empty while none are in force, and its own day."""

    rules: Mapping[str, Any]
    day: Day

    def period(self, name: str) -> str:
        """Give the full name of a period; its kind alone, like `weekly`, means the present one.

        Raises Refusal for what is no period.
        """
        return self.day.names[cast("PeriodKind", name)] if name in KINDS else full_period(name)

    def first_board(self) -> Board | None:
        """Give the board that is most worth a look: one of all members, and its week if it has weeks."""
        for name, row in (self.rules.get("boards") or {}).items():
            if not row.get("split"):
                kind = "weekly" if "weekly" in row["periods"] else row["periods"][0]
                return name, self.period(kind)
        return None

    def row(self, board: str) -> Mapping[str, Any]:
        """Give what the rules say of a board, which may be one of a split like `region:US`."""
        return (self.rules.get("boards") or {}).get(board.partition(":")[0]) or {}

    def scale(self, board: str) -> int:
        """Give the decimals of a board's scores; what counts actions or path xp has none."""
        currencies = self.rules.get("currencies") or {}
        row = self.row(board)
        if row.get("measure", "points") not in MEASURES or not currencies:
            return 0
        said = currencies.get(row.get("currency") or next(iter(currencies))) or {}
        return int(said.get("scale", 0))

    def lacks(self, program: str, board: str) -> Refusal | None:
        """Say that there is no such program or board; None where there is."""
        if not self.rules:
            return Refusal(
                f"no version of {program} is in force", "`laurel rules show` lists all versions"
            )
        if self.row(board):
            return None
        there = ", ".join(self.rules.get("boards") or ())
        return Refusal(
            f"{program} has no board {board.partition(':')[0]}",
            f"it has {there}" if there else "its file has no `boards`: they make some",
        )


async def present(place: Place, program: str) -> Present:
    """Read which rules of a program are in force now, and which day it is in its time zone."""
    now = now_ms()
    found = in_force(await read_versions(place), program, now, now)
    rules = (found.version.document if found else None) or {}
    return Present(rules, moments.calendar_of(rules.get("timezone", "UTC")).day(now))


def full_period(name: str) -> str:
    """Give the name of a period back, like weekly:2025-W49. Raises Refusal for what is none."""
    try:
        moments.calendar_of("UTC").bounds(name)
    except ValueError as error:
        raise Refusal(
            str(error), f"name one like weekly:2025-W49, or a kind: {', '.join(KINDS)}"
        ) from error
    return name


def absent(program: str, now: Present, name: Board, user: str, found: Unranked) -> Refusal:
    """Say why a member has no rank on a board."""
    if lacking := now.lacks(program, name[0]):
        return lacking
    if found.reason == "hidden":
        return Refusal(
            f"{user} is hidden from all boards of {program}: suspended, not listed or erased",
            f"`laurel account {program} {user}` shows which",
        )
    return Refusal(
        f"{user} does not stand on {program} {name[0]} {name[1]}",
        "a member stands on a board from its first score there on",
    )


def score_as(score: int | Decimal, scale: int) -> str:
    """Write a score of smallest units; one that decays has decimals of its own."""
    return amount(score, scale) if isinstance(score, int) else f"{score.scaleb(-scale):,f}"


def table(parts: Iterable[Sequence[Entry]], user: str | None = None, scale: int = 0) -> Table:
    """Show stretches of a board with a gap between them, and the entry of `user` in bold."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    shown.add_column("rank", justify="right")
    shown.add_column("member")
    shown.add_column("score", justify="right")
    shown.add_column("reached", style="dim")
    for number, part in enumerate(parts):
        if number:
            shown.add_row("…")
        for entry in part:
            shown.add_row(
                f"{entry.rank:,}",
                Text(entry.user_id),
                score_as(entry.score, scale),
                moments.to_the_second(moments.write(entry.reached)),
                style="bold" if entry.user_id == user else "",
            )
    return shown
