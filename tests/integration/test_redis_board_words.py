"""The words of scores in a real Redis: best, last, ties, decay; sums; boards past their time."""

from collections.abc import AsyncIterator
from fractions import Fraction
from itertools import pairwise
from time import time
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from processors.rebuild_boards import rebuild_boards
from schemas.moments import DAY as MS
from schemas.moments import Per, calendar_of, number_of
from schemas.results import Posting
from sinks.board_reads import Entry, entry_of, top
from sinks.board_store import LIBRARY, VERSION, program_key
from sinks.board_words import read_words
from sinks.decay import Decay, read_decay, runs_out, worth
from sinks.redis_boards import RedisBoards
from tests.support.boards import AT, GLOBAL, NEW, bring, on_global, standings
from tests.support.runs import NOON, KeptLog, posting, record

LIMIT = 2**53
DAY = 20_429
"""2025-12-07, counted from 1970-01-01."""
WEEKLY = ("global", "weekly:2025-W49")


async def kept(redis: Redis, name: str) -> dict[str, str]:
    """Give one hash of the program, as text."""
    found: Any = await redis.hgetall(program_key("loyalty", name))
    return {field.decode(): value.decode() for field, value in found.items()}


async def rebuild(redis: Redis, log: list[Posting]) -> None:
    """Make the boards anew from postings that were brought one an offset."""
    await rebuild_boards(redis, KeptLog({AT: [record(n, one) for n, one in enumerate(log)]}), NEW)


async def sums(redis: Redis) -> dict[str, int]:
    return {
        name.replace("\0", " "): int(value) for name, value in (await kept(redis, "sums")).items()
    }


async def weighted(redis: Redis) -> list[tuple[str, float]]:
    """Give the scores of the global board as they are stored, the best first."""
    key = f"{program_key('loyalty', 'global')}:all_time:scores"
    rows: Any = await redis.zrange(key, 0, -1, withscores=True)
    return [(member[6:].decode(), -score) for member, score in rows]


def decay(day: int, factor: str = "0.9", per: str = "day") -> str:
    return f"decay:{factor}:{day}:{per}"


async def test_the_best_stays_with_its_moment(sink: RedisBoards, redis: Redis) -> None:
    """A better one replaces it; what is no better changes nothing, the moment neither."""
    await bring(sink, [on_global(1, "ann", 5, "best", second=1)])
    said = await bring(sink, [on_global(2, "ann", 9, "best", second=2)])
    assert [(one.old_score, one.score) for one in said] == [(5, 9)]
    assert await bring(sink, [on_global(3, "ann", 7, "best", second=3)]) == []
    assert await bring(sink, [on_global(4, "ann", 9, "best", second=4)]) == []
    assert await entry_of(redis, "loyalty", GLOBAL, "ann") == Entry(1, "ann", 9, NOON + 2000)


async def test_the_best_may_be_below_zero(sink: RedisBoards, redis: Redis) -> None:
    """Who has nothing yet has no 0 that would be better."""
    await bring(sink, [on_global(1, "ann", -5, "best"), on_global(2, "ann", -9, "best")])
    assert await standings(redis) == [(1, "ann", -5)]


async def test_the_last_one_counts(sink: RedisBoards, redis: Redis) -> None:
    """A lesser one replaces a better; an equal one keeps the moment."""
    await bring(sink, [on_global(1, "ann", 9, "last", second=1)])
    await bring(sink, [on_global(2, "ann", 5, "last", second=2)])
    await bring(sink, [on_global(3, "ann", 5, "last", second=3)])
    assert await entry_of(redis, "loyalty", GLOBAL, "ann") == Entry(1, "ann", 5, NOON + 2000)


@pytest.mark.parametrize("word", ["best", "last"])
async def test_best_and_last_are_exact(sink: RedisBoards, redis: Redis, word: str) -> None:
    """2^53 is a score, and the largest that a board shows."""
    await bring(sink, [on_global(1, "ann", LIMIT - 1, word), on_global(2, "bob", LIMIT, word)])
    assert await standings(redis) == [(1, "bob", LIMIT), (2, "ann", LIMIT - 1)]
    await bring(sink, [on_global(3, "ann", LIMIT + 1, word)])
    assert await standings(redis) == [(1, "ann", LIMIT), (2, "bob", LIMIT)]


async def test_a_tie_value_that_is_said_decides(sink: RedisBoards, redis: Redis) -> None:
    """Equal scores stand by it, whoever was there first; of equal ones by id."""
    await bring(
        sink,
        [
            on_global(1, "zoe", 10, "tie:5000", second=1),
            on_global(2, "ann", 10, "tie:281474976710655", second=2),
            on_global(3, "bob", 10, "tie:4000", second=3),
            on_global(4, "eve", 10, "tie:4000", second=4),
        ],
    )
    assert [user for _, user, _ in await standings(redis)] == ["bob", "eve", "zoe", "ann"]


async def test_a_late_sign_up_moves_the_tie_alone(sink: RedisBoards, redis: Redis) -> None:
    """A change of 0 with a tie value keeps the score and changes the place."""
    await bring(sink, [on_global(1, "bob", 10, "tie:6000"), on_global(2, "ann", 10, "tie:7000")])
    (said,) = await bring(sink, [on_global(3, "ann", 0, "tie:5000")])
    assert (said.old_score, said.score, said.old_rank, said.rank) == (10, 10, 2, 1)
    assert await entry_of(redis, "loyalty", GLOBAL, "ann") == Entry(1, "ann", 10, 5000)


async def test_a_point_of_two_days_ago_is_worth_081(sink: RedisBoards, redis: Redis) -> None:
    """Read with the landmark, a stored score says what it is worth on any day."""
    await bring(sink, [on_global(1, "ann", 1, decay(DAY)), on_global(2, "bob", 1, decay(DAY - 2))])
    told = read_decay((await kept(redis, "decays"))["global"])
    stored = dict(await weighted(redis))
    assert worth(stored["ann"], told, DAY) == pytest.approx(1, rel=1e-12)
    assert worth(stored["bob"], told, DAY) == pytest.approx(0.81, rel=1e-12)
    assert worth(stored["ann"], told, DAY + 2) == pytest.approx(0.81, rel=1e-12)
    assert await sums(redis) == {}


async def test_what_is_told_is_worth_of_the_day(sink: RedisBoards) -> None:
    """Subscribers get whole units, old and new as of now, or of a day that has begun elsewhere."""
    tomorrow = int(time() / 86_400) + 1
    await bring(sink, [on_global(1, "ann", 1_000, decay(tomorrow - 2))])
    (said,) = await bring(sink, [on_global(2, "ann", 100, decay(tomorrow))])
    assert (said.old_score, said.score, said.rank) == (810, 910, 1)


def number_at(day: int, per: Per) -> int:
    """Count as Python does: the number of the day, week or month in which a day of UTC lies."""
    return number_of(calendar_of("UTC").day(day * MS), per)


COUNTING = """
redis.register_function('laurel_numbers_counting', function(_, args)
  local numbers = {}
  for day = tonumber(args[2]), tonumber(args[3]) do numbers[#numbers + 1] = number_of(day, args[1]) end
  return numbers
end)
"""
"""Lays open how boards.lua counts."""


@pytest.fixture
async def counting(redis: Redis) -> AsyncIterator[Redis]:
    """Give a Redis that has the Functions once more, under other names, and COUNTING with them."""
    await redis.function_load(LIBRARY.replace(VERSION, "counting") + COUNTING, replace=True)
    yield redis
    await redis.function_delete("laurel_boards_counting")


@pytest.mark.parametrize("per", get_args(Per))
@pytest.mark.parametrize("first", [0, 19_723, 46_000, 155_000])
async def test_days_weeks_and_months_are_counted_as_in_python(
    counting: Redis, per: Per, first: int
) -> None:
    """On each of thousands of days, over 2100, which is no leap year, and 2400, which is one."""
    days = range(first, first + 4_000)
    arguments = [per, str(days[0]), str(days[-1])]
    found: Any = await counting.fcall("laurel_numbers_counting", 0, *arguments)
    assert found == [number_at(day, per) for day in days]


@pytest.mark.parametrize("held", get_args(Per))
@pytest.mark.parametrize("said", get_args(Per))
async def test_numbers_of_another_unit_are_brought_to_that_of_the_board(
    sink: RedisBoards, redis: Redis, held: Per, said: Per
) -> None:
    """A board keeps its first decay: a week or month that is said then counts as its first day."""
    weighed = Decay(0.9, held, number_at(DAY, held))
    await redis.hset(program_key("loyalty", "decays"), "global", f"0.9 {held} {weighed.landmark}")
    days = range(DAY - 400, DAY + 400, 9)
    numbers = {day: number_at(day, said) for day in days}
    await bring(sink, [on_global(n, f"u{n}", 1, decay(numbers[n], "0.8", said)) for n in days])
    stored = dict(await weighted(redis))
    for day in days:
        first = next(d for d in range(day - 40, day + 1) if number_at(d, said) == numbers[day])
        assert worth(stored[f"u{day}"], weighed, number_at(first, held)) == pytest.approx(1)


@pytest.mark.parametrize("per", get_args(Per))
async def test_what_is_told_is_what_is_read(sink: RedisBoards, redis: Redis, per: Per) -> None:
    """A point of the day, week or month before is worth the same in a record and on the board."""
    today = calendar_of("UTC").day(int(time() * 1_000))
    word = decay(number_of(today, per) - 1, "0.8", per)
    (said,) = await bring(sink, [on_global(1, "ann", 1_000, word)])
    (read,) = await top(redis, "loyalty", GLOBAL, 1, today=today)
    assert (said.score, read.score) == (800, 800)


async def test_the_order_of_what_decays_is_right_to_one_part_in_10_to_the_12(
    sink: RedisBoards, redis: Redis
) -> None:
    """Over ten years, points of one day apart and equal but for 2 parts in 10^12 stand in their order."""
    base = 10**12
    for years, user in ((0, "old"), (5, "mid"), (10, "new")):
        day = DAY + years * 365
        await bring(
            sink,
            [
                on_global(years, f"{user}-more", base + 2, decay(day)),
                on_global(years + 1, f"{user}-less", base, decay(day), second=-1),
            ],
        )
    expected = [f"{user}-{part}" for user in ("new", "mid", "old") for part in ("more", "less")]
    assert [user for user, _ in await weighted(redis)] == expected


DECAYING = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(-50, 1_000), st.integers(DAY - 400, DAY + 400)),
    min_size=1,
    max_size=30,
)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=DECAYING, cuts=st.sets(st.integers(1, 29)))
async def test_what_decays_is_the_exact_sum(
    redis: Redis, changes: list[tuple[str, int, int]], cuts: set[int]
) -> None:
    """However calls are cut, each score is the sum of weighted points, bit by bit the same."""
    await redis.flushdb()
    found = []
    for bounds in (
        [0, len(changes)],
        [0, *sorted(c for c in cuts if c < len(changes)), len(changes)],
    ):
        sink = RedisBoards(redis)
        await sink.standing(NEW)
        for start, end in pairwise(bounds):
            log = [
                on_global(n, user, points, decay(day))
                for n, (user, points, day) in enumerate(changes[start:end], start)
            ]
            await bring(sink, log)
        found.append(await weighted(redis))
        landmarks = await kept(redis, "decays")
        told = read_decay(landmarks["global"])
        await redis.flushdb()
        await redis.hset(program_key("loyalty", "decays"), mapping=landmarks)
    assert found[0] == found[1]
    for user, stored in found[0]:
        terms = [
            points * Fraction(9, 10) ** (told.landmark - day)
            for who, points, day in changes
            if who == user
        ]
        most = max(map(abs, terms), default=Fraction(0))
        assert abs(Fraction(stored) - sum(terms)) <= most * len(terms) / 10**12


async def test_boards_made_anew_keep_their_landmark(sink: RedisBoards, redis: Redis) -> None:
    """A rebuilt board that decays holds the same bytes."""
    log = [on_global(1, "ann", 3, decay(DAY)), on_global(2, "ann", 7, decay(DAY - 9))]
    await bring(sink, log)
    before, landmark = await weighted(redis), await kept(redis, "decays")
    await rebuild(redis, log)
    assert (await kept(redis, "decays"), await weighted(redis)) == (landmark, before)


async def test_a_landmark_that_lies_too_far_back_is_moved(sink: RedisBoards, redis: Redis) -> None:
    """Before doubles run out a call is refused and names the way out: making boards anew."""
    await redis.hset(program_key("loyalty", "decays"), "global", f"0.9 day {DAY - 9_000}")
    with pytest.raises(ResponseError, match=r"runs out of doubles; run `laurel rebuild boards`"):
        await bring(sink, [on_global(1, "ann", 1, decay(DAY))])
    await rebuild_boards(redis, KeptLog({AT: []}), NEW)
    again = RedisBoards(redis)
    await again.standing(NEW)
    await bring(again, [on_global(1, "ann", 1, decay(DAY))])
    assert [user for user, _ in await weighted(redis)] == ["ann"]


@pytest.mark.parametrize("factor", ["0.999999", "0.9", "0.5", "0.000001"])
@pytest.mark.parametrize("per", get_args(Per))
async def test_a_new_landmark_lies_near(
    sink: RedisBoards, redis: Redis, factor: str, per: Per
) -> None:
    """It is a round number, so that an emptied Redis mostly finds the same one, and far from the end."""
    now = number_of(calendar_of("UTC").day(int(time() * 1_000)), per)
    await bring(sink, [on_global(1, "ann", 1, decay(now, factor, per))])
    told = read_decay((await kept(redis, "decays"))["global"])
    assert (told.factor, told.per) == (float(factor), per)
    assert told.landmark <= now
    assert not runs_out(told, int(time()))
    assert worth(dict(await weighted(redis))["ann"], told, now) == pytest.approx(1, rel=1e-12)


def test_a_landmark_runs_out_by_its_factor() -> None:
    """At 0.9 a day that takes a dozen years, at 0.5 not two."""
    now = 20_429 * 86_400
    assert not runs_out(Decay(0.9, "day", 20_429 - 4_300), now)
    assert runs_out(Decay(0.9, "day", 20_429 - 4_400), now)
    assert not runs_out(Decay(0.5, "day", 20_429 - 660), now)
    assert runs_out(Decay(0.5, "day", 20_429 - 670), now)


async def test_who_is_hidden_goes_on_by_the_words(sink: RedisBoards, redis: Redis) -> None:
    """The best, the last and what decays change unseen, and come back as if seen."""
    kinds = {"best": ("b", "all_time"), "last": ("l", "all_time"), decay(DAY): ("d", "all_time")}
    first = [(*board, 5, word) for word, board in kinds.items()]
    unseen = [(*board, 3, f"hidden {word}") for word, board in kinds.items()]
    turns = [[("*", "", 0, "hides")], unseen, [("*", "", 0, "shows")]]
    await bring(sink, [posting(1, "ann", first)])
    await bring(sink, [posting(n, "ann", scores) for n, scores in enumerate(turns, 2)])
    found = {
        board[0]: (await top(redis, "loyalty", board, 1))[0].score
        for board in (("b", "all_time"), ("l", "all_time"))
    }
    assert found == {"b": 5, "l": 3}
    told = read_decay((await kept(redis, "decays"))["d"])
    key = f"{program_key('loyalty', 'd')}:all_time:scores"
    ((_, score),) = await redis.zrange(key, 0, -1, withscores=True)
    assert worth(-score, told, DAY) == pytest.approx(8, rel=1e-12)
    assert await sums(redis) == {"b all_time": 5, "l all_time": 3}


async def test_the_sum_of_a_board_follows_every_change(sink: RedisBoards, redis: Redis) -> None:
    """Who comes, goes, is hidden or shown, best and last: it is what all scores add up to."""
    await bring(sink, [on_global(1, "ann", 10), on_global(2, "bob", -3), on_global(3, "cy", 4)])
    assert await sums(redis) == {"global all_time": 11}
    await bring(sink, [on_global(4, "cy", -4, "leaves"), on_global(5, "ann", 1)])
    assert await sums(redis) == {"global all_time": 8}
    await bring(sink, [posting(6, "ann", [("*", "", 0, "hides")])])
    assert await sums(redis) == {"global all_time": -3}
    await bring(
        sink, [on_global(7, "ann", 5, "hidden"), posting(8, "ann", [("*", "", 0, "shows")])]
    )
    assert await sums(redis) == {"global all_time": 13}


async def test_who_stands_at_0_may_be_hidden(sink: RedisBoards, redis: Redis) -> None:
    """Taking nothing off a sum is no change of it."""
    await bring(sink, [on_global(1, "ann", 0), posting(2, "ann", [("*", "", 0, "hides")])])
    assert await standings(redis) == []
    await bring(sink, [posting(3, "ann", [("*", "", 0, "shows")])])
    assert await standings(redis) == [(1, "ann", 0)]
    assert sum((await sums(redis)).values()) == 0


async def test_a_sum_is_exact_beyond_doubles(sink: RedisBoards, redis: Redis) -> None:
    """Thirty scores near 2^53 add up to the last unit, though no double holds their sum."""
    await bring(sink, [on_global(n, f"u{n}", LIMIT - n) for n in range(30)])
    assert await sums(redis) == {"global all_time": 30 * LIMIT - sum(range(30))}
    await bring(sink, [on_global(n, f"u{n}", 2 * n - 2 * LIMIT) for n in range(30)])
    assert await sums(redis) == {"global all_time": sum(range(30)) - 30 * LIMIT}


async def test_a_board_past_its_time_is_left_alone(sink: RedisBoards, redis: Redis) -> None:
    """What comes for it is counted and not told; all other boards of the call change."""
    await redis.hset(program_key("loyalty", "closed"), "\0".join(WEEKLY), 1)
    said = await bring(
        sink,
        [
            posting(1, "ann", [(*GLOBAL, 5), (*WEEKLY, 5)]),
            posting(2, "ann", [(*GLOBAL, 1), (*WEEKLY, 1)]),
            posting(3, "bob", [(*WEEKLY, 1, "hidden")]),
        ],
    )
    assert [(one.board, one.period, one.score) for one in said] == [(*GLOBAL, 6)]
    assert await top(redis, "loyalty", WEEKLY, 9) == []
    assert await kept(redis, "dropped") == {"\0".join(WEEKLY): "3"}
    assert await redis.smembers(program_key("loyalty", "boards")) == {b"global\0all_time"}
    assert await kept(redis, "hidden") == {}
    assert await sums(redis) == {"global all_time": 6}


async def test_a_closed_board_keeps_its_end(sink: RedisBoards, redis: Redis) -> None:
    """What comes late still counts, and does not make it stay longer, though it was empty."""
    soon = int(time() * 1_000) + 600_000
    await redis.hset(program_key("loyalty", "closed"), "\0".join(WEEKLY), soon)
    await bring(sink, [posting(1, "ann", [(*WEEKLY, 5)])])
    await bring(sink, [posting(2, "ann", [(*WEEKLY, -5, "leaves")])])
    await bring(sink, [posting(3, "bob", [(*WEEKLY, 2)])])
    assert [entry[:3] for entry in await top(redis, "loyalty", WEEKLY, 9)] == [(1, "bob", 2)]
    for name in ("scores", "ties"):
        key = f"{program_key('loyalty', 'global')}:{WEEKLY[1]}:{name}"
        assert await redis.pexpiretime(key) == soon


async def test_nobody_is_shown_on_a_board_past_its_time(sink: RedisBoards, redis: Redis) -> None:
    """Who was hidden before its end does not bring it back."""
    log = [posting(1, "ann", [(*WEEKLY, 5)]), posting(2, "ann", [("*", "", 0, "hides")])]
    await bring(sink, log)
    await redis.hset(program_key("loyalty", "closed"), "\0".join(WEEKLY), 1)
    await bring(sink, [posting(3, "ann", [("*", "global weekly", 0, "shows")])])
    assert await top(redis, "loyalty", WEEKLY, 9) == []
    assert await kept(redis, "hidden") == {}
    assert await kept(redis, "dropped") == {"\0".join(WEEKLY): "1"}


async def test_a_rebuild_knows_what_was_closed(sink: RedisBoards, redis: Redis) -> None:
    """A board past its time does not come back, and what was dropped is not counted again."""
    await redis.hset(program_key("loyalty", "closed"), "\0".join(WEEKLY), 1)
    log = [posting(1, "ann", [(*GLOBAL, 5), (*WEEKLY, 5)])]
    await bring(sink, log)
    names = ("closed", "dropped", "sums")
    before = [await kept(redis, name) for name in names]
    assert before[1:] == [{"\0".join(WEEKLY): "1"}, {"\0".join(GLOBAL): "5"}]
    await rebuild(redis, log)
    assert [await kept(redis, name) for name in names] == before
    assert await top(redis, "loyalty", WEEKLY, 9) == []


async def test_the_order_of_partitions_does_not_matter_for_a_sum(redis: Redis) -> None:
    """Members of two partitions, brought in either order, leave the same board."""
    found = []
    other = ("rewards.earned", 5)
    assigned = NEW | {other: NEW[AT]}
    for order in ((AT, other), (other, AT)):
        await redis.flushdb()
        sink = RedisBoards(redis)
        await sink.standing(assigned)
        for at in order:
            who = "ann" if at == AT else "bob"
            await bring(sink, [on_global(n, who, n, second=n) for n in range(1, 5)], at=at)
        found.append((await standings(redis), await sums(redis)))
    assert found[0] == found[1]
    assert found[0][1] == {"global all_time": 20}


def test_an_unknown_word_is_refused() -> None:
    """A word of a newer release is not passed over: the board would go wrong unseen."""
    with pytest.raises(ValueError, match="no word of a score is 'worst'"):
        read_words("quiet worst")


Naive = dict[str, tuple[int, int]]

WORDED = st.lists(
    st.tuples(
        st.sampled_from(["a", "ä", "aa"]),
        st.integers(-2, 3),
        st.sampled_from(["sum", "best", "last"]),
        st.sampled_from(["", "", "quiet", "tie:7"]),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=30,
)


def follow(naive: Naive, user: str, value: int, way: str, tie: int | None, moment: int) -> None:
    """Let a score follow on a naive board, as if nothing but it came."""
    score, since = naive.get(user, (0, moment))
    new = {"sum": score + value, "best": max(score, value), "last": value}[way]
    if user not in naive:
        new = value
    moved = user not in naive or new != score
    naive[user] = (new, tie if tie is not None else moment if moved else since)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=WORDED, cuts=st.sets(st.integers(1, 29)))
async def test_several_changes_of_a_call_are_as_one_by_one(
    redis: Redis, changes: list[tuple[str, int, str, str, int]], cuts: set[int]
) -> None:
    """Whatever way a board takes, and even when that changes, calls may be cut anywhere."""
    await redis.flushdb()
    sink = RedisBoards(redis)
    await sink.standing(NEW)
    naive: Naive = {}
    bounds = [0, *sorted(cut for cut in cuts if cut < len(changes)), len(changes)]
    for start, end in pairwise(bounds):
        postings = []
        for n, (user, value, way, word, second) in enumerate(changes[start:end], start):
            words = " ".join(filter(None, (word, way.replace("sum", ""))))
            postings.append(on_global(n, user, value, *([words] if words else []), second=second))
            tie = 7 if word == "tie:7" else None
            follow(naive, user, value, way, tie, NOON + second * 1000)
        await bring(sink, postings)
    ranked = sorted(naive, key=lambda user: (-naive[user][0], naive[user][1], user.encode()))
    entries = await top(redis, "loyalty", GLOBAL, 100)
    assert [(one.user_id, one.score, one.reached) for one in entries] == [
        (user, *naive[user]) for user in ranked
    ]
    assert await sums(redis) == {"global all_time": sum(score for score, _ in naive.values())}
