"""What closing asks of a board in a real Redis, and where the records of a real topic end."""

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from redis.asyncio import Redis

from processors.jobs.clock import host_ms
from processors.jobs.ends import ends_of
from sinks import board_closing
from sinks.board_store import SWITCHING, board_name, call_function
from sinks.redis_boards import RedisBoards
from tests.support.boards import bring
from tests.support.runs import posting

DAY = ("global", "daily:2025-12-07")
NEXT = ("global", "daily:2025-12-08")
PROGRAM = "loyalty"
HOUR = 3_600_000


async def score(sink: RedisBoards, scores: dict[str, int], board: tuple[str, str] = DAY) -> None:
    """Let members score, one after another."""
    said = [
        posting(number, user, [(*board, points)], second=number)
        for number, (user, points) in enumerate(scores.items())
    ]
    await bring(sink, said)


@pytest.mark.parametrize(
    ("scores", "participants", "points", "best", "middle"),
    [
        ({}, 0, 0, [], []),
        ({"ann": 5}, 1, 5, [("ann", 5)], [5]),
        ({"ann": 5, "bob": 9}, 2, 14, [("bob", 9), ("ann", 5)], [9, 5]),
        ({"ann": -5, "bob": 9, "cid": 9}, 3, 13, [("bob", 9), ("cid", 9)], [9]),
        ({"ann": 2**53, "bob": 0}, 2, 2**53, [("ann", 2**53), ("bob", 0)], [2**53, 0]),
    ],
)
async def test_figures(
    redis: Redis,
    sink: RedisBoards,
    scores: dict[str, int],
    participants: int,
    points: int,
    best: list[tuple[str, int]],
    middle: list[int],
) -> None:
    """How many, the sum, the best in order, and who stands in the middle, exact at any size."""
    await score(sink, scores)
    found = await board_closing.figures(redis, PROGRAM, DAY, 2)
    assert found == (participants, points, best, middle)


async def test_every_member_is_given(redis: Redis, sink: RedisBoards) -> None:
    """More members than one call gives, each with its score and tie value; one may come twice."""
    scores = {f"user-{number}": number - 700 for number in range(1_500)}
    await score(sink, scores)
    found = [one async for one in board_closing.members(redis, PROGRAM, DAY)]
    assert {one.user_id: one.score for one in found} == scores
    assert len({one.tie for one in found}) == len(scores)


async def test_a_board_is_kept_until_its_time(redis: Redis, sink: RedisBoards) -> None:
    """Its keys end by themselves; what comes to it later moves nothing."""
    await score(sink, {"ann": 5})
    until = host_ms() + HOUR
    assert await board_closing.keep(redis, PROGRAM, DAY, until)
    assert await board_closing.closed_boards(redis, PROGRAM) == {DAY: until}
    ends = [await redis.pexpiretime(key) async for key in redis.scan_iter(match="*daily*")]
    assert ends == [until, until]
    assert await board_closing.all_boards(redis, PROGRAM) == {DAY}


async def test_a_board_whose_time_is_over_is_removed(redis: Redis, sink: RedisBoards) -> None:
    """Nothing of it is left but that it was closed; told once more, all stays so."""
    await score(sink, {"ann": 5})
    await redis.hset("{loyalty}:hidden", f"bob\0{board_name(DAY)}", b"3")
    await redis.hset("{loyalty}:hidden", f"bob\0{board_name(NEXT)}", b"3")
    for _ in range(2):
        assert not await board_closing.keep(redis, PROGRAM, DAY, host_ms() - 1)
    assert await board_closing.all_boards(redis, PROGRAM) == set()
    assert [key async for key in redis.scan_iter(match="*daily*")] == []
    assert await redis.hlen("{loyalty}:sums") == 0
    assert await redis.hkeys("{loyalty}:hidden") == [f"bob\0{board_name(NEXT)}".encode()]
    await score(sink, {"ann": 7})
    assert (await board_closing.figures(redis, PROGRAM, DAY, 1)).participants == 0


async def test_members_are_carried_on(redis: Redis, sink: RedisBoards) -> None:
    """Who stood on the day before begins at 0; who scored already stays; again it changes nothing."""
    await score(sink, {f"user-{number}": 1 + number for number in range(1_200)})
    await score(sink, {"user-7": 40}, NEXT)
    for _ in range(2):
        await board_closing.carry(redis, PROGRAM, DAY, NEXT, 1_765_152_000_000)
    found = await board_closing.figures(redis, PROGRAM, NEXT, 2)
    assert (found.participants, found.points) == (1_200, 40)
    assert found.best == [("user-7", 40), ("user-0", 0)]
    assert await board_closing.carried_boards(redis, PROGRAM) == {NEXT}


async def test_members_are_carried_on_with_their_ties(redis: Redis, sink: RedisBoards) -> None:
    """Where each keeps its own tie value they stand by it, not by their ids."""
    await score(sink, {"cid": 1, "ann": 5, "bob": 3})
    await board_closing.carry(redis, PROGRAM, DAY, NEXT, None)
    found = await board_closing.figures(redis, PROGRAM, NEXT, 3)
    assert found.best == [("cid", 0), ("ann", 0), ("bob", 0)]


async def test_who_is_hidden_is_carried_on_unseen(redis: Redis, sink: RedisBoards) -> None:
    """Hidden members stand on no board; shown again they have the 0 they would have, or what they scored."""
    await score(sink, {"ann": 5, "bob": 3, "cid": 2})
    hides, shows = ([("*", "", 0, mode)] for mode in ("hides", "shows"))
    hidden = ["bob", "cid"]
    await bring(sink, [posting(10, user, hides) for user in hidden])
    await bring(sink, [posting(12, "cid", [(*NEXT, 7, "hidden")])])
    for _ in range(2):
        assert await board_closing.carry(redis, PROGRAM, DAY, NEXT, 1_765_152_000_000)
    assert (await board_closing.figures(redis, PROGRAM, NEXT, 3)).best == [("ann", 0)]
    await bring(sink, [posting(13, user, shows) for user in hidden])
    found = await board_closing.figures(redis, PROGRAM, NEXT, 3)
    assert found == (3, 7, [("cid", 7), ("ann", 0), ("bob", 0)], [0])
    ties = {one.user_id: one.tie async for one in board_closing.members(redis, PROGRAM, NEXT)}
    assert ties["ann"] == ties["bob"] != ties["cid"]


@pytest.mark.parametrize(
    ("turns", "calls_made"),
    [
        ({1: "hides"}, 2),  # Before those who stand there are looked at.
        ({2: "hides"}, 2),  # Between them and the hidden ones.
        ({1: "hides", 2: "shows"}, 4),  # In neither place when it was looked at.
        ({1: "hides", 2: "shows", 3: "hides", 4: "shows"}, 6),
    ],
)
async def test_who_turns_meanwhile_is_carried_on(
    redis: Redis,
    sink: RedisBoards,
    monkeypatch: pytest.MonkeyPatch,
    turns: dict[int, str],
    calls_made: int,
) -> None:
    """Who is hidden between two calls is found; where somebody is shown, all of it is done again."""
    await score(sink, {"ann": 5, "bob": 3})
    calls: list[str] = []

    async def turning(
        redis: Redis, name: str, keys: list[str], arguments: list[str | bytes | int]
    ) -> object:
        calls.append(name)
        if mode := turns.get(len(calls)):
            await bring(sink, [posting(10 + len(calls), "bob", [("*", "", 0, mode)])])
        return await call_function(redis, name, keys, arguments)

    monkeypatch.setattr(board_closing, "call_function", turning)
    assert await board_closing.carry(redis, PROGRAM, DAY, NEXT, 1_765_152_000_000)
    assert len(calls) == calls_made
    assert await board_closing.carried_boards(redis, PROGRAM) == {NEXT}
    monkeypatch.undo()
    await bring(sink, [posting(20, "bob", [("*", "", 0, "shows")])])
    found = await board_closing.figures(redis, PROGRAM, NEXT, 2)
    assert found.best == [("ann", 0), ("bob", 0)]


async def test_nobody_is_carried_on_to_boards_that_are_replaced(
    redis: Redis, sink: RedisBoards, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A switch in the middle breaks it off, as one under way does; afterwards all are carried on."""
    await score(sink, {f"user-{number}": 1 for number in range(1_200)})
    calls: list[str] = []

    async def switching(
        redis: Redis, name: str, keys: list[str], arguments: list[str | bytes | int]
    ) -> object:
        calls.append(name)
        if len(calls) == 3:  # After two pages of those who stand there.
            await redis.set("{loyalty}:epoch", "another")
        return await call_function(redis, name, keys, arguments)

    monkeypatch.setattr(board_closing, "call_function", switching)
    assert not await board_closing.carry(redis, PROGRAM, DAY, NEXT, 1_765_152_000_000)
    assert await board_closing.carried_boards(redis, PROGRAM) == set()
    await redis.set("{loyalty}:epoch", SWITCHING + b"another")
    assert not await board_closing.carry(redis, PROGRAM, DAY, NEXT, 1_765_152_000_000)
    assert len(calls) == 3
    await redis.set("{loyalty}:epoch", "another")
    assert await board_closing.carry(redis, PROGRAM, DAY, NEXT, 1_765_152_000_000)
    assert (await board_closing.figures(redis, PROGRAM, NEXT, 1)).participants == 1_200
    assert await board_closing.carried_boards(redis, PROGRAM) == {NEXT}


# --- where records end


async def ends(connection: dict[str, Any], topic: str) -> list[int]:
    """Give the ends of a topic's partitions, in their order."""
    found = await ends_of(connection, [topic])
    return [found[TopicPartition(topic, number)] for number in range(len(found))]


async def test_ends_are_behind_the_last_record(connection: dict[str, Any], topics: str) -> None:
    """A commit marker, or an aborted transaction of any length, moves no end; a record does."""
    topic = f"{topics}rewards.earned"
    assert set(await ends(connection, topic)) == {0}
    async with AIOKafkaProducer(transactional_id=f"{topics}a", **connection) as producer:
        async with producer.transaction():
            for _ in range(3):
                await producer.send(topic, b"said", partition=1)
        assert (await ends(connection, topic))[:3] == [0, 3, 0]
        await producer.begin_transaction()
        for partition in (1, 2) * 40:
            await producer.send_and_wait(topic, b"taken back", partition=partition)
        await producer.abort_transaction()
        assert (await ends(connection, topic))[:3] == [0, 3, 0]


async def test_open_transactions_are_waited_for(connection: dict[str, Any], topics: str) -> None:
    """What a transaction has written counts, though it is committed only later."""
    topic = f"{topics}actions"
    async with AIOKafkaProducer(transactional_id=f"{topics}b", **connection) as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"said", partition=0)
        asking = asyncio.create_task(ends(connection, topic))
        done, _ = await asyncio.wait([asking], timeout=2)
        assert not done
        await producer.commit_transaction()
        assert (await asking)[0] == 1
