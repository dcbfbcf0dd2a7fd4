"""How boards lie in Redis: keys, the library of Functions, and what can be wrong with them.

Every program keeps its keys under one hash tag, so that one Function call changes boards and
progress in one step:

    {loyalty}:global:all_time:scores   sorted set: minus score, tie value + user id (see boards.lua)
    {loyalty}:global:all_time:ties     hash: user id -> tie value
    {loyalty}:hidden                   hash: user NUL board NUL period -> score, tie value of hidden members
    {loyalty}:boards                   set: every board there is, `global NUL all_time`
    {loyalty}:progress                 hash: `rewards.earned:3` -> offset of the next record
    {loyalty}:answers                  hash: question and answer of each partition's last call
    {loyalty}:epoch                    changes whenever the program's boards are cleared
    {loyalty}:closed                   hash: board NUL period -> epoch ms until which it is kept
    {loyalty}:dropped                  hash: board NUL period -> scores that came later and were dropped
    {loyalty}:sums                     hash: board NUL period -> sum of all scores on it, but with decay
    {loyalty}:carried                  set: boards that the members of the one before were put on
    {loyalty}:decays                   hash: board -> `0.9 day 20480`, see sinks/decay.py

Over all programs stand `{laurel.boards}:generation` (changes whenever anything is cleared),
`:programs` (set: every program with boards) and `:positions` (hash: partition -> offset below which
the records of every program are applied: where reading begins).
"""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from sinks.board_calls import Board
from sinks.positions import LostRecordsError, Partition

GENERATION: Final = "{laurel.boards}:generation"
PROGRAMS: Final = "{laurel.boards}:programs"
POSITIONS: Final = "{laurel.boards}:positions"

PROGRAM_KEYS: Final = (
    *("epoch", "progress", "answers", "boards", "hidden"),
    *("closed", "dropped", "sums", "decays"),
)
"""What a program has once, in the order in which the Functions take the keys."""

CLEARING: Final = b"clearing"
"""The epoch of a program while its boards are being cleared."""

_LUA = Path(__file__).with_name("boards.lua").read_text()
_VERSION = sha256(_LUA.encode()).hexdigest()[:12]
LIBRARY: Final = _LUA.replace("VERSION", _VERSION)
"""The Functions. Their names carry a digest, so that two releases can share a Redis."""


class EmptiedRedisError(Exception):
    """Boards were here and are gone."""


class ClearingError(Exception):
    """Boards are being cleared, or a clearing was broken off."""


FAILURES = (
    RedisError,
    OSError,
    TimeoutError,
    EmptiedRedisError,
    ClearingError,
    LostRecordsError,
)
"""What passes once Redis, or whoever looks after it, has done its part."""


def emptied(what: str) -> EmptiedRedisError:
    """Say that something is missing which must be there."""
    return EmptiedRedisError(
        f"Redis lost its boards: {what} is missing though records were applied to it before. "
        "Run `laurel rebuild boards` to make them anew from the log"
    )


def clearing(program: str) -> ClearingError:
    """Say that a program has no boards for the moment."""
    return ClearingError(
        f"the boards of {program} are being cleared; if nobody is doing so, run "
        "`laurel rebuild boards` again"
    )


def program_key(program: str, name: str) -> str:
    """Give the key of something a program has once, one of PROGRAM_KEYS."""
    return f"{{{program}}}:{name}"


def board_keys(program: str, board: Board) -> tuple[str, str]:
    """Give the keys of a board: its scores and its tie values."""
    stem = f"{{{program}}}:{board[0]}:{board[1]}"
    return f"{stem}:scores", f"{stem}:ties"


def board_name(board: Board) -> str:
    """Give a board's name in the set of all boards."""
    return "\0".join(board)


def field(partition: Partition) -> str:
    """Give the field of a partition in progress, answers and positions."""
    return f"{partition[0]}:{partition[1]}"


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
    return Redis.from_pool(pool)


async def call_function(
    redis: Redis, name: str, keys: list[str], arguments: Iterable[str | bytes | int]
) -> Any:  # noqa: ANN401 - a Function answers what it likes
    """Call a Function of boards.lua; load the library first where Redis does not know it."""
    function = f"laurel_{name}_{_VERSION}"
    try:
        return await redis.fcall(function, len(keys), *keys, *arguments)
    except ResponseError as error:
        if "Function not found" not in str(error):
            raise
    await redis.function_load(LIBRARY, replace=True)
    return await redis.fcall(function, len(keys), *keys, *arguments)
