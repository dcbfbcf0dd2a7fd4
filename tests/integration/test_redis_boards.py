"""The boards in a real Redis: order, exactness, and that every posting counts once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from processors import boards
from processors.boards import boards_projector
from processors.projector import Projector, StaleTurnError
from schemas.results import LeaderboardUpdated, Posting
from sinks.board_calls import Answer, Call, Scored, cut, read_posting, updates
from sinks.board_clearing import clear
from sinks.board_reads import Entry, entry_of, participants, top
from sinks.board_store import ClearingError, EmptiedRedisError, connect
from sinks.positions import Assigned, LostRecordsError, Partition, StaleRunError
from sinks.redis_boards import RedisBoards
from tests.support.runs import NOON, Record, feed, posting, record, run
from tests.support.stacks import Servers
from tests.support.waiting import eventually

AT = ("rewards.earned", 3)
NEW = {AT: Assigned(first=0, committed=None)}
GLOBAL = ("global", "all_time")
LIMIT = 2**53


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def sink(redis: Redis) -> RedisBoards:
    boards = RedisBoards(redis)
    await boards.standing(NEW)
    return boards


async def bring(
    sink: RedisBoards, postings: Sequence[Posting], program: str = "loyalty"
) -> list[LeaderboardUpdated]:
    """Apply postings as one run that begins where the sink stands; give what is to be published."""
    start = sink.position(program, AT)
    log = [(start + n, scored(one)) for n, one in enumerate(postings)]
    said: list[LeaderboardUpdated] = []
    for call in cut(log, start + len(postings)):
        said += updates(await sink.apply(program, AT, call))
    return said


def scored(one: Posting) -> Scored:
    """Give the part of a posting that boards read, as it comes over the wire."""
    value = record(0, one).value
    assert value is not None
    return read_posting(value)


def on_global(number: int, user: str, change: int, *mode: str, second: float = 0) -> Posting:
    return posting(number, user, [(*GLOBAL, change, *mode)], second=second)


async def standings(redis: Redis, program: str = "loyalty") -> list[tuple[int, str, int]]:
    return [entry[:3] for entry in await top(redis, program, GLOBAL, 1000)]


async def everything(redis: Redis) -> dict[bytes, Any]:
    """Give all that the database holds."""
    return {key: await redis.dump(key) for key in await redis.keys("*")}


async def test_equal_scores_stand_by_moment_then_id(sink: RedisBoards, redis: Redis) -> None:
    """The order is total: score, then who reached it first, then the id's bytes."""
    await bring(
        sink,
        [
            on_global(1, "zoe", 10, second=1),
            on_global(2, "bob", 10, second=2),
            on_global(3, "ann", 10, second=2),
            on_global(4, "eve", 11, second=9),
        ],
    )
    assert await standings(redis) == [
        (1, "eve", 11),
        (2, "zoe", 10),
        (3, "ann", 10),
        (4, "bob", 10),
    ]


async def test_a_late_action_dates_the_score_it_leads_to(sink: RedisBoards, redis: Redis) -> None:
    """The tie value is when the last change happened, even if that was before an earlier record."""
    await bring(sink, [on_global(1, "ann", 10, second=5), on_global(2, "bob", 8, second=9)])
    await bring(sink, [on_global(3, "bob", 2, second=1)])
    assert await standings(redis) == [(1, "bob", 10), (2, "ann", 10)]


async def test_scores_are_exact_at_the_edge_of_doubles(sink: RedisBoards, redis: Redis) -> None:
    """2^53 and 2^53 - 1 are two scores, on either side of zero, and changes of 1 move between them."""
    await bring(
        sink,
        [
            on_global(1, "most", LIMIT),
            on_global(2, "nearly", LIMIT - 1),
            on_global(3, "least", -LIMIT),
            on_global(4, "nothing", 0),
        ],
    )
    said = await bring(sink, [on_global(5, "nearly", 1, second=1), on_global(6, "least", 1)])
    assert [(one.old_score, one.score, one.old_rank, one.rank) for one in said] == [
        (LIMIT - 1, LIMIT, 2, 2),
        (-LIMIT, 1 - LIMIT, 4, 4),
    ]
    assert await standings(redis) == [
        (1, "most", LIMIT),
        (2, "nearly", LIMIT),
        (3, "nothing", 0),
        (4, "least", 1 - LIMIT),
    ]


async def test_a_score_that_would_not_be_exact_is_refused(sink: RedisBoards, redis: Redis) -> None:
    """A call that would pass 2^53 on one board changes nothing on any, and the error names it."""
    await bring(sink, [on_global(1, "ann", LIMIT)])
    before = await everything(redis)
    both = posting(2, "ann", [("region:US", "all_time", 1), (*GLOBAL, 1)])
    with pytest.raises(ResponseError, match=r"ann stands at 9007199254740992 on .*global"):
        await bring(sink, [both])
    assert await everything(redis) == before


async def test_a_change_of_nothing_keeps_the_moment(sink: RedisBoards, redis: Redis) -> None:
    """A change of 0 puts a member on a board, and later leaves place and tie value alone."""
    await bring(sink, [on_global(1, "ann", 0, second=1), on_global(2, "bob", 0, second=2)])
    assert await bring(sink, [on_global(3, "ann", 0, second=3)]) == []
    assert await entry_of(redis, "loyalty", GLOBAL, "ann") == Entry(1, "ann", 0, NOON + 1000)


async def test_a_call_tells_of_each_member_once(sink: RedisBoards) -> None:
    """Several changes of a member in one call become one: old before it, new after it, last id."""
    await bring(sink, [on_global(1, "ann", 10), on_global(2, "bob", 12)])
    said = await bring(
        sink,
        [
            on_global(3, "ann", 5, second=7),
            on_global(4, "bob", 1, second=8),
            on_global(5, "ann", -1, second=9),
        ],
    )
    assert said == [
        LeaderboardUpdated(
            id="a5#purchase@global@all_time",
            program="loyalty",
            board="global",
            period="all_time",
            user_id="ann",
            score=14,
            old_score=10,
            rank=1,
            old_rank=2,
            participants=2,
            occurred_at="2025-12-07T12:00:09.000Z",
        ),
        LeaderboardUpdated(
            id="a4#purchase@global@all_time",
            program="loyalty",
            board="global",
            period="all_time",
            user_id="bob",
            score=13,
            old_score=12,
            rank=2,
            old_rank=1,
            participants=2,
            occurred_at="2025-12-07T12:00:08.000Z",
        ),
    ]


async def test_who_leaves_is_off_the_board(sink: RedisBoards, redis: Redis) -> None:
    """A leaver has no rank and no entry; who comes back begins at 0 with a new tie value."""
    await bring(sink, [on_global(1, "ann", 10), on_global(2, "bob", 7)])
    (left,) = await bring(sink, [on_global(3, "ann", -10, "leaves", second=1)])
    assert (left.score, left.old_score, left.rank, left.old_rank, left.participants) == (
        *(0, 10),
        *(None, 1),
        1,
    )
    assert await entry_of(redis, "loyalty", GLOBAL, "ann") is None
    (back,) = await bring(sink, [on_global(4, "ann", 3, second=2)])
    assert (back.score, back.old_score, back.rank, back.old_rank) == (3, None, 2, None)
    assert await participants(redis, "loyalty", GLOBAL) == 2


async def test_leaving_and_coming_back_in_one_call(sink: RedisBoards, redis: Redis) -> None:
    """What stood before a member left counts no more, though old score and rank are told."""
    await bring(sink, [on_global(1, "ann", 10), on_global(2, "bob", 7)])
    (said,) = await bring(
        sink,
        [
            on_global(3, "ann", 90),
            on_global(4, "ann", -100, "leaves"),
            on_global(5, "ann", 2, second=5),
        ],
    )
    assert (said.score, said.old_score, said.rank, said.old_rank) == (2, 10, 2, 1)
    assert await entry_of(redis, "loyalty", GLOBAL, "ann") == Entry(2, "ann", 2, NOON + 5000)


async def test_quiet_scores_are_not_told(sink: RedisBoards, redis: Redis) -> None:
    """A quiet change moves the board and tells nobody; with a loud one in the call it is told."""
    assert await bring(sink, [on_global(1, "ann", 10, "quiet")]) == []
    (said,) = await bring(
        sink,
        [on_global(2, "bob", 3, "quiet"), on_global(3, "ann", 1), on_global(4, "ann", 1, "quiet")],
    )
    assert (said.user_id, said.score, said.id) == ("ann", 12, "a4#purchase@global@all_time")
    assert await standings(redis) == [(1, "ann", 12), (2, "bob", 3)]


async def test_a_worker_that_lost_its_partition_changes_nothing(
    sink: RedisBoards, redis: Redis
) -> None:
    """A run that does not begin where the sink stands is refused whole."""
    zombie = RedisBoards(redis)
    await zombie.standing(NEW)
    await bring(sink, [on_global(1, "ann", 10)])
    before = await everything(redis)
    with pytest.raises(StaleRunError, match=r"stand at 1 in rewards.earned:3, not at 0"):
        await bring(zombie, [on_global(1, "ann", 10)])
    with pytest.raises(StaleRunError):
        await zombie.settle({AT: (5, 6)})
    assert await everything(redis) == before


class Published(list[LeaderboardUpdated]):
    """Takes the place of the topic `leaderboard.updated`."""

    async def publish(self, partition: int, said: list[LeaderboardUpdated]) -> None:
        """Take records as the broker would."""
        assert partition == AT[1]
        self += said


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
    """Boards that vanish turn the projector red; once they are cleared it begins again at 0."""
    log = log_of(120)
    at_work = projector(redis, published)
    await at_work.positions(NEW)
    await at_work.apply({AT: run(log, 0, 100)})
    before = await standings(redis)
    if lost == "everything":
        await redis.flushdb()
    else:
        await redis.delete(*[key async for key in redis.scan_iter("{loyalty}:*")])

    async def red() -> bool:
        return "laurel rebuild boards" in (at_work.state.error or "")

    working = asyncio.create_task(at_work.apply({AT: run(log, 100, 239)}))
    await eventually(red)
    await clear(redis)
    with pytest.raises(StaleTurnError) as stale:
        await working
    assert stale.value.positions == {AT: 0}
    await at_work.apply({AT: run(log, 0, 100)})
    assert at_work.state.error is None
    assert await standings(redis) == before


async def test_cleared_boards_are_made_anew_alike(redis: Redis, published: Published) -> None:
    """A running projector notices a rebuild, starts over, and the boards are byte for byte the same."""
    log, other = log_of(200), log_of(50, program="other")
    for n, one in enumerate(other):
        log.append(Record(400 + n, one.value))
    at_work = projector(redis, published)
    await feed(at_work, log, AT)
    before = {key: await redis.dump(key) for key in await redis.keys("*:scores")}
    assert len(before) == 8
    assert await clear(redis, ["loyalty"]) == ["loyalty"]
    assert {key.split(b"}")[0] for key in await redis.keys("*:scores")} == {b"{other"}
    with pytest.raises(StaleTurnError):
        await at_work.apply({AT: run(log, 450, 460)})
    await feed(at_work, log, AT, records_at_once=33)
    assert {key: await redis.dump(key) for key in await redis.keys("*:scores")} == before


async def test_a_clearing_broken_off_keeps_everybody_waiting(
    sink: RedisBoards, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half cleared boards are neither read from nor added to until clearing was done again."""
    await bring(sink, [on_global(1, "ann", 10)])

    async def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Redis, "unlink", die)
        with pytest.raises(KeyboardInterrupt):
            await clear(redis, ["loyalty"])
    with pytest.raises(ClearingError, match="laurel rebuild boards"):
        await bring(sink, [on_global(2, "ann", 10)])
    with pytest.raises(ClearingError):
        await RedisBoards(redis).standing(NEW)
    await clear(redis, ["loyalty"])
    assert (await RedisBoards(redis).standing(NEW)).positions == {AT: 0}
    assert await standings(redis) == []


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


Standings = dict[str, tuple[int, int]]
"""The naive board: user id -> (score, second at which it was reached)."""

CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["a", "ä", "aa"]),
        st.sampled_from(["all_time", "weekly:2025-W49"]),
        st.integers(-2, 3),
        st.sampled_from([None, None, "quiet", "leaves"]),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=40,
)


def ranked(naive: Standings) -> list[str]:
    return sorted(naive, key=lambda user: (-naive[user][0], naive[user][1], user.encode()))


def change_naively(naive: Standings, user: str, change: int, mode: str | None, second: int) -> None:
    if mode == "leaves":
        naive.pop(user, None)
    elif user not in naive:
        naive[user] = (change, second)
    elif change:
        naive[user] = (naive[user][0] + change, second)


def standing_naively(naive: Standings, user: str) -> tuple[int, int | None]:
    return (naive[user][0], ranked(naive).index(user) + 1) if user in naive else (0, None)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=CHANGES, cuts=st.sets(st.integers(1, 39)))
async def test_boards_are_what_a_sorted_list_says(
    redis: Redis, changes: list[tuple[str, str, int, str | None, int]], cuts: set[int]
) -> None:
    """However postings are cut into calls, boards and answers are a naive sorted list's."""
    await redis.flushdb()
    sink = RedisBoards(redis)
    await sink.standing(NEW)
    naive: dict[str, Standings] = {"all_time": {}, "weekly:2025-W49": {}}
    bounds = [0, *sorted(cut for cut in cuts if cut < len(changes)), len(changes)]
    for start, end in pairwise(bounds):
        before = {period: dict(board) for period, board in naive.items()}
        loud: set[tuple[str, str]] = set()
        postings = []
        for n, (user, period, change, mode, second) in enumerate(changes[start:end], start):
            score = ("global", period, change, *([mode] if mode else []))
            postings.append(posting(n, user, [score], second=second))
            change_naively(naive[period], user, change, mode, second)
            if mode != "quiet":
                loud.add((period, user))
        told = {
            (one.period, one.user_id): (one.old_score or 0, one.old_rank, one.score, one.rank)
            for one in await bring(sink, postings)
        }
        expected = {
            (period, user): (
                *standing_naively(before[period], user),
                *standing_naively(naive[period], user),
            )
            for period, user in loud
        }
        assert told == {who: said for who, said in expected.items() if said[:2] != said[2:]}
    for period, board in naive.items():
        entries = await top(redis, "loyalty", ("global", period), 100)
        assert [(one.user_id, one.score, one.reached) for one in entries] == [
            (user, board[user][0], NOON + board[user][1] * 1000) for user in ranked(board)
        ]
