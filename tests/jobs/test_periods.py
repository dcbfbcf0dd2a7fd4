"""Which periods have begun, at the edges of calendars, and how long their boards are kept."""

import pytest

from processors.jobs.opening import due, opening
from processors.jobs.periods import ends_at, following, kept_until, preceding
from schemas.moments import calendar_of
from schemas.programs import Board
from tests.support.jobs import club, ms

EVERY = ["all_time", "daily", "weekly", "monthly", "quarterly", "yearly"]


@pytest.mark.parametrize(
    ("zone", "period", "now", "names"),
    [
        ("UTC", "daily:2024-02-28", "2024-03-01", ["daily:2024-02-29", "daily:2024-03-01"]),
        ("UTC", "daily:2025-02-28", "2025-03-01", ["daily:2025-03-01"]),
        ("UTC", "weekly:2020-W52", "2021-01-04", ["weekly:2020-W53", "weekly:2021-W01"]),
        ("UTC", "weekly:2024-W52", "2024-12-30", ["weekly:2025-W01"]),
        ("UTC", "monthly:2025-01", "2025-03-31", ["monthly:2025-02", "monthly:2025-03"]),
        ("UTC", "quarterly:2024-Q4", "2025-04-01", ["quarterly:2025-Q1", "quarterly:2025-Q2"]),
        ("UTC", "yearly:2023", "2025-01-01", ["yearly:2024", "yearly:2025"]),
        # A day of 23 hours, and one of 25: the next one begins at its own midnight.
        ("Europe/Berlin", "daily:2025-03-29", "2025-03-30T21:59:59Z", ["daily:2025-03-30"]),
        (
            "Europe/Berlin",
            "daily:2025-03-29",
            "2025-03-30T22:00:00Z",
            ["daily:2025-03-30", "daily:2025-03-31"],
        ),
        ("Europe/Berlin", "daily:2025-10-25", "2025-10-26T22:59:59Z", ["daily:2025-10-26"]),
        # Samoa had no 30 December 2011.
        ("Pacific/Apia", "daily:2011-12-29", "2011-12-31T00:00:00Z", ["daily:2011-12-31"]),
        ("UTC", "daily:2025-12-07", "2025-12-07T23:59:59.999Z", []),
    ],
)
def test_periods_follow_each_other(zone: str, period: str, now: str, names: list[str]) -> None:
    """What has begun since a period is named in order, nothing is left out or said twice."""
    assert list(following(calendar_of(zone), period, ms(now))) == names


@pytest.mark.parametrize(
    ("period", "before"),
    [
        ("weekly:2021-W01", "weekly:2020-W53"),
        ("daily:2024-03-01", "daily:2024-02-29"),
        ("monthly:2025-01", "monthly:2024-12"),
    ],
)
def test_what_came_before(period: str, before: str) -> None:
    """The period before ends where one begins."""
    assert preceding(calendar_of("UTC"), period) == before


@pytest.mark.parametrize(
    ("now", "known", "standing", "opened"),
    [
        # Nothing known yet: what is now, of each kind of period that the board has.
        ("2024-12-30T00:00:00Z", [], [], ["daily:2024-12-30", "weekly:2025-W01"]),
        # A worker that was away opens what it missed, the earliest first.
        (
            "2025-01-07T12:00:00Z",
            ["daily:2025-01-04", "weekly:2025-W01"],
            [],
            ["daily:2025-01-05", "daily:2025-01-06", "weekly:2025-W02", "daily:2025-01-07"],
        ),
        # A late action made a board of a day that nobody opened.
        (
            "2025-01-07T12:00:00Z",
            ["daily:2025-01-07", "weekly:2025-W02"],
            ["daily:2025-01-03", "all_time", "daily:2025-01-07"],
            ["daily:2025-01-03"],
        ),
        # Boards of kinds that the program no longer has, and of tomorrow, are left alone.
        (
            "2025-01-07T12:00:00Z",
            ["daily:2025-01-07", "weekly:2025-W02"],
            ["monthly:2025-01", "daily:2025-01-08"],
            [],
        ),
    ],
)
def test_what_is_to_be_opened(
    now: str, known: list[str], standing: list[str], opened: list[str]
) -> None:
    """Every period that has begun and was not opened is due, the earliest first."""
    said = [("global", period) for period in known]
    there = [("global", period) for period in standing]
    assert [period for _, period in due(club(), ms(now), there, said)] == opened


def test_parts_of_a_split_open_when_somebody_scores() -> None:
    """Of a split only the parts that are there have periods."""
    program = club(
        boards={"region": {"split": "country", "periods": ["weekly"]}},
        actions={
            "VISIT": {"origin": "outside", "rules": {"visit": {"points": 1}}},
            "PROFILE": {"origin": "service", "effect": "profile"},
        },
    )
    standing = [("region:US", "weekly:2025-W02"), ("region:DE", "weekly:2025-W02")]
    now = ms("2025-01-07T12:00:00Z")
    assert due(program, now, standing, []) == sorted(standing)
    assert due(program, now, [], []) == []


def test_days_are_those_of_the_programs_zone() -> None:
    """In Auckland it is tomorrow already."""
    program = club(timezone="Pacific/Auckland")
    boards = due(program, ms("2025-12-07T11:30:00Z"), [], [])
    assert ("global", "daily:2025-12-08") in boards


@pytest.mark.parametrize(
    ("keep", "late", "closed", "until"),
    [
        (None, "7 days", "2025-12-08", "2026-01-12"),
        ("14 days", "7 days", "2025-12-08", "2025-12-22"),
        ("1 day", "7 days", "2025-12-08", "2025-12-16"),  # Until a day after what may come late.
        ("1 day", "unlimited", "2025-12-08", "2025-12-09"),
        ("14 days", "7 days", "2026-03-01", "2026-03-02"),  # Closed late, it stays for a day.
    ],
)
def test_how_long_a_board_is_kept(keep: str | None, late: str, closed: str, until: str) -> None:
    """As long as its row says, 35 days otherwise, and never too short to be read once more."""
    program = club(accept_late=late)
    row = Board(periods=["daily"], keep={} if keep is None else {"daily": keep})  # type: ignore[dict-item]
    assert kept_until(program, row, ms("2025-12-08"), "daily", ms(closed)) == ms(until)


def test_after_a_campaign_nothing_begins() -> None:
    """Its last day is the one in which it ends."""
    program, now = club(ends="2025-12-05T12:00:00Z"), ms("2025-12-07T12:00:00Z")
    said = [("global", "daily:2025-12-04"), ("global", "weekly:2025-W49")]
    assert due(program, now, [], said) == [("global", "daily:2025-12-05")]


def test_a_campaign_ends_when_it_says() -> None:
    """The end of `all_time` is the campaign's, a bare date in the program's zone."""
    program = club(ends="2025-07-01", timezone="Europe/Berlin")
    assert ends_at(program, "all_time") == ms("2025-06-30T22:00:00Z")
    assert ends_at(program, "daily:2025-06-30") == ms("2025-06-30T22:00:00Z")


@pytest.mark.parametrize(
    ("starts", "period", "said"),
    [
        ({"starts": "2025-02-01"}, "all_time", "2025-02-01"),
        ({"starts": "2019-02-01"}, "all_time", "2020-01-01"),
        ({}, "all_time", "2020-01-01"),
        ({"starts": "2025-02-01"}, "daily:2025-12-07", "2025-12-07"),
    ],
)
def test_what_begins_is_said_at_a_moment_that_the_program_decides(
    starts: dict[str, str], period: str, said: str
) -> None:
    """A campaign begins when it starts, and not before its rules hold: in 1970 no version did."""
    program = club(ends="2026-01-01", actions={"OPEN": OPEN}, **starts)
    action = opening(program, ("global", period), ms("2026-01-02"))
    assert action is not None
    assert action.occurred_at == ms(said)


OPEN = {"origin": "job", "effect": "open_period"}
