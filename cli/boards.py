"""The boards in Redis, for commands: reached or refused, and found by what people call them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast, get_args

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from cli.addresses import Place, shown
from cli.refusals import Refusal
from cli.versions import in_force, now_ms, read_versions
from schemas import moments
from schemas.moments import PeriodKind
from sinks.board_calls import Board
from sinks.board_store import connect, program_key

KINDS = get_args(PeriodKind)


@asynccontextmanager
async def boards(place: Place, url: str) -> AsyncIterator[Redis]:
    """Give a client of the Redis with boards. Raises Refusal when it cannot be reached."""
    try:
        redis = connect(url)
    except ValueError as error:
        raise Refusal(f"{shown(url)} is no address of a Redis: {error}") from error
    try:
        yield redis
    except (RedisConnectionError, RedisTimeoutError, OSError) as error:
        raise place.silent("redis", error) from error
    except RedisError as error:
        raise Refusal(f"Redis refused: {error}") from error
    finally:
        await redis.aclose()


async def names(redis: Redis, program: str) -> list[Board]:
    """Give every board of a program that somebody stands on, in order."""
    found: Any = await redis.smembers(program_key(program, "boards"))
    return sorted(
        (board, period) for board, _, period in (n.decode().partition("\0") for n in found)
    )


async def period_name(place: Place, program: str, period: str) -> str:
    """Give the full name of a period; its kind alone, like `weekly`, means the present one.

    The present is that of the program's own time zone. Raises Refusal for what is no period.
    """
    if period in KINDS:
        kind = cast("PeriodKind", period)
        now = now_ms()
        found = in_force(await read_versions(place), program, now, now)
        document = (found.version.document if found else None) or {}
        return moments.calendar_of(document.get("timezone", "UTC")).day(now).names[kind]
    try:
        moments.calendar_of("UTC").bounds(period)
    except ValueError as error:
        raise Refusal(
            str(error), f"name one like weekly:2025-W49, or a kind: {', '.join(KINDS)}"
        ) from error
    return period
