"""The boards projector on a real Redis: whatever dies or vanishes, every posting counts once."""

import asyncio

import pytest
from redis.asyncio import Redis

from processors import boards
from processors.boards import boards_projector
from processors.projector import Projector, StaleTurnError
from processors.rebuild_boards import rebuild_boards
from sinks.board_calls import Answer, Call, cut, updates
from sinks.board_store import EmptiedRedisError
from sinks.positions import Assigned, LostRecordsError, Partition
from sinks.redis_boards import RedisBoards
from tests.support.boards import (
    AT,
    GLOBAL,
    NEW,
    Published,
    bring,
    everything,
    on_global,
    scored,
    standings,
)
from tests.support.runs import KeptLog, Record, feed, posting, record, run
from tests.support.stacks import Servers
from tests.support.waiting import eventually


@pytest.fixture
def published() -> Published:
    return Published()


def projector(redis: Redis, published: Published) -> Projector:
    return boards_projector(RedisBoards(redis), published.publish)


def log_of(count: int, members: int = 20, program: str = "loyalty") -> list[Record]:
    """Give a log of postings on three boards; offsets have gaps, as transactions leave them."""
    return [
        record(
            n * 2,
            posting(
                n,
                f"u{n * 7 % members}",
                [
                    (*GLOBAL, n % 5 - 1),
                    ("global", "weekly:2025-W49", n % 3),
                    (f"region:{'US' if n % 2 else 'DE'}", "all_time", 1, "quiet"),
                ],
                second=n,
                program=program,
            ),
        )
        for n in range(count)
    ]


async def test_a_log_read_twice_counts_once(redis: Redis, published: Published) -> None:
    """A projector that begins anew reads on where the sink stands, and a replay is refused."""
    log = log_of(300)
    await feed(projector(redis, published), log, AT)
    before, told = await everything(redis), len(published)
    again = projector(redis, published)
    positions = await again.positions({AT: Assigned(first=0, committed=599)})
    assert positions == {AT: log[-1].offset + 1}
    before = {key: value for key, value in before.items() if not key.endswith(b":answers")}
    with pytest.raises(StaleTurnError) as stale:
        await again.apply({AT: run(log, 0, 200)})
    assert stale.value.positions == positions
    after = await everything(redis)
    assert {key: value for key, value in after.items() if not key.endswith(b":answers")} == before
    assert {one.id for one in published[told:]} <= {one.id for one in published[:told]}


async def test_an_answer_is_kept_until_it_was_published(
    redis: Redis, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between applying and publishing, a worker's successor publishes the same records."""
    log = [record(0, on_global(1, "ann", 10)), record(1, on_global(2, "bob", 11))]

    async def die(*_: object) -> None:
        raise KeyboardInterrupt

    sink = RedisBoards(redis)
    await sink.standing(NEW)
    with monkeypatch.context() as patched:
        patched.setattr(boards, "published", die)
        with pytest.raises(KeyboardInterrupt):
            await boards.project_run(sink, published.publish, AT, run(log))
    assert published == []
    await feed(projector(redis, published), log, AT)
    assert [(one.user_id, one.rank, one.score) for one in published] == [
        ("ann", 2, 10),
        ("bob", 1, 11),
    ]
    assert await standings(redis) == [(1, "bob", 11), (2, "ann", 10)]
    await projector(redis, published).positions(NEW)
    assert len(published) == 2, "an acknowledged answer is not repeated"


async def test_a_newer_answer_is_not_acknowledged_with_an_older_one(
    sink: RedisBoards, redis: Redis
) -> None:
    """Who acknowledges late forgets nothing that came after."""
    (call,) = cut([(0, scored(on_global(1, "ann", 1)))], 1)
    older = await sink.apply("loyalty", AT, call)
    successor = RedisBoards(redis)
    assert (await successor.standing(NEW)).answers == [older]
    await bring(successor, [on_global(2, "ann", 2)])
    await sink.acknowledge([older])
    (kept,) = (await RedisBoards(redis).standing(NEW)).answers
    assert [one.id for one in updates(kept)] == ["a2#purchase@global@all_time"]


async def test_programs_share_a_partition(redis: Redis, published: Published) -> None:
    """Each program has its own boards and its own position in a partition."""
    both = [
        record(
            n, on_global(n, "ann", 1) if n % 2 else posting(n, "ann", [(*GLOBAL, 2)], program="x")
        )
        for n in range(100)
    ]
    await feed(projector(redis, published), both, AT, records_at_once=7)
    assert await standings(redis) == [(1, "ann", 50)]
    assert await standings(redis, "x") == [(1, "ann", 100)]


async def test_a_program_that_missed_a_turn_gets_it(
    redis: Redis, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after one program of a turn and before a new one, nothing is lost or doubled."""
    log = [
        *(record(n, on_global(n, "ann", 1)) for n in range(10)),
        record(10, posting(10, "ann", [(*GLOBAL, 2)], program="newborn")),
        record(11, on_global(11, "ann", 1)),
    ]
    apply = boards.applied

    async def die_on_newborn(
        sink: RedisBoards, program: str, partition: Partition, call: Call
    ) -> Answer:
        if program == "newborn":
            raise KeyboardInterrupt
        return await apply(sink, program, partition, call)

    sink = RedisBoards(redis)
    await sink.standing(NEW)
    with monkeypatch.context() as patched:
        patched.setattr(boards, "applied", die_on_newborn)
        with pytest.raises(KeyboardInterrupt):
            await boards.project_run(sink, published.publish, AT, run(log))
    assert await standings(redis) == [(1, "ann", 11)]
    await feed(projector(redis, published), log, AT)
    assert await standings(redis) == [(1, "ann", 11)]
    assert await standings(redis, "newborn") == [(1, "ann", 2)]


async def test_a_first_start_is_no_loss(redis: Redis) -> None:
    """An empty Redis is taken as it is while the group has committed nothing."""
    standing = await RedisBoards(redis).standing({AT: Assigned(first=0, committed=None)})
    assert standing.positions == {AT: 0}


async def test_an_emptied_redis_is_noticed_at_start(redis: Redis) -> None:
    """Where the group had committed offsets, an empty Redis is refused and says what to do."""
    with pytest.raises(EmptiedRedisError, match="laurel rebuild boards"):
        await RedisBoards(redis).standing({AT: Assigned(first=0, committed=17)})


@pytest.mark.parametrize("lost", ["everything", "one program"])
async def test_an_emptied_redis_is_noticed_at_work(
    redis: Redis, published: Published, lost: str
) -> None:
    """Boards that vanish turn the projector red; once they are rebuilt it goes on."""
    log = log_of(120)
    await feed(projector(redis, published), log, AT)
    whole = await standings(redis)
    await redis.flushdb()
    at_work = projector(redis, published)
    await at_work.positions(NEW)
    await at_work.apply({AT: run(log, 0, 100)})
    if lost == "everything":
        await redis.flushdb()
    else:
        await redis.delete(*[key async for key in redis.scan_iter("{loyalty}:*")])

    async def red() -> bool:
        return "laurel rebuild boards" in (at_work.state.error or "")

    working = asyncio.create_task(at_work.apply({AT: run(log, 100, 239)}))
    await eventually(red)
    assert await rebuild_boards(redis, KeptLog({AT: log}), {AT: Assigned(0, 100)}) == ["loyalty"]
    await working
    assert at_work.state.error is None
    assert await standings(redis) == whole


@pytest.mark.parametrize(("position", "first", "begins"), [(0, 40, 40), (50, 40, 50)])
async def test_a_log_that_lost_its_beginning(
    redis: Redis, position: int, first: int, begins: int
) -> None:
    """A sink that has nothing yet begins with the first record there is; one ahead of it goes on."""
    sink = RedisBoards(redis)
    await sink.standing(NEW)
    if position:
        await sink.settle({AT: (0, position)})
    assert (await sink.standing({AT: Assigned(first, None)})).positions == {AT: begins}
    await sink.settle({AT: (begins, begins + 1)})


async def test_records_deleted_before_they_were_applied_are_missed(redis: Redis) -> None:
    """A sink that stands before the log's first record is red: something is gone for ever."""
    sink = RedisBoards(redis)
    await sink.standing(NEW)
    await sink.settle({AT: (0, 30)})
    with pytest.raises(LostRecordsError, match=r"begins at 40 but the sink stands at 30"):
        await sink.standing({AT: Assigned(40, None)})


async def test_a_killed_redis_is_brought_up_again(
    redis: Redis, published: Published, servers: Servers
) -> None:
    """Killed under load and restarted, Redis may have lost its last second; the boards are exact."""
    log = log_of(4000)
    at_work = projector(redis, published)
    feeding = asyncio.create_task(feed(at_work, log, AT, records_at_once=20))

    async def busy() -> bool:
        return at_work.state.positions.get(AT, 0) > 1000

    await eventually(busy)
    await asyncio.to_thread(servers["redis"].restart, "kill")
    await feeding
    assert at_work.state.failures > 0
    assert at_work.state.error is None
    scores: dict[str, int] = {}
    for n in range(4000):
        user = f"u{n * 7 % 20}"
        scores[user] = scores.get(user, 0) + n % 5 - 1
    assert {user: score for _, user, score in await standings(redis)} == scores
