"""Clearing boards, so that a projector makes them anew from the log."""

from collections.abc import Collection
from typing import Any
from uuid import uuid4

from redis.asyncio import Redis

from sinks import board_store as store
from sinks.board_store import board_keys, program_key
from sinks.decay import read_decay, runs_out

_KEYS_AT_ONCE = 500
_CLEARED = ("progress", "answers", "hidden", "closed", "dropped", "sums", "carried")


async def clear(redis: Redis, programs: Collection[str] | None = None) -> list[str]:
    """Remove the boards of `programs`, or of all there are, and send their readers back to 0.

    Gives the programs cleared. Running projectors are refused from the first step on and start over
    after the last one. Broken off, it leaves them waiting: call it again.
    """
    if programs is None:
        known: Any = await redis.smembers(store.PROGRAMS)
        programs = [program.decode() for program in known]
    chosen = sorted(programs)
    for program in chosen:
        await _close(redis, program)
    async with redis.pipeline(transaction=True) as pipe:
        pipe.set(store.GENERATION, uuid4().hex)
        pipe.delete(store.POSITIONS)
        if chosen:
            pipe.sadd(store.PROGRAMS, *chosen)
        await pipe.execute()
    for program in chosen:
        await redis.set(program_key(program, "epoch"), uuid4().hex)
    return chosen


async def _close(redis: Redis, program: str) -> None:
    """Refuse whoever applies to the program's boards, then remove them."""
    async with redis.pipeline(transaction=True) as pipe:
        pipe.set(program_key(program, "epoch"), store.CLEARING)
        pipe.delete(*(program_key(program, key) for key in _CLEARED))
        await pipe.execute()
    await _move_landmarks(redis, program)
    index = program_key(program, "boards")
    while True:
        names: Any = await redis.srandmember(index, _KEYS_AT_ONCE)
        if not names:
            return
        boards = [name.decode().split("\0") for name in names]
        keys = [key for board, period in boards for key in board_keys(program, (board, period))]
        await redis.unlink(*keys)
        await redis.srem(index, *names)


async def _move_landmarks(redis: Redis, program: str) -> None:
    """Forget landmarks that lie too far back; all others stay, so that boards come back the same."""
    key = program_key(program, "decays")
    decays: Any = await redis.hgetall(key)
    now, _ = await redis.time()
    old = [board for board, text in decays.items() if runs_out(read_decay(text.decode()), now)]
    if old:
        await redis.hdel(key, *old)
