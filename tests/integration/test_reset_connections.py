"""Connections that are reset, idle or not: a failure that passes, on the loop of the workers too."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest
import uvloop

from sinks import board_store, postgres_ledger
from sinks.postgres_ledger import PostgresLedger
from sinks.redis_boards import RedisBoards
from tests.support import boards, ledgers
from tests.support.relay import Relay, failures_of, relaying

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
ROUNDS = 6
"""Rounds of a loop after a reset, in all of which somebody may ask."""


Resets = Callable[[Relay], Coroutine[None, None, list[Exception]]]
"""Asks a sink through a relay that resets its connections; gives what was raised."""


def raised(resets: Resets, server: str, loop: str) -> list[Exception]:
    with relaying(server) as relay, asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        found = runner.run(resets(relay))
    assert found
    return found


@pytest.mark.parametrize("loop", LOOPS)
def test_redis_resets_a_connection(loop: str, redis_url: str) -> None:
    """The boards' sink is told of it as of any broken connection, and goes on with another one."""

    async def resets(relay: Relay) -> list[Exception]:
        redis = board_store.connect(relay.address)
        sink = RedisBoards(redis)
        try:
            return await failures_of(lambda: sink.standing(boards.NEW), relay, ROUNDS)
        finally:
            await redis.aclose()

    found = raised(resets, redis_url, loop)
    assert all(isinstance(error, board_store.FAILURES) for error in found), found


@pytest.mark.parametrize("loop", LOOPS)
def test_postgresql_resets_a_connection(loop: str, database: str) -> None:
    """The ledger's sink likewise."""

    async def resets(relay: Relay) -> list[Exception]:
        sink = PostgresLedger(relay.address, ssl=False)
        try:
            return await failures_of(lambda: sink.standing(ledgers.NEW), relay, ROUNDS)
        finally:
            await sink.close()

    found = raised(resets, database, loop)
    assert all(isinstance(error, postgres_ledger.FAILURES) for error in found), found
