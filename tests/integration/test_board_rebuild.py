"""Boards rebuilt on a real Redis, beside those that are read: alike, in one step, told once."""

import asyncio
import random
from functools import partial
from typing import Any

import pytest
from redis.asyncio import Redis

from processors.boards import boards_projector
from processors.projector import Projector
from processors.rebuild_boards import rebuild_boards
from sinks.board_reads import participants
from sinks.board_rebuild import RebuiltBoards, SupersededError
from sinks.board_store import (
    EmptiedRedisError,
    SwitchingError,
    board_keys,
    connect,
    program_key,
)
from sinks.board_words import EXACT
from sinks.positions import Assigned
from sinks.redis_boards import RedisBoards
from tests.support.boards import AT, GLOBAL, NEW, Published, on_global, standings
from tests.support.runs import KeptLog, Record, feed, posting, record, run
from tests.support.waiting import eventually

OTHER = ("rewards.earned", 4)
BOARDS = [
    GLOBAL,
    ("global", "weekly:2025-W49", "quiet"),
    ("region:US", "all_time"),
    ("record", "all_time", "best"),
    ("newest", "all_time", "last quiet"),
    ("early", "all_time", "tie:1764000000000"),
    ("hot", "all_time", "decay:0.9:20429:day"),
]


@pytest.fixture
def published() -> Published:
    return Published()


def projector(redis: Redis, published: Published) -> Projector:
    return boards_projector(RedisBoards(redis), published.publish)


def log_of(count: int, seed: int = 1, program: str = "loyalty", first: int = 0) -> list[Record]:
    """Give a log in which members score, leave a board, are hidden, score hidden, and are shown."""
    rng, hidden = random.Random(seed), set[str]()
    log = []
    for n in range(count):
        user = f"u{rng.randrange(30)}"
        wait = "hidden" if user in hidden else ""
        scores: list[tuple[Any, ...]] = [
            (
                *board[:2],
                rng.randrange(-3, 9) if rng.random() < 0.95 else rng.choice((EXACT, -EXACT)),
                *filter(None, [" ".join([*board[2:], wait]).strip()]),
            )
            for board in rng.sample(BOARDS, rng.randrange(5))
        ]
        if rng.random() < 0.1:
            scores.append(("region:US", "all_time", 0, f"{wait} leaves".strip()))
        if rng.random() < 0.05:
            mode = "shows" if wait else "hides"
            hidden ^= {user}
            scores = [("*", "global all_time", 0, mode)]
        one = posting(n, user, scores, second=n, program=program)
        log.append(record(first + n * 2, one))
    return log


async def boards_of(redis: Redis) -> dict[bytes, Any]:
    """Give all that stands in Redis but what was told last, and what tells one life from another."""
    left_out = (b":answers", b":progress", b":epoch", b":generation", b"}:positions", b":shows")
    keys: list[bytes] = await redis.keys("*")
    return {key: await content(redis, key) for key in keys if not key.endswith(left_out)}


async def content(redis: Redis, key: bytes) -> object:
    """Give what a key holds, whatever order Redis keeps it in."""
    match await redis.type(key):
        case b"zset":
            return await redis.zrange(key, 0, -1, withscores=True)
        case b"hash":
            return await redis.hgetall(key)
        case b"set":
            return await redis.smembers(key)
        case _:
            return await redis.get(key)


@pytest.mark.parametrize("seed", range(5))
async def test_rebuilt_boards_are_the_same(redis: Redis, published: Published, seed: int) -> None:
    """Whatever members did, boards, tie values and hidden scores are byte for byte alike."""
    log = log_of(600, seed)
    await feed(projector(redis, published), log, AT)
    before, told = await boards_of(redis), len(published)
    assert await rebuild_boards(redis, KeptLog({AT: log}), NEW) == ["loyalty"]
    assert await boards_of(redis) == before
    assert len(published) == told


async def test_only_the_programs_named_are_rebuilt(redis: Redis, published: Published) -> None:
    """What somebody broke in one program is mended; another program's keys are not touched."""
    log = log_of(100) + log_of(100, program="other", first=200)
    await feed(projector(redis, published), log, AT)
    before = await boards_of(redis)
    for program in ("loyalty", "other"):
        await redis.zadd(f"{{{program}}}:global:all_time:scores", {b"\0\0\0\0\0\0nobody": -99})
        await redis.sadd(f"{{{program}}}:boards", "gone\0all_time")
        await redis.zadd(f"{{{program}}}:gone:all_time:scores", {b"\0\0\0\0\0\0nobody": -99})
    broken = await boards_of(redis)
    assert await rebuild_boards(redis, KeptLog({AT: log}), NEW, ["loyalty"]) == ["loyalty"]
    after = await boards_of(redis)
    assert {key for key in after if after[key] != before.get(key)} == {
        key for key in broken if b"{other}" in key and broken[key] != before.get(key)
    }


async def test_reads_and_projector_go_on(redis: Redis, published: Published) -> None:
    """While boards are rebuilt again and again, none is seen empty or smaller than before.

    Members are told of in order; what is said again has the same id.
    """
    log = [record(n, on_global(n, f"u{n}", 1, second=n)) for n in range(4_000)]
    at_work = projector(redis, published)
    await at_work.positions(NEW)
    await at_work.apply({AT: run(log, 0, 1_000)})
    seen = [1_000]

    async def project() -> None:
        for first in range(1_000, 4_000, 20):
            await at_work.apply({AT: run(log, first, first + 20)})

    async def look() -> None:
        while seen[-1] < len(log):
            seen.append(await participants(redis, "loyalty", GLOBAL))

    async def rebuild() -> None:
        for part in range(1, 6):
            await eventually(partial(reached, seen, 1_000 + part * 400))
            assert await rebuild_boards(redis, KeptLog({AT: log}), NEW) == ["loyalty"]

    await asyncio.gather(project(), look(), rebuild())
    assert seen == sorted(seen)
    told = dict.fromkeys((one.id, one.user_id, one.rank) for one in published)
    assert [one[1:] for one in told] == [(f"u{n}", n + 1) for n in range(4_000)]


async def reached(seen: list[int], count: int) -> bool:
    return seen[-1] >= count


async def test_broken_off_anywhere_it_can_be_called_again(
    redis: Redis, redis_url: str, published: Published
) -> None:
    """Killed before each of its commands, it leaves boards as they were or as they will be."""
    log = log_of(60) + log_of(20, program="other", first=120)
    at_work = projector(redis, published)
    await at_work.positions(NEW)
    await at_work.apply({AT: run(log, 0, 140)})
    before, told = await boards_of(redis), len(published)
    deaths = 0
    while True:
        dying = Dying.from_pool(connect(redis_url).connection_pool)
        dying.left = deaths
        try:
            await rebuild_boards(dying, KeptLog({AT: log}), NEW)
        except KilledError:
            deaths += 1
        else:
            break
        finally:
            await dying.aclose()
        there = await boards_of(redis)
        assert {key: there.get(key) for key in before} == before
        await rebuild_boards(redis, KeptLog({AT: log}), NEW)
        assert await boards_of(redis) == before
    assert deaths > 20
    assert len(published) == told
    await feed(at_work, log, AT)
    whole = await boards_of(redis)
    await redis.flushdb()
    await feed(projector(redis, Published()), log, AT)
    assert await boards_of(redis) == whole


class KilledError(Exception):
    """The process is no more: nothing that it would have done happens."""


class Dying(Redis):
    """A client whose process is killed before one of its commands: it sends that and no later one."""

    left: int

    async def execute_command(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401, D102
        self.die()
        return await super().execute_command(*args, **options)

    def pipeline(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401, D102
        self.die()
        return super().pipeline(*args, **options)

    def die(self) -> None:
        """Count a command."""
        self.left -= 1
        if self.left < 0:
            raise KilledError


async def test_a_rebuild_that_died_in_its_switch_keeps_projectors_waiting(
    redis: Redis, published: Published
) -> None:
    """Held boards are read but not changed, whoever comes; the next rebuild lets them go on."""
    log = log_of(100)
    at_work = projector(redis, published)
    await at_work.positions(NEW)
    await at_work.apply({AT: run(log, 0, 100)})
    before = await standings(redis)
    rebuilt = RebuiltBoards(redis)
    await rebuilt.begin("loyalty")
    holding = rebuilt.held()
    await holding.__aenter__()

    async def waits() -> bool:
        return "laurel rebuild boards" in (at_work.state.error or "")

    working = asyncio.create_task(at_work.apply({AT: run(log, 100, 199)}))
    await eventually(waits)
    with pytest.raises(SwitchingError):
        await RedisBoards(redis).standing(NEW)
    assert await standings(redis) == before
    assert await rebuild_boards(redis, KeptLog({AT: log}), NEW) == ["loyalty"]
    await working
    assert at_work.state.error is None


async def test_an_emptied_redis_gets_its_boards_back(redis: Redis, published: Published) -> None:
    """What the consumer group had committed is not told again; the projector tells the rest."""
    log = log_of(200) + log_of(50, program="other", first=400)
    await feed(projector(redis, published), log, AT)
    whole = await boards_of(redis)
    await redis.flushdb()
    committed = {AT: Assigned(first=0, committed=450)}
    with pytest.raises(EmptiedRedisError):
        await RedisBoards(redis).standing(committed)
    assert await rebuild_boards(redis, KeptLog({AT: log}), committed) == ["loyalty", "other"]
    told: Published = Published()
    again = projector(redis, told)
    assert await again.positions(committed) == {AT: 450}
    await again.apply({AT: run(log, 450)})
    assert await boards_of(redis) == whole
    assert {one.program for one in told} == {"other"}
    assert {one.id for one in told} <= {one.id for one in published}


async def test_a_program_that_lost_its_keys_gets_them_back(
    redis: Redis, published: Published
) -> None:
    """The positions over all programs say what the lost one's subscribers were told."""
    log = log_of(100) + log_of(50, program="other", first=200)
    await feed(projector(redis, published), log, AT)
    whole, told = await boards_of(redis), len(published)
    await redis.delete(*[key async for key in redis.scan_iter("{loyalty}:*")])
    assert await rebuild_boards(redis, KeptLog({AT: log}), NEW, ["loyalty"]) == ["loyalty"]
    assert await boards_of(redis) == whole
    await projector(redis, published).positions(NEW)
    assert {one.program for one in published[told:]} <= {"other"}


async def test_an_answer_that_was_not_published_stays(redis: Redis, published: Published) -> None:
    """What a dead projector had applied and not told is told by its heir, rebuilt or not."""
    log = [record(0, on_global(1, "ann", 10))]
    sink = RedisBoards(redis)
    await sink.standing(NEW)

    async def lost(*_: object) -> None:
        raise KilledError

    with pytest.raises(KilledError):
        await boards_projector(sink, lost).apply({AT: run(log)})
    await rebuild_boards(redis, KeptLog({AT: log}), NEW)
    await feed(projector(redis, published), log, AT)
    assert [one.id for one in published] == ["a1#purchase@global@all_time"]


async def test_a_later_rebuild_wins(redis: Redis, published: Published) -> None:
    """Of two rebuilds of a program the one begun first stops and changes nothing."""
    log = log_of(50)
    await feed(projector(redis, published), log, AT)
    before = await boards_of(redis)
    first, second = RebuiltBoards(redis), RebuiltBoards(redis)
    await first.begin("loyalty")
    await second.begin("loyalty")
    await first.bring("loyalty", [])
    async with first.held():
        with pytest.raises(SupersededError):
            await first.switch("loyalty", {AT: 100})
    there = await boards_of(redis)
    assert {key: there[key] for key in before} == before


async def test_boards_that_are_kept_until_a_moment_still_are(
    redis: Redis, published: Published
) -> None:
    """What is said of closed boards stays, and their keys go when it says; the others have no end."""
    log = log_of(300)
    await feed(projector(redis, published), log, AT)
    moment = 4_000_000_000_000
    await redis.hset(program_key("loyalty", "closed"), "global\0weekly:2025-W49", moment)
    await rebuild_boards(redis, KeptLog({AT: log}), NEW)
    assert await redis.hgetall("{loyalty}:closed") == {b"global\0weekly:2025-W49": b"%d" % moment}
    assert await redis.pexpiretime("{loyalty}:global:weekly:2025-W49:scores") == moment
    assert await redis.pexpiretime("{loyalty}:global:weekly:2025-W49:ties") == moment
    assert await redis.pexpiretime("{loyalty}:global:all_time:scores") == -1


async def test_who_was_carried_on_still_is(redis: Redis, published: Published) -> None:
    """Members put on a new period's board at 0 are in no log; a rebuilt board has them all the same."""
    week = ("global", "weekly:2025-W49")
    log = [record(n, posting(n, f"u{n}", [(*week, 5)], second=n)) for n in range(3)]
    await feed(projector(redis, published), log, AT)
    tie = (1_764_547_200_000).to_bytes(6, "big")
    scores, ties = board_keys("loyalty", week)
    await redis.zadd(scores, {tie + b"ann": 0, tie + b"bob": 0})
    await redis.hset(ties, mapping={"ann": tie, "bob": tie})
    await redis.sadd(program_key("loyalty", "carried"), "\0".join(week))
    before = await boards_of(redis)
    await rebuild_boards(redis, KeptLog({AT: log}), NEW)
    assert await boards_of(redis) == before
    assert await participants(redis, "loyalty", week) == 5


async def test_who_was_carried_on_and_is_hidden_is_not_forgotten(
    redis: Redis, published: Published
) -> None:
    """A 0 that no log knows waits for who is hidden; with another score only the log has a say."""
    week = ("global", "weekly:2025-W49")
    ann = posting(0, "ann", [("global", "all_time", 5)], second=0)
    log = [record(0, ann), record(1, posting(1, "ann", [("*", "", 0, "hides")], second=1))]
    scores, ties = board_keys("loyalty", week)
    hidden, name = program_key("loyalty", "hidden"), "\0".join(week)
    await feed(projector(redis, published), log[:1], AT)
    tie = (1_764_547_200_000).to_bytes(6, "big")
    await redis.zadd(scores, {tie + b"ann": 0})
    await redis.hset(ties, "ann", tie)
    for index in ("carried", "boards"):
        await redis.sadd(program_key("loyalty", index), name)
    await feed(projector(redis, published), log[1:], AT)
    before = await redis.hgetall(hidden)
    assert {f"ann\0{name}".encode(), b"ann\0global\0all_time"} == set(before)
    await redis.hset(hidden, f"bob\0{name}", b"\x92\x05" + before[f"ann\0{name}".encode()][2:])
    await rebuild_boards(redis, KeptLog({AT: log}), NEW)
    assert await redis.hgetall(hidden) == before


async def test_partitions_may_stand_apart(redis: Redis) -> None:
    """Each partition is rebuilt up to where the projector is in it, and no further."""
    logs = {
        AT: [record(n, on_global(n, f"a{n % 7}", n)) for n in range(50)],
        OTHER: [record(n, on_global(1000 + n, f"b{n % 5}", n)) for n in range(80)],
    }
    sink = RedisBoards(redis)
    await sink.standing({at: Assigned(0, None) for at in logs})
    at_work = boards_projector(sink, published_anywhere)
    await at_work.positions({at: Assigned(0, None) for at in logs})
    await at_work.apply({AT: run(logs[AT], 0, 10), OTHER: run(logs[OTHER], 0, 60)})
    before = await boards_of(redis)
    await rebuild_boards(redis, KeptLog(logs), {at: Assigned(0, None) for at in logs})
    assert await boards_of(redis) == before
    await at_work.apply({AT: run(logs[AT], 10), OTHER: run(logs[OTHER], 60)})
    assert at_work.state.failures == 1, "it was told once that the boards are others now"


async def published_anywhere(_partition: int, _said: list[Any]) -> None:
    """Take records as the broker would."""
