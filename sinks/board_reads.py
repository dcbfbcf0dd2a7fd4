"""Reading boards: one entry, or a slice of a board in its order."""

from typing import Any, NamedTuple

from redis.asyncio import Redis

from sinks.board_calls import Board
from sinks.board_store import board_keys, call_function

_TIE_BYTES = 6


class Entry(NamedTuple):
    """One member on a board; ranks count from 1, `reached` is epoch milliseconds."""

    rank: int
    user_id: str
    score: int
    reached: int


async def top(
    redis: Redis, program: str, board: Board, count: int, *, after: int = 0
) -> list[Entry]:
    """Give `count` entries of a board, from the rank behind `after` on; the best stands first."""
    scores, _ = board_keys(program, board)
    rows: Any = await redis.zrange(scores, after, after + count - 1, withscores=True)
    return [_entry(rank, member, score) for rank, (member, score) in enumerate(rows, after + 1)]


async def entry_of(redis: Redis, program: str, board: Board, user_id: str) -> Entry | None:
    """Give a member's rank and score, or None who is not on the board."""
    keys = list(board_keys(program, board))
    found = await call_function(redis, "standing", keys, [user_id])
    if found is None:
        return None
    rank, score, tie = found
    return _entry(rank, tie + user_id.encode(), score)


async def participants(redis: Redis, program: str, board: Board) -> int:
    """Count the members on a board, those at 0 and below too."""
    return int(await redis.zcard(board_keys(program, board)[0]))


def _entry(rank: int, member: bytes, score: float | bytes) -> Entry:
    return Entry(
        rank=rank,
        user_id=member[_TIE_BYTES:].decode(),
        score=-int(float(score)),
        reached=int.from_bytes(member[:_TIE_BYTES], "big"),
    )
