"""Moments, days and periods of any time zone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import moments
from schemas.moments import END_OF_TIME, calendar_of

ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "America/Sao_Paulo", "Pacific/Apia")


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2025-12-07T23:51:00Z", "2025-12-07T23:51:00.000Z"),
        ("2025-12-08T00:51:00+01:00", "2025-12-07T23:51:00.000Z"),
        ("2025-12-07T18:51:00.25-05:00", "2025-12-07T23:51:00.250Z"),
        ("2025-12-07 23:51:00.1239999Z", "2025-12-07T23:51:00.123Z"),
        ("2024-02-29t00:00:00z", "2024-02-29T00:00:00.000Z"),
        ("1970-01-01T01:00:00+01:00", "1970-01-01T00:00:00.000Z"),
        (1_765_151_460_000, "2025-12-07T23:51:00.000Z"),
    ],
)
def test_a_moment_is_read_and_written(text: str | int, same: str) -> None:
    """RFC 3339 of any zone and epoch milliseconds come out in UTC with milliseconds."""
    assert moments.write(moments.read(text)) == same
    assert moments.write(moments.read(text)) == same, "the same, read again"


@pytest.mark.parametrize(
    "text",
    [
        *("2025-12-07", "2025-12-07T23:51:00", "2025-12-07T23:51Z", "20251207T235100Z"),
        *("2025-13-07T00:00:00Z", "2025-02-29T00:00:00Z", "2025-12-07T24:00:00Z", "2025-W49-7"),
        *("2025-12-07T23:51:60Z", "2025-12-07T23:51:00+25:00", "٢٠٢٥-12-07T23:51:00Z", "", "now"),
        *("1969-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00", -1, END_OF_TIME, 2**53),
    ],
)
def test_what_is_no_moment_is_refused(text: str | int) -> None:
    """Texts of other forms, days that do not exist, and moments out of range are no moments."""
    with pytest.raises(ValueError, match=r"."):
        moments.read(text)


@given(st.integers(0, END_OF_TIME - 1))
def test_what_was_written_is_read(moment: int) -> None:
    """Writing and reading a moment gives it back."""
    assert moments.read(moments.write(moment)) == moment


@pytest.mark.parametrize(
    ("text", "zone", "names"),
    [
        ("2024-12-30T00:00:00Z", "UTC", ["daily:2024-12-30", "weekly:2025-W01", "yearly:2024"]),
        (
            "2021-01-01T12:00:00Z",
            "UTC",
            ["weekly:2020-W53", "monthly:2021-01", "quarterly:2021-Q1"],
        ),
        ("2025-12-07T23:51:00Z", "UTC", ["weekly:2025-W49", "quarterly:2025-Q4", "all_time"]),
        ("2025-12-07T23:51:00Z", "Asia/Kolkata", ["daily:2025-12-08", "weekly:2025-W50"]),
        ("2025-01-01T04:59:59Z", "America/New_York", ["daily:2024-12-31", "yearly:2024"]),
    ],
)
def test_a_day_knows_its_periods(text: str, zone: str, names: list[str]) -> None:
    """Weeks and their years are ISO's; days are those of the zone."""
    assert set(names) <= set(calendar_of(zone).day(moments.read(text)).names.values())


@given(st.integers(0, moments.read("2037-12-31T00:00:00Z")), st.sampled_from(ZONES))
def test_every_moment_lies_in_its_periods(moment: int, zone: str) -> None:
    """A period's name leads to bounds that hold the moment, in every zone."""
    calendar = calendar_of(zone)
    day = calendar.day(moment)
    assert day.start <= moment < day.end
    for name in day.names.values():
        start, end = calendar.bounds(name)
        assert start <= moment < end


@pytest.mark.parametrize(
    "name",
    [
        *("weekly:2025-W53", "weekly:2025-49", "daily:2025-2-1", "monthly:2025-13", "yearly:25"),
        *(
            "quarterly:2025-Q5",
            "hourly:2025-12-07",
            "daily:",
            "",
            "all_time:2025",
            "daily:2025-02-30",
        ),
    ],
)
def test_what_names_no_period_is_refused(name: str) -> None:
    """Periods have one name each."""
    with pytest.raises(ValueError, match="no period"):
        calendar_of("UTC").bounds(name)


@pytest.mark.parametrize(
    ("text", "zone", "months", "days", "later"),
    [
        ("2024-02-29T12:00:00Z", "UTC", 12, 0, "2025-02-28T12:00:00.000Z"),
        ("2025-12-07T23:51:00.500Z", "UTC", 12, 0, "2026-12-07T23:51:00.500Z"),
        ("2025-01-31T00:00:00Z", "UTC", 1, 0, "2025-02-28T00:00:00.000Z"),
        ("2025-03-08T12:00:00Z", "America/New_York", 0, 1, "2025-03-09T11:00:00.000Z"),
    ],
)
def test_later_is_the_same_time_of_day(
    text: str, zone: str, months: int, days: int, later: str
) -> None:
    """Months end on their last day; where clocks change, the time of day stays."""
    moment = calendar_of(zone).after(moments.read(text), months=months, days=days)
    assert moments.write(moment) == later
