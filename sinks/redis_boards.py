"""The boards' sink: applies runs of postings to Redis, each exactly once.

What it is brought must continue where it stands. Each program has its own position in each
partition, moved in the step that changes its boards; a reader begins at the position over all
programs, which follows behind, and passes over what a program already has.
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple
from uuid import uuid4

import msgspec
from redis.asyncio import Redis

from sinks import board_store as store
from sinks.board_calls import (
    Answer,
    Asked,
    Call,
    Turning,
    answer,
    asked,
    columns,
    entries,
    hidden_changes,
)
from sinks.board_store import board_keys, board_name, field, program_key
from sinks.board_words import USUAL
from sinks.positions import Assigned, Partition, StaleRunError, begin

CALLS_AT_ONCE: Final = 2
"""Calls that Redis has of a worker at a time: a read may have to wait for all of them. One would leave it idle
meanwhile."""

_pack = msgspec.msgpack.Encoder().encode


class Standing(NamedTuple):
    """Where the boards stand: the offsets to read from, and answers that nobody acknowledged."""

    positions: dict[Partition, int]
    answers: list[Answer]


class RedisBoards:
    """The boards in one Redis, as one projector sees them.

    Ask for the `standing` first, and again after any failure: it is what `apply` continues from.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._calls = asyncio.Semaphore(CALLS_AT_ONCE)
        self._generation: bytes | None = None
        self._epochs: dict[str, bytes] = {}
        self._at: dict[tuple[str, Partition], int] = {}

    def position(self, program: str, partition: Partition) -> int:
        """Give the offset of the first record that the program's boards may still lack."""
        return self._at.get((program, partition), 0)

    async def standing(self, assigned: Mapping[Partition, Assigned]) -> Standing:
        """Read where the boards stand in the partitions assigned.

        Raises EmptiedRedisError when boards were here and are gone, SwitchingError while a program's
        give way to rebuilt ones, LostRecordsError when Kafka no longer has what comes next.
        """
        self._generation, programs, positions = await self._read_positions(assigned)
        self._epochs, self._at = {}, {}
        answers = [
            said
            for program in sorted(programs)
            for said in await self._read_program(program, list(assigned))
        ]
        if await self._redis.get(store.GENERATION) != self._generation:
            # Emptied and rebuilt while we were reading: these positions are those of before.
            return await self.standing(assigned)
        starts = {at: begin(at, positions[at], known.first) for at, known in assigned.items()}
        moves = {at: (positions[at], start) for at, start in starts.items()}
        await self.settle({at: move for at, move in moves.items() if move[0] < move[1]})
        return Standing(starts, answers)

    async def apply(self, program: str, partition: Partition, call: Call) -> Answer:
        """Apply one call and give its answer, which Redis keeps until the program's next one.

        Raises StaleRunError when the program does not stand where this sink last saw it.
        """
        epoch = self._epochs.get(program) or await self._open(program)
        at = self.position(program, partition)
        if call.turning is not None:
            return await self._turn(program, partition, call.end, call.turning)
        keys, changes, question = applying(program, call)
        arguments: list[str | bytes | int] = [epoch, field(partition), at, call.end, *changes]
        async with self._calls:
            said, detail = await store.call_function(self._redis, "apply", keys, arguments)
        if said != b"applied":
            raise _refusal(program, partition, at, said, detail)
        self._at[program, partition] = call.end
        return answer(program, partition, question, detail)

    async def _turn(self, program: str, partition: Partition, end: int, turning: Turning) -> Answer:
        """Hide a member from all boards, or show it again."""
        at = self.position(program, partition)
        arguments: list[str | bytes | int] = [self._epochs[program], field(partition), at, end]
        arguments += turned(turning)
        async with self._calls:
            said, *detail = await store.call_function(
                self._redis, "turn", once_keys(program), arguments
            )
        if said != b"applied":
            raise _refusal(program, partition, at, said, detail[0])
        self._at[program, partition] = end
        told, question = detail
        return answer(program, partition, question, told)

    async def settle(self, moves: Mapping[Partition, tuple[int, int]]) -> None:
        """Say that every program has the records between: partition -> (from, to).

        Raises StaleRunError when the positions are not at `from`, or are those of another Redis.
        """
        if not moves:
            return
        arguments = [part for at, move in moves.items() for part in (field(at), *move)]
        keys = [store.GENERATION, store.POSITIONS]
        generation = self._generation or b""
        if not await store.call_function(self._redis, "settle", keys, [generation, *arguments]):
            raise StaleRunError(f"the boards do not stand where {dict(moves)} begins")

    async def acknowledge(self, answers: Collection[Answer]) -> None:
        """Say that these answers were published; each is forgotten unless a newer one stands there."""
        for said in answers:
            keys = [program_key(said.program, name) for name in ("progress", "answers")]
            at = self.position(said.program, said.partition)
            await store.call_function(self._redis, "acknowledge", keys, [field(said.partition), at])

    async def _read_positions(
        self, assigned: Mapping[Partition, Assigned]
    ) -> tuple[bytes, set[str], dict[Partition, int]]:
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.get(store.GENERATION)
            pipe.smembers(store.PROGRAMS)
            pipe.hgetall(store.POSITIONS)
            generation, programs, positions = await pipe.execute()
        if generation is None:
            if self._generation or any(known.committed for known in assigned.values()):
                raise store.emptied(store.GENERATION)
            await self._redis.set(store.GENERATION, uuid4().hex, nx=True)
            generation = await self._redis.get(store.GENERATION)
        stands = {at: int(positions.get(field(at).encode(), 0)) for at in assigned}
        return generation, {program.decode() for program in programs}, stands

    async def _read_program(self, program: str, partitions: list[Partition]) -> list[Answer]:
        """Take up a program's epoch and positions; give its unacknowledged answers."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.get(program_key(program, "epoch"))
            pipe.hgetall(program_key(program, "progress"))
            pipe.hgetall(program_key(program, "answers"))
            epoch, progress, kept = await pipe.execute()
        if epoch is None:
            raise store.emptied(program_key(program, "epoch"))
        if epoch.startswith(store.SWITCHING):
            raise store.switching(program)
        self._epochs[program] = epoch
        answers = []
        for partition in partitions:
            name = field(partition).encode()
            self._at[program, partition] = int(progress.get(name, 0))
            if name + b" asked" in kept:
                question, told = kept[name + b" asked"], kept[name + b" answer"]
                answers.append(answer(program, partition, question, told))
        return answers

    async def _open(self, program: str) -> bytes:
        """Begin the boards of a program that has none yet."""
        key = program_key(program, "epoch")
        await self._redis.set(key, uuid4().hex, nx=True)
        epoch: Any = await self._redis.get(key)
        if epoch.startswith(store.SWITCHING):
            raise store.switching(program)
        await self._redis.sadd(store.PROGRAMS, program)
        self._epochs[program] = epoch
        return bytes(epoch)


def once_keys(program: str, *, rebuilt: bool = False) -> list[str]:
    """Give the keys that every Function which changes a program's boards begins with."""
    return [program_key(program, name, rebuilt=rebuilt) for name in store.PROGRAM_KEYS]


def applying(
    program: str, call: Call, *, rebuilt: bool = False
) -> tuple[list[str], list[str | bytes], bytes]:
    """Give what the Function `apply` takes for a call: its keys, and its arguments behind the position.

    The first of these arguments is the question that is kept with the answer; it is given too.
    """
    keys = once_keys(program, rebuilt=rebuilt)
    boards: list[list[object]] = []
    questions: list[Asked] = []
    for board, changes in call.boards.items():
        keys += board_keys(program, board, rebuilt=rebuilt)
        rows, loud = columns(changes, call.ways.get(board, USUAL))
        boards.append(rows)
        if loud:
            questions.append(asked(board, changes, loud))
    question = _pack(questions)
    names = [*(call.boards | call.hidden)]
    counts = [entries(call, board) for board in names]
    packed = [question, _pack(boards), _pack(hidden_changes(call)), _pack(counts)]
    return keys, [*packed, *map(board_name, names)], question


def turned(turning: Turning) -> list[str]:
    """Give what the Function `turn` takes behind the position."""
    return [turning.user_id, turning.mode, turning.posting, turning.occurred_at, *turning.told]


def _refusal(program: str, partition: Partition, at: int, said: bytes, detail: bytes) -> Exception:
    """Say why Redis applied nothing."""
    if said == b"epoch" and not detail:
        return store.emptied(program_key(program, "epoch"))
    if said == b"epoch" and detail.startswith(store.SWITCHING):
        return store.switching(program)
    if said == b"epoch":
        return StaleRunError(f"the boards of {program} are others than were last read")
    return StaleRunError(
        f"the boards of {program} stand at {detail!r} in {field(partition)}, not at {at}"
    )
