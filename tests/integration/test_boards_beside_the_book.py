"""Boards in a real Redis beside the second book: whatever is said by chance, both have the same places."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from redis.asyncio import Redis

from audit.book import Book
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
    sums = book.sums()[name]
    assert await wrong_sums(redis_url, name, found, sums) == []

    board = next(board for board in found if board[1] == "all_time" and not _decays(found, board))
    await redis.hincrby(program_key(name, "sums"), "\0".join(board), 1)
    await redis.hset(program_key(name, "closed"), "\0".join(board), 1)
    (wrong,) = await wrong_sums(redis_url, name, found, sums)
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
        "ERASE": {"origin": "admin", "effect": "erase"},
    },
}
MOST = 2**53
THIS_WEEK, NEXT_WEEK = "2025-12-02T12:00:00Z", "2025-12-09T12:00:00Z"
W49, W50 = ("global", "weekly:2025-W49"), ("global", "weekly:2025-W50")

# Who does what when, with which facts.
Said = tuple[str, str, str, dict[str, Any]]


async def purses(redis_url: str, said: Iterable[Said]) -> Book:
    """Let the engine decide all of it, one posting after another come to Redis, and the book recount it."""
    engine, append_time = Engine(), moments.read(NEXT_WEEK)
    engine.publish(PURSE)
    for number, (user, at, kind, data) in enumerate(said):
        action = {"id": str(number), "program": "purse", "user_id": user, "type": kind}
        action |= {"occurred_at": at, "data": data}
        heard = engine.hear(json.dumps(action).encode(), append_time)
        assert isinstance(heard, Decision)
        assert heard.outcome in ("posted", "accepted")
    book = book_of([(PURSE, 0)])
    assert differences(engine, book) == []
    async with connect(redis_url) as redis:
        sink = RedisBoards(redis)
        await sink.standing(NEW)
        for one in _postings(engine):
            await bring(sink, [one], "purse")
    return book


async def wrong(redis_url: str, book: Book) -> list[str]:
    """What the boards in Redis, and what is kept beside them, have otherwise than the book."""
    found = await read_boards(redis_url, "purse")
    differing = list(compare_boards(book.boards(), {"purse": found}, "Redis"))
    return differing + await wrong_sums(redis_url, "purse", found, book.sums()["purse"])


def large(user: str) -> list[Said]:
    """Gifts that add up to three times 2^53 and 7 this week, and as much less than 0 in the next one."""
    gifts = [(THIS_WEEK, MOST), (NEXT_WEEK, -MOST)] * 3 + [(THIS_WEEK, 7), (NEXT_WEEK, -7)]
    return [(user, at, "GIFT", {"points": points}) for at, points in gifts]


async def test_sums_beyond_2_to_the_53_have_the_same_places(redis_url: str) -> None:
    """What is given in one week and taken in the next adds up there; it moves to another country whole."""
    said = large("ann")
    said.insert(0, ("ann", THIS_WEEK, "PROFILE", {"country": "US"}))
    said.insert(-1, ("ann", THIS_WEEK, "PROFILE", {"country": "DE"}))
    book = await purses(redis_url, said)
    assert await wrong(redis_url, book) == []
    boards = await read_boards(redis_url, "purse")
    scores = {name: [place.score for place in places] for name, places in boards.items()}
    assert scores == {
        W49: [MOST],
        W50: [-MOST],
        ("region:DE", "weekly:2025-W49"): [MOST],
        ("region:DE", "weekly:2025-W50"): [-MOST],
    }


async def test_whole_sums_of_who_is_hidden_are_the_same(redis_url: str) -> None:
    """They stay with who is hidden or erased, and go on with who is hidden."""
    unlisted: Said = ("ann", THIS_WEEK, "PROFILE", {"listed": False})
    erased: Said = ("bob", NEXT_WEEK, "ERASE", {"reason": "asked", "created_by": "joe"})
    book = await purses(
        redis_url, [*large("ann")[:4], unlisted, *large("ann"), *large("bob"), erased]
    )
    assert {user for user, _ in book.sums()["purse"].whole} == {"ann", "bob"}
    assert await wrong(redis_url, book) == []


@pytest.mark.parametrize(
    ("user", "board", "text", "says"),
    [
        ("ann", W49, "3 8", f"ann has the whole sum {3 * MOST + 7} in the book, 3 8 there"),
        ("ann", W50, "-3 7", f"ann has the whole sum {-3 * MOST - 7} in the book, -3 7 there"),
        ("ann", W49, "much", f"ann has the whole sum {3 * MOST + 7} in the book, much there"),
        ("ann", W49, f"2 {MOST + 7}", f"in the book, 2 {MOST + 7} there"),
        ("ann", W49, None, f"ann has the whole sum {3 * MOST + 7} in the book, none there"),
        ("bob", W49, "1 7", "bob has no whole sum in the book, 1 7 there"),
        ("eve", W49, "1 7", "eve has no whole sum in the book, 1 7 there"),
        ("ann", ("global", "weekly:1"), "1 7", "ann has no whole sum in the book, 1 7 there"),
    ],
)
async def test_changed_whole_sums_are_found(
    redis_url: str, user: str, board: tuple[str, str], text: str | None, says: str
) -> None:
    """One that is another, or none, or lost, or of somebody whose score says all; no score shows it."""
    said = [*large("ann"), ("bob", THIS_WEEK, "GIFT", {"points": 5})]
    book = await purses(redis_url, said)
    key, name = program_key("purse", "beyond"), "\0".join((user, *board))
    async with connect(redis_url) as redis:
        assert await (redis.hdel(key, name) if text is None else redis.hset(key, name, text)) in (
            0,
            1,
        )
    (told,) = await wrong(redis_url, book)
    assert told.startswith(f"Redis: purse {' '.join(board)}: {user} has ")
    assert told.endswith(says)


async def test_a_sum_is_too_large_only_where_it_may_be(redis_url: str) -> None:
    """600 members at 2^53 are more than 2^62, then and later; those of the next week never were."""
    users = [f"u{number}" for number in range(600)]
    gifts: list[Said] = [(user, THIS_WEEK, "GIFT", {"points": MOST}) for user in users]
    gifts += [(user, NEXT_WEEK, "GIFT", {"points": -5}) for user in users]
    back: list[Said] = [(user, THIS_WEEK, "GIFT", {"points": -MOST + 9}) for user in users]
    book = await purses(redis_url, gifts + back)
    async with connect(redis_url) as redis:
        key = program_key("purse", "sums")
        assert await redis.hget(key, "\0".join(W49)) == b"large"
        assert await wrong(redis_url, book) == []
        await redis.hset(key, "\0".join(W50), "large")
    (told,) = await wrong(redis_url, book)
    assert told == f"Redis: purse {' '.join(W50)}: the scores add up to -3000, kept is large"


def _postings(engine: Engine) -> list[Any]:
    decisions = (heard.outcome for heard in engine.heard if isinstance(heard.outcome, Decision))
    return [posting for decision in decisions for posting in decision.postings]


def _decays(boards: dict[Any, Any], board: tuple[str, str]) -> bool:
    return any(isinstance(place.score, float) for place in boards[board])
