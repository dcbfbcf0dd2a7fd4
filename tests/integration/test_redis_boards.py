"""The boards in a real Redis: order, exactness, and that every posting counts once."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from processors.rebuild_boards import rebuild_boards
from schemas.results import LeaderboardUpdated
from sinks.board_closing import figures
from sinks.board_reads import Entry, entry_of, participants, top
from sinks.positions import StaleRunError
from sinks.redis_boards import RedisBoards
from tests.support.boards import (
    AT,
    GLOBAL,
    NEW,
    bring,
    everything,
    on_global,
    standings,
)
from tests.support.runs import NOON, KeptLog, posting, record

LIMIT = 2**53


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


async def test_who_is_hidden_stands_nowhere_and_comes_back(sink: RedisBoards, redis: Redis) -> None:
    """Off every board with all scores, which go on changing unseen; told boards tell it both times."""
    told = "global all_time"
    weekly = ("global", "weekly:2025-W49")
    await bring(
        sink,
        [
            posting(1, "ann", [(*GLOBAL, 10), (*weekly, 10, "quiet")], second=1),
            on_global(2, "bob", 7, second=2),
        ],
    )
    said = await bring(sink, [posting(3, "ann", [("*", told, 0, "hides")], second=3)])
    assert [(one.board, one.period, one.user_id, one.rank, one.old_rank) for one in said] == [
        (*GLOBAL, "ann", None, 1)
    ]
    assert await standings(redis) == [(1, "bob", 7)]
    assert await top(redis, "loyalty", weekly, 10) == []
    hidden = [(*GLOBAL, -4, "hidden"), ("global", "daily:2025-12-08", 3, "hidden")]
    assert await bring(sink, [posting(4, "ann", hidden, second=4)]) == []
    assert await standings(redis) == [(1, "bob", 7)]
    leaves = [
        ("tier:GOLD", "all_time", 5, "hidden"),
        ("tier:GOLD", "all_time", -5, "hidden leaves"),
    ]
    await bring(sink, [posting(5, "ann", leaves, second=5)])
    said = await bring(sink, [posting(6, "ann", [("*", told, 0, "shows")], second=6)])
    assert [(one.user_id, one.score, one.rank, one.old_rank) for one in said] == [
        ("ann", 6, 2, None)
    ]
    assert await standings(redis) == [(1, "bob", 7), (2, "ann", 6)]
    assert [entry[:3] for entry in await top(redis, "loyalty", weekly, 10)] == [(1, "ann", 10)]
    assert await participants(redis, "loyalty", ("tier:GOLD", "all_time")) == 0


async def test_a_hidden_member_is_hidden_once(sink: RedisBoards, redis: Redis) -> None:
    """However a log is cut into calls, hiding and showing in its middle leave the same boards."""
    log = [
        on_global(1, "ann", 10, second=1),
        posting(2, "ann", [("*", "", 0, "hides")], second=2),
        on_global(3, "ann", 5, "hidden", second=3),
        on_global(4, "bob", 12, second=4),
        posting(5, "ann", [("*", "", 0, "shows")], second=5),
        on_global(6, "ann", 1, second=6),
    ]
    await bring(sink, log)
    assert await standings(redis) == [(1, "ann", 16), (2, "bob", 12)]


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


@pytest.mark.parametrize("sign", [1, -1])
async def test_a_sum_beyond_2_to_the_53_stands_there(
    sink: RedisBoards, redis: Redis, sign: int
) -> None:
    """It is shown as 2^53 and not forgotten: what is taken off later is taken off the whole sum."""
    for number, (change, shown) in enumerate(
        [(LIMIT, LIMIT), (1, LIMIT), (LIMIT, LIMIT), (-LIMIT, LIMIT), (-3, LIMIT - 2), (2, LIMIT)]
    ):
        both = [(*GLOBAL, sign * change), ("region:US", "all_time", 1)]
        await bring(sink, [posting(number, "ann", both)])
        assert await standings(redis) == [(1, "ann", sign * shown)]
    assert await redis.hgetall("{loyalty}:beyond") == {}
    assert await redis.hget("{loyalty}:sums", "global\0all_time") == str(sign * LIMIT).encode()
    assert len(await top(redis, "loyalty", ("region:US", "all_time"), 9)) == 1


async def test_what_goes_beyond_stays_with_who_is_hidden_and_goes_with_who_leaves(
    sink: RedisBoards, redis: Redis
) -> None:
    """Hidden or not, the whole sum counts; who comes back after leaving begins at 0."""
    await bring(sink, [on_global(1, "ann", LIMIT), on_global(2, "ann", 5)])
    await bring(sink, [posting(3, "ann", [("*", "", 0, "hides")])])
    await bring(sink, [on_global(4, "ann", -9, "hidden")])
    await bring(sink, [on_global(5, "ann", 14, "hidden")])
    await bring(sink, [posting(6, "ann", [("*", "", 0, "shows")])])
    assert await standings(redis) == [(1, "ann", LIMIT)]
    await bring(sink, [on_global(7, "ann", -11)])
    assert await standings(redis) == [(1, "ann", LIMIT - 1)]
    await bring(sink, [on_global(8, "ann", LIMIT)])
    await bring(sink, [on_global(9, "ann", 0, "leaves"), on_global(10, "ann", 4)])
    assert await standings(redis) == [(1, "ann", 4)]
    await bring(sink, [on_global(11, "ann", LIMIT)])
    await bring(sink, [on_global(12, "ann", 0, "leaves")])
    assert await redis.hgetall("{loyalty}:beyond") == {}


async def test_the_sum_of_a_board_may_be_larger_than_redis_keeps(
    sink: RedisBoards, redis: Redis
) -> None:
    """600 members at 2^53 are more than 2^62: the board goes on, and its figures are exact."""
    users = [f"u{number}" for number in range(600)]
    await bring(sink, [on_global(number, user, LIMIT) for number, user in enumerate(users)])
    await bring(sink, [on_global(600, "u7", -1)])
    found = await figures(redis, "loyalty", GLOBAL, 1)
    assert (found.participants, found.points) == (600, 600 * LIMIT - 1)


@pytest.mark.parametrize("sign", [1, -1])
async def test_large_changes_of_one_call_are_exact(
    sink: RedisBoards, redis: Redis, sign: int
) -> None:
    """2^53 and 1 are not sent as one amount, which no double holds; boards made anew are the same."""
    log = [on_global(n, "ann", sign * change) for n, change in enumerate((-5, LIMIT, 1))]
    await bring(sink, log[:1])
    await bring(sink, log[1:])
    assert await standings(redis) == [(1, "ann", sign * (LIMIT - 4))]
    kept = KeptLog({AT: [record(n, one) for n, one in enumerate(log)]})
    await rebuild_boards(redis, kept, NEW)
    assert await standings(redis) == [(1, "ann", sign * (LIMIT - 4))]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("stood", "steps"), [(-3, [LIMIT, 4]), (-5, [LIMIT, 1]), (5, [LIMIT] * 3)])
async def test_a_step_that_a_double_would_round_is_exact(
    sink: RedisBoards, redis: Redis, sign: int, stood: int, steps: list[int]
) -> None:
    """One posting adds more than 2^53: taken off again, what stood before is there."""
    await bring(sink, [on_global(1, "ann", sign * stood)])
    for way in (1, -1):
        step = posting(2, "ann", [(*GLOBAL, way * sign * part) for part in steps])
        await bring(sink, [step])
        shown = min(stood + sum(steps), LIMIT) if way == 1 else stood
        assert await standings(redis) == [(1, "ann", sign * shown)]


LARGE_CHANGES = st.lists(
    st.tuples(
        st.sampled_from([LIMIT, -LIMIT, LIMIT - 1, 1 - LIMIT, 1, -1, 2, LIMIT // 2]),
        st.sampled_from([None, None, None, "hides", "shows", "leaves"]),
    ),
    min_size=1,
    max_size=30,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=LARGE_CHANGES, cuts=st.sets(st.integers(1, 29)))
async def test_large_sums_are_exact_however_they_are_cut(
    redis: Redis, changes: list[tuple[int, str | None]], cuts: set[int]
) -> None:
    """A board shows the exact sum of all changes, as far as 2^53, hidden or not in between."""
    await redis.flushdb()
    sink = RedisBoards(redis)
    await sink.standing(NEW)
    total, hidden, log = 0, False, []
    for number, (change, mode) in enumerate(changes):
        if mode in ("hides", "shows"):
            hidden = mode == "hides"
            log.append(posting(number, "ann", [("*", "", 0, mode)]))
        else:
            words = [mode, "hidden" if hidden else None]
            log.append(
                on_global(number, "ann", change, *filter(None, [" ".join(filter(None, words))]))
            )
            total = 0 if mode == "leaves" else total + change
    log.append(posting(99, "ann", [("*", "", 0, "shows")]))
    log.append(on_global(100, "ann", 0))
    bounds = [0, *sorted(cut for cut in cuts if cut < len(log)), len(log)]
    for start, end in pairwise(bounds):
        await bring(sink, log[start:end])
    assert await standings(redis) == [(1, "ann", max(-LIMIT, min(total, LIMIT)))]
    kept = KeptLog({AT: [record(n, one) for n, one in enumerate(log)]})
    beyond = await redis.hgetall("{loyalty}:beyond")
    await rebuild_boards(redis, kept, NEW)
    assert await standings(redis) == [(1, "ann", max(-LIMIT, min(total, LIMIT)))]
    assert await redis.hgetall("{loyalty}:beyond") == beyond


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


async def test_who_came_and_left_in_one_call_is_told_of(sink: RedisBoards) -> None:
    """Made anew, boards may be told of a leaver who was told of before Redis lost them."""
    (said,) = await bring(sink, [on_global(1, "ann", 10), on_global(2, "ann", -10, "leaves")])
    assert (said.score, said.old_score, said.rank, said.old_rank) == (0, None, None, None)


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
        # Off the board in the end is always told: somebody may have them on it.
        wanted = {who for who, said in expected.items() if not said[3] or said[:2] != said[2:]}
        assert told == {who: expected[who] for who in wanted}
    for period, board in naive.items():
        entries = await top(redis, "loyalty", ("global", period), 100)
        assert [(one.user_id, one.score, one.reached) for one in entries] == [
            (user, board[user][0], NOON + board[user][1] * 1000) for user in ranked(board)
        ]
