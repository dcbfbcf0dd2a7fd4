"""Reading boards: a slice in their order, a member's rank, how many have how much.

Every question is one round trip and answered as of one moment. Ranks are ordinal (1, 2, 3, 4), or
with `competition` shared by equal scores (1, 2, 2, 4). A board whose scores decay is read as of a
day of its program, `today`; others need none.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Final, Literal, NamedTuple, get_args

import msgspec
from redis.asyncio import Redis

from schemas.moments import Day, Per, number_of
from sinks.board_calls import Board
from sinks.board_ranks import (
    Entry,
    Score,
    Target,
    Ties,
    points_to_pass,
    points_to_share,
    top_percent,
    worth,
)
from sinks.board_store import board_keys, board_name, call_function, program_key

MILESTONES: Final = (1, 3, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
"""Ranks to strive for; the next one is the nearest that is better than one's own."""

_TIE_BYTES = 6
_pack = msgspec.msgpack.Encoder().encode

_Rows = tuple[int, int, list[bytes]]
"""Rows as board_reads.lua gives them: where they begin, how many are better, member and score in turn."""


class Ranked(NamedTuple):
    """A member on a board; `around` are those beside it in order, itself included."""

    own: Entry
    participants: int
    around: list[Entry]
    next_rank: Target | None
    next_milestone: Target | None

    @property
    def top_percent(self) -> Decimal:
        """Which top percentage of the participants it is in."""
        return top_percent(self.own.rank, self.participants)


class Unranked(NamedTuple):
    """Why a member has no rank: it is hidden from all boards, or never scored on this one."""

    reason: Literal["hidden", "unknown"]


async def top(
    redis: Redis,
    program: str,
    board: Board,
    count: int,
    *,
    after: int = 0,
    competition: bool = False,
    today: Day | None = None,
) -> list[Entry]:
    """Give `count` entries of a board behind the first `after`; the best stands first."""
    keys = [board_keys(program, board)[0], program_key(program, "decays")]
    arguments = [*_begin(board, today), after, after + count - 1]
    point, rows = await call_function(redis, "slice", keys, arguments)
    return list(_entries(rows, point, competition=competition))


async def rank_of(
    redis: Redis,
    program: str,
    board: Board,
    user_id: str,
    *,
    around: int = 0,
    competition: bool = False,
    ties: Ties = "reached",
    milestones: Sequence[int] = MILESTONES,
    today: Day | None = None,
) -> Ranked | Unranked:
    """Give a member's rank, `around` entries on either side, and what better ranks would take.

    `ties` is what the board's row says; it decides how many points pass somebody. With
    `competition` it is enough to reach a score, and the next rank is that of the next better score.
    """
    keys = [*board_keys(program, board), program_key(program, "hidden")]
    keys.append(program_key(program, "decays"))
    arguments = [*_begin(board, today), user_id, f"{user_id}\0{board_name(board)}", around]
    arguments += ["shared" if competition else "ordinal", *sorted(milestones)]
    point, *found = await call_function(redis, "rank", keys, arguments)
    if not found:
        return Unranked(point.decode())
    members, place, beside, following, milestone = found
    listed = list(_entries(beside, point, competition=competition))
    own = listed[place - 1 - beside[0]]
    needed = points_to_share if competition else partial(points_to_pass, ties=ties)
    return Ranked(
        own,
        members,
        listed,
        next_rank=_target(own, _entries(following, point, competition=competition), needed),
        next_milestone=_target(own, _entries(milestone, point, competition=False), needed),
    )


async def entry_of(
    redis: Redis, program: str, board: Board, user_id: str, *, today: Day | None = None
) -> Entry | None:
    """Give a member's rank and score, or None who is not on the board."""
    found = await rank_of(redis, program, board, user_id, today=today)
    return found.own if isinstance(found, Ranked) else None


async def participants(redis: Redis, program: str, board: Board) -> int:
    """Count the members on a board, those at 0 and below too."""
    return int(await redis.zcard(board_keys(program, board)[0]))


async def count_between(
    redis: Redis,
    program: str,
    board: Board,
    least: Score | None = None,
    most: Score | None = None,
    *,
    today: Day | None = None,
) -> int:
    """Count the members whose score is from `least` to `most`, both included; None is no bound."""
    keys = [board_keys(program, board)[0], program_key(program, "decays")]
    bounds = ["-inf" if most is None else f"{-most}", "+inf" if least is None else f"{-least}"]
    return int(await call_function(redis, "count", keys, [*_begin(board, today), *bounds]))


def _target(
    own: Entry, holders: Iterator[Entry], needed: Callable[[Entry, Entry], int]
) -> Target | None:
    """Say what it takes to get where the first of `holders` is; None where nobody is."""
    other = next(holders, None)
    return Target(other.rank, other.user_id, other.score, needed(own, other)) if other else None


def _begin(board: Board, today: Day | None) -> list[str | bytes | int]:
    """Give what every Function for reading is told first."""
    numbers = {per: number_of(today, per) for per in get_args(Per)} if today else {}
    return [board[0], _pack(numbers)]


def _entries(rows: _Rows, point: bytes | None, *, competition: bool) -> Iterator[Entry]:
    """Read rows; one of another score than the row before it stands behind all that came before."""
    place, better, found = rows
    worth_of_one = None if point is None else float(point)
    rank, before = better + 1, None
    for member, kept in zip(found[::2], found[1::2], strict=True):
        place += 1
        if before not in (None, kept):
            rank = place
        before = kept
        score = -int(kept) if worth_of_one is None else worth(-float(kept), worth_of_one)
        user_id, reached = member[_TIE_BYTES:].decode(), int.from_bytes(member[:_TIE_BYTES], "big")
        yield Entry(rank if competition else place, user_id, score, reached)
