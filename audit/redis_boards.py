"""The boards as they stand in Redis, read with plain commands."""

from typing import Any

import redis.asyncio

from audit.standings import Boards, Place
from audit.ways import Decay, weight

TIE_BYTES = 6
NOT_KEPT = "large"
"""Stands for a sum beyond 2^62."""


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


async def wrong_sums(url: str, program: str, boards: Boards) -> list[str]:
    """Tell boards whose sum of all scores is not what Redis keeps as such."""
    async with redis.asyncio.Redis.from_url(url, decode_responses=True) as client:
        kept: Any = await client.hgetall(f"{{{program}}}:sums")
    sums = {name: sum(place.score for place in places) for name, places in boards.items()}
    return [
        f"Redis: {program} {' '.join(name)}: the scores add up to {ours}, kept is {theirs}"
        for name, ours in sums.items()
        if not isinstance(ours, float)
        and (theirs := kept.get("\0".join(name), "0")) not in (str(ours), NOT_KEPT)
    ]


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
