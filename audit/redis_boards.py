"""The boards as they stand in Redis, read with plain commands."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import redis.asyncio

from audit.standings import Boards, Place, Sums
from audit.ways import Decay, weight

TIE_BYTES = 6
NOT_KEPT = "large"
"""Stands for a sum of all scores that went beyond 2^62."""
LARGE = 2**62 - 2**30
"""Redis adds up in doubles before it says so, which may be wrong by a little of what a call changes."""
STEP = 2**53
_WHOLE = re.compile(r"(-?\d+) (\d+)")


async def read_boards(url: str, program: str) -> Boards:
    """Read every board of a program. Raises redis.RedisError when Redis does not answer."""
    prefix, suffix = f"{{{program}}}:", ":scores"
    boards: Boards = {}
    async with redis.asyncio.Redis.from_url(url, decode_responses=False) as client:
        decays: Any = await client.hgetall(f"{prefix}decays")
        async for key in client.scan_iter(match=f"{prefix}*{suffix}", count=1_000):
            name = board_and_period(key.decode()[len(prefix) : -len(suffix)])
            placed: Any = await client.zrange(key, 0, -1, withscores=True)
            weighted = decays.get(name[0].encode())
            boards[name] = [_place(member, -score, weighted) for member, score in placed]
    return boards


async def gone_boards(url: str, program: str) -> set[tuple[str, str]]:
    """Name the boards of closed periods that are past the time for which they were kept."""
    async with redis.asyncio.Redis.from_url(url, decode_responses=True) as client:
        closed: Any = await client.hgetall(f"{{{program}}}:closed")
        seconds, _ = await client.time()
    over = [name for name, until in closed.items() if int(until) <= seconds * 1_000]
    return {(board, period) for board, _, period in (name.partition("\0") for name in over)}


async def carried_boards(url: str, program: str) -> set[tuple[str, str]]:
    """Name the boards that members of the period before were put on, at 0."""
    async with redis.asyncio.Redis.from_url(url, decode_responses=True) as client:
        carried: Any = await client.smembers(f"{{{program}}}:carried")
    return {(board, period) for board, _, period in (name.partition("\0") for name in carried)}


async def wrong_sums(
    url: str,
    program: str,
    boards: Boards,
    expected: Sums,
    gone: Collection[tuple[str, str]] = (),
) -> list[str]:
    """Tell what Redis keeps beside its boards and should not: sums of all scores, and whole sums.

    Boards that are `gone` may still have whole sums, and are not looked at.
    """
    async with redis.asyncio.Redis.from_url(url, decode_responses=True) as client:
        kept: Any = await client.hgetall(f"{{{program}}}:sums")
        beyond: Any = await client.hgetall(f"{{{program}}}:beyond")
    found = {_member_and_board(name): text for name, text in beyond.items()}
    wrong = [*_wrong_totals(boards, kept, expected.most)]
    wrong += _wrong_whole_sums(found, expected.whole, gone)
    return [f"Redis: {program} {text}" for text in wrong]


def _wrong_totals(
    boards: Boards, kept: Mapping[str, str], most: Mapping[tuple[str, str], int]
) -> Iterator[str]:
    for (board, period), places in boards.items():
        ours, theirs = sum(place.score for place in places), kept.get(f"{board}\0{period}", "0")
        if isinstance(ours, float) or theirs == str(ours):
            continue
        if theirs != NOT_KEPT or most.get((board.partition(":")[0], period), 0) < LARGE:
            yield f"{board} {period}: the scores add up to {ours}, kept is {theirs}"


def _wrong_whole_sums(
    found: Mapping[tuple[str, tuple[str, str]], str],
    expected: Mapping[tuple[str, tuple[str, str]], int],
    gone: Collection[tuple[str, str]],
) -> Iterator[str]:
    for user, board in sorted(found.keys() | expected.keys()):
        ours, text = expected.get((user, board)), found.get((user, board))
        if board not in gone and ours != (None if text is None else _whole_sum(text)):
            told = "no whole sum" if ours is None else f"the whole sum {ours}"
            yield f"{' '.join(board)}: {user} has {told} in the book, {text or 'none'} there"


def _whole_sum(text: str) -> int | str:
    """So many times 2^53 and a rest, or the text where it is no such thing."""
    said = _WHOLE.fullmatch(text)
    return int(said[1]) * STEP + int(said[2]) if said and int(said[2]) < STEP else text


def _member_and_board(name: str) -> tuple[str, tuple[str, str]]:
    user, _, name = name.partition("\0")
    board, _, period = name.partition("\0")
    return user, (board, period)


def board_and_period(name: str) -> tuple[str, str]:
    """Split `region:US:weekly:2025-W49` into board and period."""
    parts = name.split(":")
    period = 1 if parts[-1] == "all_time" else 2
    return ":".join(parts[:-period]), ":".join(parts[-period:])


def _place(member: bytes, score: float, weighted: bytes | None) -> Place:
    tie, user = int.from_bytes(member[:TIE_BYTES]), member[TIE_BYTES:].decode()
    if weighted is None:
        return Place(user, int(score), tie)
    factor, per, landmark = weighted.decode().split(" ")
    moved = weight(Decay(float(factor), per), int(landmark))
    return Place(user, score * moved, tie)
