"""The boards as they stand in Redis, read with plain commands."""

from typing import Any

import redis.asyncio

from audit.standings import Boards, Place

TIE_BYTES = 6


async def read_boards(url: str, program: str) -> Boards:
    """Read every board of a program. Raises redis.RedisError when Redis does not answer."""
    prefix, suffix = f"{{{program}}}:", ":scores"
    boards: Boards = {}
    async with redis.asyncio.Redis.from_url(url, decode_responses=False) as client:
        async for key in client.scan_iter(match=f"{prefix}*{suffix}", count=1_000):
            name = key.decode()[len(prefix) : -len(suffix)]
            placed: Any = await client.zrange(key, 0, -1, withscores=True)
            boards[board_and_period(name)] = [_place(member, score) for member, score in placed]
    return boards


def board_and_period(name: str) -> tuple[str, str]:
    """Split `region:US:weekly:2025-W49` into board and period."""
    parts = name.split(":")
    period = 1 if parts[-1] == "all_time" else 2
    return ":".join(parts[:-period]), ":".join(parts[-period:])


def _place(member: bytes, negated: float) -> Place:
    tie = int.from_bytes(member[:TIE_BYTES])
    return Place(member[TIE_BYTES:].decode(), -int(negated), tie)
