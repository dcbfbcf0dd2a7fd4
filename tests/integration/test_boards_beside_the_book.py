"""Boards in a real Redis beside the second book: whatever is said by chance, both have the same places."""

import json
from typing import Any

import pytest
from redis.asyncio import Redis

from audit.compare_boards import compare_boards
from audit.records import ACTIONS, INTERNAL, Record
from audit.redis_boards import gone_boards, read_boards, wrong_sums
from processors.engine import Decision
from schemas import moments
from sinks.board_store import connect, program_key
from sinks.redis_boards import RedisBoards
from tests.audit.beside import book_of, differences
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


PURSE: dict[str, Any] = {
    "program": "purse",
    "effective_from": "2025-01-01",
    "currencies": {"points": {}},
    "boards": {
        "global": {"periods": ["weekly"]},
        "region": {"split": "country", "periods": ["weekly"]},
    },
    "actions": {
        "GIFT": {
            "origin": "outside",
            "facts": {"points": {"type": "integer", "required": True}},
            "rules": {"gift": {"kind": "adjust", "points": "points"}},
        },
        "PROFILE": {"origin": "service", "effect": "profile"},
    },
}
MOST = 2**53
THIS_WEEK, NEXT_WEEK = "2025-12-02T12:00:00Z", "2025-12-09T12:00:00Z"


async def test_sums_beyond_2_to_the_53_have_the_same_places(redis_url: str) -> None:
    """What is given in one week and taken in the next adds up there; it moves to another country whole."""
    said: list[tuple[str, str, dict[str, Any]]] = [
        (THIS_WEEK, "PROFILE", {"country": "US"}),
        *[(THIS_WEEK, "GIFT", {"points": MOST}), (NEXT_WEEK, "GIFT", {"points": -MOST})] * 3,
        (THIS_WEEK, "GIFT", {"points": 7}),
        (THIS_WEEK, "PROFILE", {"country": "DE"}),
        (NEXT_WEEK, "GIFT", {"points": -7}),
    ]
    engine, append_time = Engine(), moments.read(NEXT_WEEK)
    engine.publish(PURSE)
    for number, (at, kind, data) in enumerate(said):
        action = {"id": str(number), "program": "purse", "user_id": "ann", "type": kind}
        action |= {"occurred_at": at, "data": data}
        heard = engine.hear(json.dumps(action).encode(), append_time)
        assert isinstance(heard, Decision)
        assert heard.outcome in ("posted", "accepted")
    book = book_of([(PURSE, 0)])
    assert differences(engine, book) == []
    redis: Redis = connect(redis_url)
    sink = RedisBoards(redis)
    await sink.standing(NEW)
    for one in _postings(engine):
        await bring(sink, [one], "purse")
    found = await read_boards(redis_url, "purse")
    assert list(compare_boards(book.boards(), {"purse": found}, "Redis")) == []
    assert await wrong_sums(redis_url, "purse", found) == []
    scores = {name: [place.score for place in places] for name, places in found.items()}
    assert scores == {
        ("global", "weekly:2025-W49"): [MOST],
        ("global", "weekly:2025-W50"): [-MOST],
        ("region:DE", "weekly:2025-W49"): [MOST],
        ("region:DE", "weekly:2025-W50"): [-MOST],
    }
    await redis.aclose()


def _postings(engine: Engine) -> list[Any]:
    decisions = (heard.outcome for heard in engine.heard if isinstance(heard.outcome, Decision))
    return [posting for decision in decisions for posting in decision.postings]


def _decays(boards: dict[Any, Any], board: tuple[str, str]) -> bool:
    return any(isinstance(place.score, float) for place in boards[board])
