"""Boards made anew beside those that are read, and the step in which they take their place.

Nobody reads rebuilt boards and nobody tells of them, so they are filled as quickly as Redis takes
it: every change of a member on a board within a hundred thousand becomes one, and calls that change
different members go side by side. Broken off at any point, it is begun again.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import uuid4

from msgspec import structs
from redis.asyncio import Redis

from sinks import board_store as store
from sinks.board_calls import Call, Scored, Turning, add, apart, turning_of
from sinks.board_pieces import CHANGES_PER_CALL, changes_of, nothing, pieces, taken
from sinks.board_store import board_keys, field, program_key
from sinks.decay import read_decay, runs_out
from sinks.positions import Assigned, Partition
from sinks.redis_boards import applying, once_keys, turned

CHANGES_HELD: Final = 100_000
"""Changes of a program that are held back: the more, the more of them become one; some 40 MB."""

POSTINGS_HELD: Final = 50_000
"""Postings of a program that are held back: with decay a change keeps every score it is made of."""

LANES: Final = 2
"""Calls under way at once: while Redis works on one, the next is made ready."""

_KEYS_AT_ONCE: Final = 500
_NOWHERE: Final = ("rebuilt", 0, 0)
"""Field, from and to of every call: rebuilt boards get their positions when they are switched to."""

_AT_0: Final = b"\x92\x00"
"""So begins what a hidden member has on a board at score 0: msgpack of two values, the first one 0."""

Positions = Mapping[Partition, int]


class SupersededError(Exception):
    """Somebody else began to rebuild the same boards, and these will not be switched to."""


class RebuiltBoards:
    """Boards of some programs, made anew in the Redis where the programs have others."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._epoch = uuid4().hex
        self._held: dict[str, Call] = {}
        self._postings: Counter[str] = Counter()
        self._sending: asyncio.Task[None] | None = None

    @property
    def programs(self) -> list[str]:
        """The programs begun so far."""
        return sorted(self._held)

    async def begin(self, program: str) -> None:
        """Remove what an earlier rebuild left of a program, and begin with no boards."""
        if program in self._held:
            return
        self._held[program] = nothing()
        await self._redis.set(program_key(program, "epoch", rebuilt=True), self._epoch)
        await store.call_function(self._redis, "release", [program_key(program, "epoch")], [])
        await remove_rebuilt(self._redis, program)
        # What is closed and where decay counts from must be known before the first score comes: a
        # board past its time stays away, and the others come back the same.
        for name in ("closed", "decays"):
            new = program_key(program, name, rebuilt=True)
            await self._redis.copy(program_key(program, name), new, replace=True)
        await self._move_landmarks(program_key(program, "decays", rebuilt=True))

    async def _move_landmarks(self, decays: str) -> None:
        """Forget landmarks that lie too far back; the first score chooses a new one."""
        there: Any = await self._redis.hgetall(decays)
        now, _ = await self._redis.time()
        old = [board for board, text in there.items() if runs_out(read_decay(text.decode()), now)]
        if old:
            await self._redis.hdel(decays, *old)

    async def bring(self, program: str, postings: Iterable[Scored]) -> None:
        """Take postings of a program in, those of each member in their order."""
        for posting in postings:
            if turning := turning_of(posting):
                await self._turn(program, turning)
                continue
            if apart(self._held[program], posting):
                await self._flush(program)
            add(self._held[program], posting)
            self._postings[program] += 1
        full = self._postings[program] >= POSTINGS_HELD
        if full or changes_of(self._held[program]) >= CHANGES_HELD:
            await self._flush(program)

    async def flushed(self) -> None:
        """Return once everything brought is in Redis."""
        for program in self._held:
            await self._flush(program)
        await self._sent()

    async def _flush(self, program: str) -> None:
        """Send what is held of a program, after all that was sent before."""
        await self._sent()
        call, self._held[program] = self._held[program], nothing()
        self._postings[program] = 0
        self._sending = asyncio.create_task(self._send(program, call))

    async def _sent(self) -> None:
        if self._sending is not None:
            sending, self._sending = self._sending, None
            await sending

    async def _send(self, program: str, call: Call) -> None:
        parts = pieces(call)

        async def lane() -> None:
            for part in parts:
                await self._apply(program, part)

        await asyncio.gather(*(lane() for _ in range(LANES)))

    async def _apply(self, program: str, call: Call) -> None:
        keys, changes, _ = applying(program, call, rebuilt=True)
        arguments: list[str | bytes | int] = [self._epoch, *_NOWHERE, *changes]
        self._obeyed(await store.call_function(self._redis, "apply", keys, arguments))

    async def _turn(self, program: str, turning: Turning) -> None:
        """Hide a member from all rebuilt boards, or show it again."""
        await self._sent()
        for part in pieces(taken(self._held[program], turning.user_id)):
            await self._apply(program, part)
        keys = once_keys(program, rebuilt=True)
        arguments: list[str | bytes | int] = [self._epoch, *_NOWHERE]
        arguments += turned(structs.replace(turning, told=[]))
        self._obeyed(await store.call_function(self._redis, "turn", keys, arguments))

    def _obeyed(self, answer: list[bytes]) -> None:
        if answer[0] != b"applied":
            raise SupersededError("another rebuild of these boards has begun")

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Keep everybody from changing the boards of the programs; those not switched to go on."""
        epochs = [program_key(program, "epoch") for program in self._held]
        try:
            for epoch in epochs:
                await store.call_function(self._redis, "hold", [epoch], [])
            yield
        finally:
            for epoch in epochs:
                await store.call_function(self._redis, "release", [epoch], [])

    async def reached(self, program: str, settled: Positions) -> dict[Partition, int]:
        """Give the offsets below which a program's present boards have every record.

        `settled` are those below which every program's have.
        """
        progress: Any = await self._redis.hgetall(program_key(program, "progress"))
        return {
            at: max(position, int(progress.get(field(at).encode(), 0)))
            for at, position in settled.items()
        }

    async def _carry(self, program: str) -> None:
        """Put whoever was carried on to a board and has not scored there on the rebuilt one too."""
        names: Any = await self._redis.smembers(program_key(program, "carried"))
        for name in names:
            board, _, period = name.decode().partition("\0")
            old, _ = board_keys(program, (board, period))
            scores, ties = board_keys(program, (board, period), rebuilt=True)
            for first in range(0, await self._redis.zcount(old, 0, 0), CHANGES_PER_CALL):
                at: dict[str, Any] = {"byscore": True, "offset": first, "num": CHANGES_PER_CALL}
                members: Any = await self._redis.zrange(old, 0, 0, **at)
                there: Any = await self._redis.hmget(ties, [member[6:] for member in members])
                if new := [m for m, tie in zip(members, there, strict=True) if tie is None]:
                    await self._redis.zadd(scores, dict.fromkeys(new, 0))
                    await self._redis.hset(ties, mapping={m[6:]: m[:6] for m in new})
            await self._redis.sadd(program_key(program, "boards", rebuilt=True), name)
        await self._carry_hidden(program, names)

    async def _carry_hidden(self, program: str, names: Collection[bytes]) -> None:
        """Let those who were carried on, and are hidden, have their 0 when they are shown again."""
        if not names:
            return
        new, page = program_key(program, "hidden", rebuilt=True), CHANGES_PER_CALL
        async for at, held in self._redis.hscan_iter(program_key(program, "hidden"), count=page):
            if at.partition(b"\0")[2] in names and held.startswith(_AT_0):
                await self._redis.hsetnx(new, at, held)

    async def switch(self, program: str, positions: Positions) -> None:
        """Put a program's rebuilt boards in the place of those it has, which must be held.

        They continue at `positions`. Raises SupersededError.
        """
        await self._carry(program)
        keys = [program_key(program, name) for name in ("epoch", "progress", "closed", "boards")]
        keys += [program_key(program, name, rebuilt=True) for name in ("epoch", "boards")]
        for name in set(store.REBUILT_KEYS) - {"boards"}:
            keys += [program_key(program, name, rebuilt=new) for new in (False, True)]
        stands = [part for at, position in positions.items() for part in (field(at), position)]
        arguments = [self._epoch, uuid4().hex, *stands]
        if not await store.call_function(self._redis, "switch", keys, arguments):
            raise SupersededError("another rebuild of these boards has begun")
        await remove_rebuilt(self._redis, program)


async def known_programs(redis: Redis) -> list[str]:
    """Give every program with boards; none where Redis has lost them."""
    known: Any = await redis.smembers(store.PROGRAMS)
    return sorted(program.decode() for program in known)


async def settled(redis: Redis, assigned: Mapping[Partition, Assigned]) -> dict[Partition, int]:
    """Give the offsets below which everything was applied, and told of.

    Where Redis has lost this, and its last second, the consumer group knows of it.
    """
    positions: Any = await redis.hgetall(store.POSITIONS)
    return {
        at: max(known.first, known.committed or 0, int(positions.get(field(at).encode(), 0)))
        for at, known in assigned.items()
    }


async def restore(redis: Redis, programs: Collection[str], positions: Positions) -> None:
    """Let projectors of an emptied Redis continue at `positions`, with these programs' boards."""
    async with redis.pipeline(transaction=True) as pipe:
        if not await redis.exists(store.GENERATION):
            pipe.set(store.GENERATION, uuid4().hex)
            pipe.hset(store.POSITIONS, mapping={field(at): to for at, to in positions.items()})
        if programs:
            pipe.sadd(store.PROGRAMS, *programs)
        await pipe.execute()


async def remove_rebuilt(redis: Redis, program: str) -> None:
    """Remove all rebuilt boards of a program that nobody switched to, and what stands beside them."""
    index = program_key(program, "boards", rebuilt=True)
    while True:
        names: Any = await redis.srandmember(index, _KEYS_AT_ONCE)
        if not names:
            break
        boards = [name.decode().split("\0") for name in names]
        keys = [key for b, p in boards for key in board_keys(program, (b, p), rebuilt=True)]
        await redis.unlink(*keys)
        await redis.srem(index, *names)
    once = set(store.PROGRAM_KEYS) - {"epoch"}
    await redis.unlink(*(program_key(program, name, rebuilt=True) for name in once))
