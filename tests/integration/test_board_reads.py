"""Reading boards in a real Redis, beside a naive sorted list."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from schemas.moments import DAY, calendar_of, number_of, read
from sinks.board_ranks import Entry, Target
from sinks.board_reads import (
    MILESTONES,
    Ranked,
    Unranked,
    count_between,
    entry_of,
    participants,
    rank_of,
    top,
)
from sinks.board_store import board_keys, program_key
from sinks.redis_boards import RedisBoards
from tests.support.boards import GLOBAL, NEW, bring, on_global
from tests.support.runs import NOON, posting

MOST = 2**53
PACE = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Stands(NamedTuple):
    """A member of the naive board: its score, and the second at which it was reached."""

    user: str
    score: int
    second: int

    @property
    def key(self) -> tuple[int, int, bytes]:
        """What the board is sorted by."""
        return -self.score, self.second, self.user.encode()


LATER = 1_000
"""A second after all others."""

SCORES = st.one_of(
    st.integers(-3, 3), st.integers(-MOST, MOST), st.sampled_from([MOST, MOST - 1, -MOST])
)
BOARDS = st.dictionaries(
    st.text("abä€", min_size=1, max_size=3),
    st.tuples(SCORES, st.integers(0, 2)),
    min_size=1,
    max_size=30,
).map(
    lambda found: sorted((Stands(user, *rest) for user, rest in found.items()), key=lambda s: s.key)
)


async def put(redis: Redis, board: Sequence[Stands]) -> None:
    """Make Redis hold this board and nothing else, by postings."""
    await redis.flushdb()
    sink = RedisBoards(redis)
    await sink.standing(NEW)
    await bring(
        sink, [on_global(n, one.user, one.score, second=one.second) for n, one in enumerate(board)]
    )


def ordinal(board: Sequence[Stands], user: str) -> int:
    return [one.user for one in sorted(board, key=lambda one: one.key)].index(user) + 1


def shared(board: Sequence[Stands], user: str) -> int:
    (own,) = [one for one in board if one.user == user]
    return sum(one.score > own.score for one in board) + 1


def entries(board: Sequence[Stands], *, competition: bool) -> list[Entry]:
    rank = shared if competition else ordinal
    return [
        Entry(rank(board, one.user), one.user, one.score, NOON + 1000 * one.second) for one in board
    ]


@PACE
@given(board=BOARDS, after=st.integers(0, 31), count=st.integers(0, 31), competition=st.booleans())
async def test_a_slice_is_that_of_a_sorted_list(
    redis: Redis,
    board: list[Stands],
    after: int,
    count: int,
    competition: bool,  # noqa: FBT001
) -> None:
    """Whatever is asked for, slices and ranks are those of the list; beyond the end is nothing."""
    await put(redis, board)
    found = await top(redis, "loyalty", GLOBAL, count, after=after, competition=competition)
    assert found == entries(board, competition=competition)[after : after + count]
    assert await participants(redis, "loyalty", GLOBAL) == len(board)


@PACE
@given(board=BOARDS, around=st.integers(0, 5), competition=st.booleans())
async def test_a_rank_is_that_of_a_sorted_list(
    redis: Redis,
    board: list[Stands],
    around: int,
    competition: bool,  # noqa: FBT001
) -> None:
    """Every member has the list's rank, and around it stands who stands there in the list."""
    await put(redis, board)
    listed = entries(board, competition=competition)
    for place, own in enumerate(listed):
        found = await rank_of(
            redis, "loyalty", GLOBAL, own.user_id, around=around, competition=competition
        )
        assert isinstance(found, Ranked)
        assert found.own == own
        assert found.participants == len(board)
        assert found.around == listed[max(0, place - around) : place + around + 1]


def after_earning(board: list[Stands], user: str, points: int, *, keeps_tie: bool) -> list[Stands]:
    """Give the board once a member has earned so many points, later than all that was before."""
    return [
        Stands(user, one.score + points, one.second if keeps_tie else LATER)
        if one.user == user
        else one
        for one in board
    ]


@PACE
@given(
    board=BOARDS,
    competition=st.booleans(),
    ties=st.sampled_from(["reached", "signup"]),
    milestones=st.sampled_from([MILESTONES, (2, 5), ()]),
)
async def test_the_points_to_a_better_rank_are_just_enough(
    redis: Redis,
    board: list[Stands],
    competition: bool,  # noqa: FBT001
    ties: str,
    milestones: Sequence[int],
) -> None:
    """With the points told a member has that rank or a better one, with one point fewer it has not."""
    await put(redis, board)
    rank: Callable[[Sequence[Stands], str], int] = shared if competition else ordinal
    listed = {one.user_id: one for one in entries(board, competition=competition)}

    def check(user: str, target: Target) -> None:
        holder = listed[target.user_id]
        assert target.score == holder.score
        earned = [
            after_earning(board, user, points, keeps_tie=ties == "signup")
            for points in (target.points, target.points - 1)
        ]
        assert rank(earned[0], user) <= target.rank < rank(earned[1], user)

    for user in listed:
        found = await rank_of(
            redis,
            "loyalty",
            GLOBAL,
            user,
            competition=competition,
            ties=ties,
            milestones=milestones,
        )
        assert isinstance(found, Ranked)
        better = [one.rank for one in listed.values() if one.rank < found.own.rank]
        assert (found.next_rank.rank if found.next_rank else None) == max(better, default=None)
        wanted = [one for one in milestones if one < found.own.rank]
        assert (found.next_milestone.rank if found.next_milestone else None) == max(
            wanted, default=None
        )
        for target in filter(None, (found.next_rank, found.next_milestone)):
            check(user, target)


@PACE
@given(board=BOARDS, least=st.none() | SCORES, most=st.none() | SCORES)
async def test_a_range_of_scores_is_counted(
    redis: Redis, board: list[Stands], least: int | None, most: int | None
) -> None:
    """Both bounds are included, each may be left out, and at 2^53 one point makes a difference."""
    await put(redis, board)
    assert await count_between(redis, "loyalty", GLOBAL, least, most) == sum(
        (least is None or one.score >= least) and (most is None or one.score <= most)
        for one in board
    )


async def test_the_seeds_example(redis: Redis) -> None:
    """Rank 16 of 125,000 is the top 0.01 %; the next milestone is rank 10, the next rank 15."""
    scores, ties = board_keys("loyalty", GLOBAL)
    tie = NOON.to_bytes(6, "big")
    points = [3200, 2950, 2800, *range(2000, 1990, -1), 1580, 1520, 1504]
    board = {f"u-{n}": score for n, score in enumerate(points)} | {"rest": 100}
    await redis.zadd(scores, {tie + user.encode(): -score for user, score in board.items()})
    await redis.hset(ties, mapping=dict.fromkeys(board, tie))
    found = await rank_of(redis, "loyalty", GLOBAL, "u-15", around=5)
    assert isinstance(found, Ranked)
    assert (found.own, found.participants) == (Entry(16, "u-15", 1504, NOON), 17)
    assert [one.rank for one in found.around] == [11, 12, 13, 14, 15, 16, 17]
    assert found.next_rank == Target(15, "u-14", 1520, 17)
    assert found.next_milestone == Target(10, "u-9", 1994, 491)
    assert f"{found._replace(participants=125_000).top_percent}" == "0.01"


async def test_who_stands_on_no_board_has_a_reason(redis: Redis) -> None:
    """Hidden members and those who never scored there have no rank, and it is told why."""
    sink = RedisBoards(redis)
    await sink.standing(NEW)
    await bring(sink, [on_global(1, "ann", 10), on_global(2, "bob", 7)])
    await bring(sink, [posting(3, "ann", [("*", "global all_time", 0, "hides")])])
    weekly = ("global", "weekly:2025-W49")
    assert await rank_of(redis, "loyalty", GLOBAL, "ann", around=5) == Unranked("hidden")
    assert await rank_of(redis, "loyalty", weekly, "ann") == Unranked("unknown")
    assert await rank_of(redis, "loyalty", GLOBAL, "eve") == Unranked("unknown")
    assert await rank_of(redis, "nobodys", GLOBAL, "bob") == Unranked("unknown")
    assert await entry_of(redis, "loyalty", GLOBAL, "ann") is None
    assert await entry_of(redis, "loyalty", GLOBAL, "bob") == Entry(1, "bob", 7, NOON)
    assert await top(redis, "nobodys", GLOBAL, 10) == []
    assert await count_between(redis, "nobodys", GLOBAL) == 0


async def test_a_milestone_that_nobody_holds_is_none(redis: Redis) -> None:
    """The best has no better rank."""
    await put(redis, [Stands("ann", 5, 1), Stands("bob", 3, 1)])
    found = await rank_of(redis, "loyalty", GLOBAL, "ann")
    assert isinstance(found, Ranked)
    assert (found.next_rank, found.next_milestone) == (None, None)


HOT = ("hot", "all_time")
UTC = calendar_of("UTC")
LANDMARK = read("2025-01-01T00:00:00Z")
TODAY = UTC.day(read("2025-12-07T12:00:00Z"))


async def decaying(
    redis: Redis, factor: str, per: str, earned: dict[str, list[tuple[int, int]]]
) -> None:
    """Make a board on which members earned points so many days before today."""
    await redis.flushdb()
    landmark = number_of(UTC.day(LANDMARK), per)
    await redis.hset(program_key("loyalty", "decays"), "hot", f"{factor} {per} {landmark}")
    scores, ties = board_keys("loyalty", HOT)
    tie = NOON.to_bytes(6, "big")
    for user, awards in earned.items():
        kept = sum(
            points * float(factor) ** (landmark - number_of(UTC.day(TODAY.start - ago * DAY), per))
            for ago, points in awards
        )
        await redis.zadd(scores, {tie + user.encode(): -kept})
        await redis.hset(ties, user, tie)


@pytest.mark.parametrize(
    ("factor", "per", "days", "expected"),
    [
        ("0.9", "day", 0, "100.000"),
        ("0.9", "day", 1, "90.000"),
        ("0.9", "day", 2, "81.000"),
        ("0.8", "week", 6, "100.000"),  # Sunday 7 December: its week began on the first
        ("0.8", "week", 7, "80.000"),
        ("0.7", "month", 6, "100.000"),
        ("0.7", "month", 7, "70.000"),
    ],
)
async def test_a_decaying_score_is_worth_less_each_period(
    redis: Redis, factor: str, per: str, days: int, expected: str
) -> None:
    """The factor counts for each whole calendar day, ISO week or month since the points were earned."""
    await decaying(redis, factor, per, {"ann": [(days, 100)]})
    (entry,) = await top(redis, "loyalty", HOT, 10, today=TODAY)
    assert f"{entry.score}" == expected


@PACE
@given(
    earned=st.dictionaries(
        st.text("abä", min_size=1, max_size=2),
        st.lists(st.tuples(st.integers(0, 300), st.integers(1, 10_000)), min_size=1, max_size=4),
        min_size=1,
        max_size=8,
    ),
    least=st.integers(0, 10_000),
)
async def test_decaying_scores_are_those_of_exact_numbers(
    redis: Redis, earned: dict[str, list[tuple[int, int]]], least: int
) -> None:
    """Order, worth, points to the next rank and counts are those that exact arithmetic gives."""
    exact = {
        user: sum(points * Fraction(9, 10) ** ago for ago, points in awards)
        for user, awards in earned.items()
    }
    listed = sorted(exact, key=lambda user: (-exact[user], user.encode()))
    assume(len({float(f"{float(value):.11g}") for value in exact.values()}) == len(exact))
    await decaying(redis, "0.9", "day", earned)
    found = await top(redis, "loyalty", HOT, 10, today=TODAY)
    assert [one.user_id for one in found] == listed
    for one in found:
        assert abs(Fraction(one.score) - exact[one.user_id]) <= Fraction(1, 2000) * (1 + 10**-6)
    low = await count_between(redis, "loyalty", HOT, least, None, today=TODAY)
    assert low == sum(value >= least for value in exact.values())
    for better, user in pairwise(listed):
        said = await rank_of(redis, "loyalty", HOT, user, today=TODAY)
        assert isinstance(said, Ranked)
        assert said.next_rank is not None
        assert said.next_rank.user_id == better
        assert exact[user] + said.next_rank.points > exact[better]
        assert exact[user] + said.next_rank.points - 2 < exact[better]


async def test_a_bound_is_included_whatever_doubles_make_of_it(redis: Redis) -> None:
    """What a point of each of forty days is worth is counted from there on and up to there."""
    worths = {f"u-{ago}": Decimal("0.9") ** ago for ago in range(40)}
    await decaying(redis, "0.9", "day", {f"u-{ago}": [(ago, 1)] for ago in range(40)})
    for bound in worths.values():
        near = bound / 1_000_000
        ranges = [(bound, bound), (None, bound - near), (bound + near, None), (None, bound)]
        counted = [
            await count_between(redis, "loyalty", HOT, *bounds, today=TODAY) for bounds in ranges
        ]
        above = sum(one > bound for one in worths.values())
        assert counted == [1, 39 - above, above, 40 - above]


async def test_a_decaying_board_is_read_as_of_a_day(redis: Redis) -> None:
    """Without a day the answer would be of no day: it is refused."""
    await decaying(redis, "0.9", "day", {"ann": [(2, 1)]})
    with pytest.raises(ResponseError, match="scores of hot decay: say of which day they are"):
        await top(redis, "loyalty", HOT, 10)
