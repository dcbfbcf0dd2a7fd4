"""What is due, by the clock and by what is known: the pure part of every job."""

import time
from collections.abc import Mapping
from itertools import islice
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition

from processors.jobs import (
    badges,
    carrying,
    closing,
    keeping,
    notices,
    ranking,
    restating,
    reviews,
    settling,
)
from processors.jobs.actions import record
from processors.jobs.clock import Clock, Lately, host_ms
from processors.jobs.gate import behind
from processors.jobs.results import is_behind, named
from processors.jobs.rounds import JOBS
from schemas.programs import PublishedVersion, Standing, encode_published
from sinks.board_closing import Figures
from sinks.job_reads import DueAccount, ExpiringLot, Reviewed
from sinks.rank_history import Changes
from tests.support.jobs import club, document, known, ms, published

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
GRACE = 5 * MINUTE
SUNDAY = ("global", "daily:2025-12-07")
WEEK = ("global", "weekly:2025-W49")
WINNERS = {
    "boards": {
        "global": {
            "periods": ["daily", "weekly"],
            "winners": {"weekly": {"places": 2, "action": "PRIZE"}},
        }
    },
    "actions": {
        "VISIT": {"origin": "outside", "rules": {"visit": {"points": 1}}},
        "PRIZE": {
            "origin": ["job", "engine"],
            "facts": {
                "place": {"type": "integer", "required": True},
                "period": {"type": "period", "required": True},
            },
            "rules": {"prize": {"points": 10}},
        },
    },
}
CAMPAIGN = {
    "ends": "2025-12-08",
    "boards": {"global": {"periods": ["all_time"]}},
    "close": {"board": "global", "most": 3},
}


# --- closing


@pytest.mark.parametrize(
    ("now", "closed"),
    [
        ("2025-12-08T00:04:59.999Z", []),
        ("2025-12-08T00:05:00Z", [SUNDAY, WEEK]),
        ("2026-03-01T00:00:00Z", [SUNDAY, WEEK]),
    ],
)
def test_a_period_is_closed_after_its_end_and_the_grace(
    now: str, closed: list[tuple[str, str]]
) -> None:
    """Not a moment earlier; however late the worker comes, it is closed then."""
    said = [known(WEEK), known(SUNDAY)]
    found = closing.due(published(document()), "club", ms(now), GRACE, said)
    assert [each.board for each in found] == closed


def test_what_was_missed_is_closed_in_order() -> None:
    """The earliest ended comes first, whatever the order in which it was read."""
    days = [("global", f"daily:2025-12-0{day}") for day in (5, 3, 4)]
    now = ms("2025-12-07T12:00:00Z")
    found = closing.due(published(document()), "club", now, GRACE, [known(day) for day in days])
    assert [each.board for each in found] == sorted(days)


@pytest.mark.parametrize("status", ["CLOSED", "RESTATED"])
def test_a_closed_period_is_closed_no_more(status: str) -> None:
    """Its result is for ever."""
    now = ms("2026-01-01")
    assert closing.due(published(document()), "club", now, GRACE, [known(WEEK, status)]) == []


def test_a_period_is_closed_by_the_last_row_before_its_end() -> None:
    """A later version changes who wins from then on; what it drops is closed by the one before.

    One that begins where a period ends says nothing of it.
    """
    later = document(effective_from="2025-12-01", **WINNERS)
    dropped = document(effective_from="2025-12-10", boards={"global": {"periods": ["daily"]}})
    split = {"global": {"periods": ["weekly"], "split": "country"}}
    last = document(effective_from="2025-12-20", boards=split)
    weeks = [known(("global", f"weekly:2025-W{week}")) for week in range(47, 52)]
    programs = published(document(), later, dropped, last)
    found = closing.due(programs, "club", ms("2026-01-01"), GRACE, weeks)
    won = {each.board[1]: closing.places(each.program, each.board) for each in found}
    assert won == {
        "weekly:2025-W47": 0,
        "weekly:2025-W48": 0,
        "weekly:2025-W49": 2,
        "weekly:2025-W50": 2,
        "weekly:2025-W51": 2,
    }


def test_what_is_said_of_a_period_names_its_version() -> None:
    """So that whoever decides it finds the board that a newer version has dropped."""
    dropped = document(effective_from="2025-12-06", boards={"global": {"periods": ["daily"]}})
    programs = published(document(**WINNERS), dropped)
    [ended] = closing.due(programs, "club", ms("2025-12-09"), GRACE, [known(WEEK)])
    close = closing.closing(ended, FIGURES, {}, ms("2025-12-09"))
    said = [known(WEEK, "CLOSED", history="done")]
    [(ends, program, board)] = restating.due(programs, "club", ms("2025-12-16"), GRACE, said)
    restated = restating.restating(ends, program, board, Changes(0, []), 5)
    assert close is not None
    assert restated is not None
    assert close.version == restated.version == "club@2020-01-01"
    assert ended.ends == close.occurred_at == ms("2025-12-08")


def test_a_stopped_program_closes_nothing() -> None:
    """Nobody would decide it: what ended before the stop is closed, what ends later is not."""
    programs = published(document())
    stop = PublishedVersion("club", "club@stop", ms("2025-12-07"), 0, None, "", "otto")
    programs.add(encode_published(stop), 0)
    said = [known(WEEK), known(("global", "daily:2025-12-05"))]
    found = closing.due(programs, "club", ms("2026-01-01"), GRACE, said)
    assert [each.board for each in found] == [("global", "daily:2025-12-05")]


def test_jobs_keep_the_first_of_two_versions_of_one_name() -> None:
    """As scoring does: what was decided by a version is not looked at by another."""
    programs = published(document(title="the first"), document(title="the second"))
    program = programs.at("club", ms("2025-12-08"), ms("2025-12-08"))
    assert program is not None
    assert program.title == "the first"


@pytest.mark.parametrize(
    ("now", "said", "due"),
    [
        ("2025-12-08T00:04:00Z", [], False),
        ("2025-12-08T00:05:00Z", [], True),
        ("2025-12-09T00:00:00Z", [known(("global", "all_time"), "CLOSED")], False),
        ("2025-12-09T00:00:00Z", [known(("global", "all_time"), "OPEN")], True),
    ],
)
def test_a_campaign_is_closed_when_it_has_ended(now: str, said: list[Any], due: bool) -> None:  # noqa: FBT001
    """Its board of all time, once, with as many winners as it says; no end of the board is set."""
    found = closing.due(published(document(**CAMPAIGN)), "club", ms(now), GRACE, said)
    assert [each.board for each in found] == [("global", "all_time")] * due
    for each in found:
        action = closing.closing(each, FIGURES, {}, ms(now))
        assert action is not None
        assert len(action.data["winners"]) == 3
        assert "keep_until" not in action.data


@pytest.mark.parametrize(("words", "best"), [({}, 5), ({"snapshot": False}, 0)])
def test_a_campaign_names_its_best_unless_told_not_to(words: dict[str, Any], best: int) -> None:
    """The periods of the same board always name theirs."""
    boards = {"global": {"periods": ["all_time", "daily"]}}
    campaign = CAMPAIGN | {"boards": boards, "close": CAMPAIGN["close"] | words}
    now = ms("2025-12-08T01:00:00Z")
    found = closing.due(published(document(**campaign)), "club", now, GRACE, [known(SUNDAY)])
    told = {each.board: closing.closing(each, FIGURES, {}, now) for each in found}
    named = {board: len(action.data["top"]) for board, action in told.items() if action}
    assert named == {("global", "all_time"): best, SUNDAY: 5}


FIGURES = Figures(5, 27, [("eva", 12), ("dan", 9), ("cid", 6), ("bob", 0), ("ann", 0)], [6])


def test_what_a_close_says() -> None:
    """Figures, the winners the row asks for, the best, where results stood, how long it stays."""
    [ended] = closing.due(
        published(document(**WINNERS)), "club", ms("2025-12-08T01:00:00Z"), GRACE, [known(WEEK)]
    )
    action = closing.closing(ended, FIGURES, {"rewards.earned:0": 7}, ms("2025-12-08T01:00:00Z"))
    assert action is not None
    key, value = record(action)
    assert key == b"period:global:weekly:2025-W49"
    assert msgspec.json.decode(value) == {
        "id": f"close@{ms('2025-12-08T01:00:00Z')}",
        "program": "club",
        "user_id": "period:global:weekly:2025-W49",
        "type": "PERIOD_CLOSE",
        "occurred_at": "2025-12-08T00:00:00.000Z",
        "data": {
            "board": "global",
            "period": "weekly:2025-W49",
            "participants": 5,
            "points": 27,
            "average": "5.400",
            "median": "6.000",
            "winners": [["eva", 12], ["dan", 9]],
            "top": [["eva", 12], ["dan", 9], ["cid", 6], ["bob", 0], ["ann", 0]],
            "positions": {"rewards.earned:0": 7},
            "keep_until": "2026-01-12T00:00:00.000Z",
        },
        "version": "club@2020-01-01",
    }


def test_nobody_wins_with_nothing() -> None:
    """Places stay empty before somebody with a score of 0 or less wins."""
    [ended] = closing.due(
        published(document(**WINNERS)), "club", ms("2025-12-09"), GRACE, [known(WEEK)]
    )
    action = closing.closing(ended, Figures(2, 3, [("eva", 3), ("dan", 0)], [3, 0]), {}, 0)
    assert action is not None
    assert action.data["winners"] == [["eva", 3]]
    assert action.data["median"] == "1.500"


@pytest.mark.parametrize("sign", [1, -1])
def test_points_of_a_result_end_at_2_to_the_53(sign: int) -> None:
    """No record holds more; the average and the median are those of the whole sum."""
    [ended] = closing.due(
        published(document(**WINNERS)), "club", ms("2025-12-09"), GRACE, [known(WEEK)]
    )
    most = sign * 2**53
    found = Figures(3, 3 * most - sign, [("eva", most), ("dan", most)], [most])
    action = closing.closing(ended, found, {}, 0)
    assert action is not None
    assert action.data["points"] == most
    assert action.data["average"] == f"{'-' * (sign < 0)}9007199254740991.667"
    assert action.data["median"] == f"{most}.000"


@pytest.mark.parametrize(
    ("total", "count", "text"),
    [
        (0, 0, "0.000"),
        (10, 3, "3.333"),
        (20, 3, "6.667"),
        (1, 2, "0.500"),
        (1, 2_000, "0.001"),  # Half a thousandth: away from zero.
        (-1, 2_000, "-0.001"),
        (-1, 3_000, "0.000"),
        (-7, 2, "-3.500"),
        (2**53, 1, "9007199254740992.000"),
    ],
)
def test_averages_have_three_decimals(total: int, count: int, text: str) -> None:
    """Exact at any size, rounded to the nearest, halves away from zero."""
    assert closing.thousandths(total, count) == text


# --- what follows a close


def test_ranks_are_kept_of_what_was_closed() -> None:
    """Open periods have none yet, and what has them is left alone."""
    said = [known(WEEK, "CLOSED"), known(SUNDAY, "CLOSED"), known(("global", "daily:2025-12-08"))]
    said.append(known(("global", "daily:2025-12-01"), "RESTATED", history="done"))
    assert ranking.due(said) == [SUNDAY, WEEK]


@pytest.mark.parametrize(
    ("period", "now", "late", "is_due"),
    [
        (known(WEEK, "CLOSED", history="done"), "2025-12-15T00:04:59Z", "7 days", False),
        (known(WEEK, "CLOSED", history="done"), "2025-12-15T00:05:00Z", "7 days", True),
        (known(WEEK, "CLOSED", history="done"), "2025-12-09T00:05:00Z", "1 day", True),
        (known(WEEK, "CLOSED", history="done"), "2026-12-15T00:00:00Z", "unlimited", False),
        (known(WEEK, "CLOSED"), "2025-12-16T00:00:00Z", "7 days", False),
        (known(WEEK, "OPEN"), "2025-12-16T00:00:00Z", "7 days", False),
        (known(WEEK, "RESTATED", history="done"), "2025-12-16T00:00:00Z", "7 days", False),
        (
            known(WEEK, "CLOSED", history="done", keep_until="2025-12-16"),
            "2025-12-16T00:00:00Z",
            "7 days",
            False,
        ),
    ],
)
def test_when_a_period_is_restated(period: Any, now: str, late: str, is_due: bool) -> None:  # noqa: ANN401, FBT001
    """Once, when nothing may come late any more, while there is a board to compare."""
    programs = published(document(accept_late=late))
    found = restating.due(programs, "club", ms(now), GRACE, [period])
    assert [board for *_, board in found] == [WEEK] * is_due


def test_what_a_restatement_says() -> None:
    """How many scores differ, and of the best of them the old and the new one."""
    changes = Changes(120, [("eva", 12, 13), ("dan", None, 2), ("ann", 1, None)])
    action = restating.restating(ms("2025-12-08"), club(), WEEK, changes, 5)
    assert action is not None
    assert (action.id, action.type, action.user_id) == (
        "restate@5",
        "PERIOD_RESTATE",
        "period:global:weekly:2025-W49",
    )
    assert action.data["changed"] == 120
    assert action.data["changes"] == [["eva", 12, 13], ["dan", None, 2], ["ann", 1, None]]


@pytest.mark.parametrize(
    ("closed", "standing", "now", "lacks"),
    [
        ({}, [SUNDAY], "2025-12-09", True),
        ({SUNDAY: ms("2025-12-22")}, [SUNDAY], "2025-12-09", False),
        ({SUNDAY: ms("2025-12-21")}, [SUNDAY], "2025-12-09", True),
        ({SUNDAY: ms("2025-12-22")}, [SUNDAY], "2025-12-22", True),
        ({SUNDAY: ms("2025-12-22")}, [], "2025-12-22", False),
    ],
)
def test_what_redis_is_told_of_closed_boards(
    closed: Mapping[tuple[str, str], int],
    standing: list[tuple[str, str]],
    now: str,
    lacks: bool,  # noqa: FBT001
) -> None:
    """What it does not know, and what it holds though its time is over; nothing twice."""
    said = [known(SUNDAY, "CLOSED", keep_until="2025-12-22"), known(WEEK)]
    found = keeping.lacking(said, closed, standing, ms(now))
    assert found == [(SUNDAY, ms("2025-12-22"))] * lacks


CARRIES = club(boards={"global": {"periods": ["daily", "weekly"], "opening": "carry"}})


def weeks(*numbers: int) -> list[tuple[str, str]]:
    """Name weeks of the board."""
    return [("global", f"weekly:2025-W{number}") for number in numbers]


def test_who_is_carried_on() -> None:
    """Members of the week before begin an open week at 0, where the row says so, once."""
    said, [before] = [known(WEEK)], weeks(48)
    [found] = carrying.to_carry(CARRIES, said, [])
    assert found == ("club", before, WEEK, ms("2025-12-01"))
    assert list(carrying.to_carry(CARRIES, said, [WEEK])) == []
    assert list(carrying.to_carry(CARRIES, [known(WEEK, "CLOSED")], [])) == []
    assert list(carrying.to_carry(club(), said, [])) == []


@pytest.mark.parametrize("ties", ["signup", "id"])
def test_who_is_carried_on_keeps_what_orders_equal_scores(ties: str) -> None:
    """Who signed up first stands first among those at 0; only what is reached is reached anew."""
    row = {"periods": ["weekly"], "opening": "carry", "ties": ties}
    [found] = carrying.to_carry(club(boards={"global": row}), [known(WEEK)], [])
    assert found.tie is None


@pytest.mark.parametrize(
    ("opened", "carried", "found"),
    [
        ([51, 50, 49], [], [49, 50, 51]),
        ([50, 49, 51], [49], [50, 51]),
        ([51], [], [49, 50, 51]),
        ([51, 49], [49], [50, 51]),
        ([51], [51], []),
    ],
)
def test_what_was_missed_is_carried_on_in_order(
    opened: list[int], carried: list[int], found: list[int]
) -> None:
    """Each from the one before, in whatever order they were read, over those not yet opened too."""
    said = [known(board) for board in weeks(*opened)]
    closed = [known(board, "CLOSED") for board in weeks(48)]
    at_hand = carrying.to_carry(CARRIES, [*said, *closed], weeks(*carried))
    assert [(each.before, each.board) for each in at_hand] == [
        (*weeks(number - 1), *weeks(number)) for number in found
    ]


def test_every_kind_of_period_is_carried_on_by_itself() -> None:
    """A day comes after a day and a week after a week."""
    said = [known(WEEK), known(SUNDAY), known(("global", "daily:2025-12-06"), "CLOSED")]
    at_hand = carrying.to_carry(CARRIES, said, [])
    assert [each.board for each in at_hand] == [WEEK, SUNDAY]


def test_boards_that_are_made_anew_are_behind_a_result() -> None:
    """Until they have passed where results stood nothing is said of them."""
    result = named({("t.rewards.earned", 0): 5, ("t.rewards.earned", 1): 0}, "t.")
    assert result == {"rewards.earned:0": 5, "rewards.earned:1": 0}
    assert is_behind(result, {}, "t.")
    assert is_behind(result, {("t.rewards.earned", 0): 4}, "t.")
    assert not is_behind(result, {("t.rewards.earned", 0): 5}, "t.")


# --- badges, reviews, notices, settling


@pytest.mark.parametrize(
    ("rank", "participants", "places"),
    [
        ({"top": 10}, 3, 10),
        ({"percent": 1}, 0, 0),
        ({"percent": 1}, 1, 1),
        ({"percent": 1}, 100, 1),
        ({"percent": 1}, 101, 2),
        ({"percent": 5}, 1_000_000, 50_000),
    ],
)
def test_how_many_hold_a_badge(rank: dict[str, int], participants: int, places: int) -> None:
    """The first so many, or of a hundred so many, rounded up."""
    assert badges.places(Standing(board="global", **rank), participants) == places


def test_only_what_differs_is_said_of_badges() -> None:
    """Who rose is told with the rank, who fell without; who holds it rightly is not told of."""
    ranked = club(badges={"TOP": {"rank": {"board": "global", "top": 2}}})
    found = badges.due(ranked, "TOP", {"eva": 1, "dan": 2}, {"dan", "cid"}, 9)
    assert [(each.id, each.user_id, each.type, each.data) for each in found] == [
        ("badge-TOP@9", "eva", "BADGE_CHECK", {"badge": "TOP", "holds": True, "rank": 1}),
        ("badge-TOP@9", "cid", "BADGE_CHECK", {"badge": "TOP", "holds": False}),
    ]


def test_reviews_of_several_ladders_have_one_order() -> None:
    """Each looks at the stretch since the one before; the earlier due comes first."""
    found = list(islice(reviews.reviews(0, {"tier": 30, "level": 50}), 4))
    assert found == [(30, "tier", 0), (50, "level", 0), (60, "tier", 30), (90, "tier", 60)]


@pytest.mark.parametrize(
    ("accepted", "now", "due"),
    [
        (0, 109, None),
        (0, 110, (110, "tier", 100)),
        (0, 500, (110, "tier", 100)),  # What was missed comes in order.
        (1, 119, None),
        (1, 120, (120, "tier", 110)),
    ],
)
def test_when_a_member_is_reviewed(
    accepted: int, now: int, due: tuple[int, str, int] | None
) -> None:
    """So long after the first step, not counted before reviews began, and so long after each."""
    member = Reviewed("eva", first_step=40, reviews=accepted)
    assert reviews.due(member, 100, {"tier": 10}, now) == due


def test_what_a_review_says() -> None:
    """The points of the window in whole points, at the moment it was due."""
    gym = club(
        currencies={"points": {"scale": 3}},
        ladders={
            "tier": {
                "qualification": "365 days",
                "steps": [{"name": "LOW", "at": 0}, {"name": "HIGH", "at": 5}],
            }
        },
        actions={**document()["actions"], "LOOK": {"origin": "job", "effect": "tier_review"}},
    )
    action = reviews.reviewing(gym, "eva", reviews.Review(7, "tier", 3), 12_345)
    assert action is not None
    assert (action.type, action.occurred_at) == ("LOOK", 7)
    assert action.data == {"ladder": "tier", "points": "12.345"}


def test_expiring_points_are_told_day_by_day() -> None:
    """One notice for all lots of a day in the program's zone, and none where one was given."""
    berlin = club(timezone="Europe/Berlin", expiry_notice="7 days")
    lots = [
        ExpiringLot("eva", "points", ms("2025-12-07T23:30:00Z"), 5),
        ExpiringLot("eva", "points", ms("2025-12-08T22:00:00Z"), 7),
        ExpiringLot("eva", "points", ms("2025-12-08T23:00:00Z"), 1),
        ExpiringLot("dan", "points", ms("2025-12-08T12:00:00Z"), 2),
    ]
    said = {("dan", "expiry-points@2025-12-08")}
    found = notices.due(berlin, lots, said, ms("2025-12-05"))
    assert [(each.user_id, each.id, each.data) for each in found] == [
        (
            "eva",
            "expiry-points@2025-12-08",
            {"points": "12", "currency": "points", "expires_at": "2025-12-07T23:30:00.000Z"},
        ),
        (
            "eva",
            "expiry-points@2025-12-09",
            {"points": "1", "currency": "points", "expires_at": "2025-12-08T23:00:00.000Z"},
        ),
    ]


@pytest.mark.parametrize(
    ("now", "until", "since"),
    [
        ("2026-02-22T06:00:00Z", "2026-03-01T22:59:59.999Z", "2026-02-14T23:00:00Z"),
        ("2026-02-21T23:00:00Z", "2026-03-01T22:59:59.999Z", "2026-02-14T23:00:00Z"),
        ("2026-02-21T22:59:59.999Z", "2026-02-28T22:59:59.999Z", "2026-02-13T23:00:00Z"),
        # Clocks go forward on 29 March: that day ends an hour earlier.
        ("2026-03-22T12:00:00Z", "2026-03-29T21:59:59.999Z", "2026-03-14T23:00:00Z"),
    ],
)
def test_a_day_is_told_of_as_a_whole(now: str, until: str, since: str) -> None:
    """Lots are read to the end of the day the notice reaches, in the program's zone.

    What was said is read from where today's first notice can have been said.
    """
    berlin = club(timezone="Europe/Berlin", expiry_notice="7 days")
    assert notices.reach(berlin, ms(now), 7 * DAY) == (ms(until), ms(since))


@pytest.mark.parametrize(
    ("due", "types", "said"),
    [
        ("HOLD_END", ["EXPIRATION", "HOLD_END"], "HOLD_END"),
        ("HOLD_END", ["EXPIRATION"], "EXPIRATION"),
        (None, ["EXPIRATION", "HOLD_END"], "EXPIRATION"),
    ],
)
def test_an_account_is_settled_by_what_is_due(due: str, types: list[str], said: str) -> None:
    """Under the name of what is due where the program has it, at the moment it was due."""
    action = settling.action_for(DueAccount(77, "club", "eva", 12, due), types)
    assert action is not None
    assert (action.type, action.user_id, action.occurred_at) == (said, "eva", 77)


def test_a_state_is_settled_once() -> None:
    """The same account, moment and state is one action; after a late posting it is another."""
    types = {"club": ["EXPIRATION"]}
    accounts = [DueAccount(77, "club", "eva", sequence, None) for sequence in (12, 12, 13)]
    ids = [each.id for each in settling.due(accounts, types)]
    assert ids[0] == ids[1] != ids[2]
    assert settling.due(accounts, {}) == []


# --- what all jobs share


def test_who_is_behind_is_told_where() -> None:
    """A part has passed when it stands at every end; else the farthest place is named."""
    ends = {("a", 0): 5, ("a", 1): 9, ("b", 0): 0}
    assert behind({("a", 0): 5, ("a", 1): 10}, ends) == ""
    assert behind({("a", 0): 4}, ends) == "10 offsets in 2 partitions, most in a 1"
    assert behind({TopicPartition("a", 0): 5, TopicPartition("a", 1): 9}, ends) == ""


def test_the_broker_tells_the_time() -> None:
    """A host that is an hour ahead goes by the broker's clock once it was told; a given clock stands."""
    clock, hour = Clock(), 60 * MINUTE
    assert not clock.is_told
    assert abs(clock.now() - host_ms()) < MINUTE
    clock.learn(host_ms() - hour)
    assert clock.is_told
    assert abs(clock.now() - (host_ms() - hour)) < MINUTE
    fixed = Clock(77)
    fixed.learn(host_ms())
    assert (fixed.is_told, fixed.now()) == (True, 77)


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_that_was_set_is_not_believed(
    minutes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the broker told of a host's clock counts no more once that is set; it is to tell again."""
    clock, was = Clock(), time.time_ns
    clock.learn(host_ms() - 60 * MINUTE)
    monkeypatch.setattr(time, "time_ns", lambda: was() + minutes * MINUTE * 1_000_000)
    assert not clock.is_told
    assert abs(clock.now() - host_ms()) < MINUTE
    clock.learn(host_ms())
    assert clock.is_told


def test_what_was_sent_lately_is_not_sent_again() -> None:
    """For a while; then it may be sent again."""
    lately = Lately(60)
    assert not lately.has("a")
    lately.note("a")
    assert lately.has("a")
    assert not lately.has("b")
    over = Lately(0)
    over.note("a")
    assert not over.has("a")


def test_much_may_be_sent_lately() -> None:
    """To note one more takes as long however many are remembered: a minute of settling is 60,000."""
    lately, began = Lately(60), time.process_time()
    for number in range(100_000):
        lately.note(number)
    assert time.process_time() - began < 5.0
    assert lately.has(0)
    assert lately.has(99_999)


def test_a_period_is_opened_before_it_is_closed() -> None:
    """`--once` does all jobs in this order: each sees what the ones before it brought about."""
    names = [job.name for job in JOBS]
    carried = names.index("carrying members on")
    assert names.index("opening periods") < carried < names.index("closing periods")
    assert names.index("rank history") < names.index("restatements")
