"""How boards lie in Redis: keys, the library of Functions, and what can be wrong with them.

One library holds boards.lua, which writes, and board_reads.lua: a projector that loads it on the
primary brings the Functions for reading to every replica.

Every program keeps its keys under one hash tag, so that one Function call changes boards and
progress in one step:

    {loyalty}:global:all_time:scores   sorted set: minus score, tie value + user id (see boards.lua)
    {loyalty}:global:all_time:ties     hash: user id -> tie value
    {loyalty}:hidden                   hash: user NUL board NUL period -> score, tie value of hidden members
    {loyalty}:boards                   set: every board there is, `global NUL all_time`
    {loyalty}:progress                 hash: `rewards.earned:3` -> offset of the next record
    {loyalty}:answers                  hash: question and answer of each partition's last call
    {loyalty}:epoch                    changes when other boards take the place of the program's
    {loyalty}:closed                   hash: board NUL period -> epoch ms until which it is kept
    {loyalty}:dropped                  hash: board NUL period -> scores that came later and were dropped
    {loyalty}:sums                     hash: board NUL period -> sum of all scores on it, but with decay
    {loyalty}:carried                  set: boards that the members of the one before were put on
    {loyalty}:decays                   hash: board -> `0.9 day 20480`, see sinks/decay.py
    {loyalty}:beyond                   hash: user NUL board NUL period -> whole sum that is larger than a score can be
    {loyalty}:shows                    how many times a hidden member was shown again

Boards that are made anew stand under `{loyalty}rebuilt:` instead of `{loyalty}:` until they are
switched to: no board can have such a name, and they lie in the same hash slot.

Over all programs stand `{laurel.boards}:generation` (made with the first position), `:programs` (set:
every program with boards) and `:positions` (hash: partition -> offset below which the records of
every program are applied: where reading begins).
"""

import os
from collections.abc import Iterable
from errno import ECONNRESET
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ReadOnlyError, RedisError, ResponseError

from sinks.board_calls import Board
from sinks.positions import LostRecordsError, Partition

GENERATION: Final = "{laurel.boards}:generation"
PROGRAMS: Final = "{laurel.boards}:programs"
POSITIONS: Final = "{laurel.boards}:positions"

PROGRAM_KEYS: Final = (
    *("epoch", "progress", "answers", "boards", "hidden"),
    *("closed", "dropped", "sums", "decays", "beyond", "shows"),
)
"""What a program has once, in the order in which the Functions take the keys."""

SWITCHING: Final = b"switching "
"""Begins the epoch of a program while nobody may change its boards: others are about to be there."""

REBUILT_KEYS: Final = ("boards", "hidden", "sums", "decays", "beyond")
"""Those of PROGRAM_KEYS that change place when rebuilt boards are switched to; the others stay."""

_LUA = "\n".join(
    Path(__file__).with_name(name).read_text()
    for name in ("boards.lua", "board_reads.lua", "switch.lua")
)
VERSION: Final = sha256(_LUA.encode()).hexdigest()[:12]
LIBRARY: Final = _LUA.replace("VERSION", VERSION)
"""The Functions. Their names carry this digest, so that whoever reads gets the answers of its own release,
whatever release the boards workers are of."""


class EmptiedRedisError(Exception):
    """Boards were here and are gone."""


class SwitchingError(Exception):
    """Rebuilt boards are taking the place of others, or a rebuild was broken off just then."""


FAILURES = (
    RedisError,
    OSError,
    TimeoutError,
    EmptiedRedisError,
    SwitchingError,
    LostRecordsError,
)
"""What passes once Redis, or whoever looks after it, has done its part."""


def emptied(what: str) -> EmptiedRedisError:
    """Say that something is missing which must be there."""
    return EmptiedRedisError(
        f"Redis lost its boards: {what} is missing though records were applied to it before. "
        "Run `laurel rebuild boards` to make them anew from the log"
    )


def switching(program: str) -> SwitchingError:
    """Say that a program's boards may not be changed for the moment."""
    return SwitchingError(
        f"rebuilt boards of {program} are taking their place; if nobody is rebuilding them, run "
        "`laurel rebuild boards` again"
    )


def program_key(program: str, name: str, *, rebuilt: bool = False) -> str:
    """Give the key of something a program has once, one of PROGRAM_KEYS."""
    return f"{{{program}}}{'rebuilt' if rebuilt else ''}:{name}"


def board_keys(program: str, board: Board, *, rebuilt: bool = False) -> tuple[str, str]:
    """Give the keys of a board: its scores and its tie values."""
    stem = program_key(program, ":".join(board), rebuilt=rebuilt)
    return f"{stem}:scores", f"{stem}:ties"


def board_name(board: Board) -> str:
    """Give a board's name in the set of all boards."""
    return "\0".join(board)


def field(partition: Partition) -> str:
    """Give the field of a partition in progress, answers and positions."""
    return f"{partition[0]}:{partition[1]}"


class _TellsOfResets(AbstractConnection):
    """A connection that was reset is a broken one, on any loop.

    redis-py learns of a reset when it writes, and expects OSError; uvloop raises RuntimeError there.
    """

    async def _send_packed_command(self, command: Iterable[bytes]) -> None:
        if self._writer is not None and self._writer.transport.is_closing():
            raise ConnectionResetError(ECONNRESET, os.strerror(ECONNRESET))
        await super()._send_packed_command(command)


def connect(url: str, **options: Any) -> Redis:  # noqa: ANN401 - redis-py's own options
    """Give a client for boards; nothing is sent yet."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=16,
        timeout=None,
        socket_timeout=10,
        socket_connect_timeout=5,
        retry=Retry(NoBackoff(), 0),  # The projector asks where the boards stand before it retries.
        **options,
    )
    # The address has chosen one for TCP, TLS or a socket.
    chosen = pool.connection_class
    pool.connection_class = type(chosen.__name__, (_TellsOfResets, chosen), {})
    return Redis.from_pool(pool)


async def call_function(
    redis: Redis, name: str, keys: list[str], arguments: Iterable[str | bytes | int]
) -> Any:  # noqa: ANN401 - a Function answers what it likes
    """Call a Function of the library; load the library first where Redis does not know it.

    Raises ReadOnlyError where that is a replica: it gets the library from its primary.
    """
    function = f"laurel_{name}_{VERSION}"
    try:
        return await redis.fcall(function, len(keys), *keys, *arguments)
    except ResponseError as error:
        if "Function not found" not in str(error):
            raise
    try:
        await redis.function_load(LIBRARY, replace=True)
    except ReadOnlyError as error:
        raise ReadOnlyError(
            "this replica lacks the Functions of this release: its primary gets them from the first "
            "record that a boards worker of this release applies"
        ) from error
    return await redis.fcall(function, len(keys), *keys, *arguments)
