"""What closing a period asks of its board: figures, every member, how long it is kept, who is carried on."""

from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple

from redis.asyncio import Redis

from sinks import board_store as store
from sinks.board_calls import Board
from sinks.board_store import board_keys, board_name, call_function, program_key
from sinks.positions import Partition

AT_ONCE: Final = 500
"""Members read in one call: a larger one blocks Redis, and with it every read, too long."""

_TIE_BYTES: Final = 6

_LARGE: Final = b"large"
"""The sum of a board that Redis does not keep, as in boards.lua."""

_AGAIN: Final = b"again"
"""What the Function `carry` answers in the end where it may have missed somebody."""


class Figures(NamedTuple):
    """A board at one moment. `middle` are the scores of the one or two members in the middle."""

    participants: int
    points: int
    best: list[tuple[str, int]]
    middle: list[int]


class Member(NamedTuple):
    """Who stands on a board; `tie` is its tie value, which orders equal scores."""

    user_id: str
    score: int
    tie: bytes


async def figures(redis: Redis, program: str, board: Board, best: int) -> Figures:
    """Look at a board in one step: its figures and the first `best` members, at least one.

    Only a sum that Redis does not keep is added up afterwards, page by page: of a board that changes
    meanwhile, it belongs to no one moment.
    """
    keys = [board_keys(program, board)[0], program_key(program, "sums")]
    said: Any = await call_function(redis, "figures", keys, [board_name(board), best])
    count, total, first, middle = said
    if total in (None, _LARGE):  # Made before sums were kept, or too large to be kept.
        total = sum(
            {one.user_id: one.score async for one in members(redis, program, board)}.values()
        )
    rows = [
        (member[_TIE_BYTES:].decode(), _score(score))
        for member, score in zip(*_pairs(first), strict=True)
    ]
    return Figures(int(count), int(total), rows, [_score(score) for score in _pairs(middle)[1]])


async def members(redis: Redis, program: str, board: Board) -> AsyncIterator[Member]:
    """Give every member of a board in no order, each as it stands when it is read.

    One may be given twice: where members come or go meanwhile, or Redis is about to make room.
    """
    keys, cursor = list(board_keys(program, board)), b"0"
    while True:
        cursor, *columns = await call_function(redis, "members", keys, [cursor, AT_ONCE])
        for user, tie, score in zip(*columns, strict=True):
            yield Member(user.decode(), _score(score), tie)
        if cursor == b"0":
            return


async def keep(redis: Redis, program: str, board: Board, until: int) -> bool:
    """Keep a closed board until a moment in epoch milliseconds; answer whether it is there still.

    Its name goes last: a board whose removal was broken off is still found among all boards.
    """
    keys = [program_key(program, "closed"), *board_keys(program, board)]
    if await call_function(redis, "keep", keys, [board_name(board), until]):
        return True
    await _forget_aside(redis, program, board)
    await redis.hdel(program_key(program, "sums"), board_name(board))
    await redis.srem(program_key(program, "boards"), board_name(board))
    return False


async def _forget_aside(redis: Redis, program: str, board: Board) -> None:
    """Drop what hidden members have on a board, and the whole sums beside it."""
    end = f"\0{board_name(board)}".encode()
    for name in ("hidden", "beyond"):
        key = program_key(program, name)
        async for field in redis.hscan_iter(key, count=AT_ONCE):
            if field[0].endswith(end):
                await redis.hdel(key, field[0])


async def carry(redis: Redis, program: str, before: Board, board: Board, tie: int | None) -> bool:
    """Put whoever stands on the board `before` on another one too, at 0; who is there stays.

    Who is hidden has the same there once shown again. With a tie value in epoch milliseconds, or each
    with its own. False where rebuilt boards take the place of these: it is to be done again on those.
    """
    keys = [program_key(program, name) for name in ("epoch", "boards", "carried", "hidden")]
    keys += [board_keys(program, before)[1], *board_keys(program, board)]
    keys.append(program_key(program, "shows"))
    epoch: Any = await redis.get(keys[0]) or b""
    if epoch.startswith(store.SWITCHING):
        return False
    said = [epoch, board_name(before), board_name(board), "" if tie is None else tie]
    end: Any = _AGAIN
    while end == _AGAIN:
        shows: Any = await redis.get(keys[-1]) or 0
        # Who is hidden meanwhile is found afterwards; who is shown meanwhile may be missed, so that
        # it is all done again.
        for who in ("standing", "hidden"):
            end = await _carry_all(redis, keys, [*said, shows, who])
            if end is None:
                return False
    return True


async def _carry_all(redis: Redis, keys: list[str], said: list[str | bytes | int]) -> Any:  # noqa: ANN401 - as call_function
    """Carry on page by page; give the last call's answer."""
    cursor: Any = b"0"
    while True:
        cursor = await call_function(redis, "carry", keys, [*said, cursor, AT_ONCE])
        if cursor in (b"0", _AGAIN, None):
            return cursor


async def all_boards(redis: Redis, program: str) -> set[Board]:
    """Name every board of a program that is there."""
    found: Any = await redis.smembers(program_key(program, "boards"))
    return set(map(_board, found))


async def carried_boards(redis: Redis, program: str) -> set[Board]:
    """Name the boards that the members of the one before were put on."""
    found: Any = await redis.smembers(program_key(program, "carried"))
    return set(map(_board, found))


async def closed_boards(redis: Redis, program: str) -> dict[Board, int]:
    """Give the closed boards, each with the moment until which it is kept."""
    found: Any = await redis.hgetall(program_key(program, "closed"))
    return {_board(name): int(until) for name, until in found.items()}


async def board_positions(redis: Redis) -> dict[Partition, int]:
    """Give the offset below which every program's boards have every record, by partition."""
    found: Any = await redis.hgetall(store.POSITIONS)
    parted = {name.decode().rpartition(":"): int(offset) for name, offset in found.items()}
    return {(topic, int(number)): offset for (topic, _, number), offset in parted.items()}


def _board(name: bytes) -> Board:
    board, _, period = name.decode().partition("\0")
    return board, period


def _pairs(flat: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Part members and their scores."""
    return flat[::2], flat[1::2]


def _score(stored: bytes) -> int:
    return -int(float(stored))
