"""Boards in a real Redis beside the second book: whatever is said by chance, both have the same places."""

from typing import Any

import pytest
from redis.asyncio import Redis

from audit.compare_boards import compare_boards
from audit.records import ACTIONS, INTERNAL, Record
from audit.redis_boards import gone_boards, read_boards, wrong_sums
from processors.engine import Decision
from sinks.board_store import connect, program_key
from sinks.redis_boards import RedisBoards
from tests.audit.beside import book_of
from tests.audit.chance import Chance
from tests.support.boards import NEW, bring
from tests.support.engine import ROOT, Engine, document

PROGRAMS = ("tests/cases/words/league", "programs/forum/2025-01-01", "programs/trading/2025-01-01")
ACTIONS_SAID = 300


@pytest.mark.parametrize("path", PROGRAMS)
async def test_redis_and_the_book_have_the_same_places(redis_url: str, path: str) -> None:
    """Scores, tie values, order and sums, those that decay to one part in 10^12."""
    program = document(ROOT / f"{path}.yaml")
    name = program["program"]
    engine = Engine()
    engine.publish(program)
    for message in Chance(program, 7).messages(ACTIONS_SAID):
        engine.hear_all(message.value, message.append_time, internal=message.internal)
    book = book_of([(program, 0)])
    for offset, heard in enumerate(engine.heard):
        topic = INTERNAL if heard.internal else ACTIONS
        book.take(Record(topic, 0, offset, heard.append_time, b"", heard.value, heard.headers))
    redis: Redis = connect(redis_url)
    sink = RedisBoards(redis)
    await sink.standing(NEW)
    await bring(sink, _postings(engine), name)
    found = await read_boards(redis_url, name)
    assert len(found) > 3
    assert list(compare_boards(book.boards(), {name: found}, "Redis")) == []
    assert await wrong_sums(redis_url, name, found) == []

    board = next(board for board in found if board[1] == "all_time" and not _decays(found, board))
    await redis.hincrby(program_key(name, "sums"), "\0".join(board), 1)
    await redis.hset(program_key(name, "closed"), "\0".join(board), 1)
    (wrong,) = await wrong_sums(redis_url, name, found)
    assert wrong.startswith(f"Redis: {name} {' '.join(board)}: the scores add up to ")
    assert await gone_boards(redis_url, name) == {board}
    await redis.aclose()


def _postings(engine: Engine) -> list[Any]:
    decisions = (heard.outcome for heard in engine.heard if isinstance(heard.outcome, Decision))
    return [posting for decision in decisions for posting in decision.postings]


def _decays(boards: dict[Any, Any], board: tuple[str, str]) -> bool:
    return any(isinstance(place.score, float) for place in boards[board])
