"""Moments, days and periods: against the standard library's calendar, in zones that do odd things."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.periods import local_clock
from schemas.moments import END_OF_TIME, Calendar, PeriodKind, calendar_of, read, write
from tests.support.pace import PACE

KINDS: tuple[PeriodKind, ...] = ("daily", "weekly", "monthly", "quarterly", "yearly", "all_time")
ZONES = [
    "UTC",
    "America/New_York",
    "Asia/Kolkata",  # half an hour
    "Asia/Kathmandu",  # three quarters
    "America/Sao_Paulo",  # days that begin at one o'clock
    "America/Havana",  # days with two midnights
    "Australia/Lord_Howe",  # half an hour of summer time
    "Pacific/Apia",  # had no 30 December 2011
    "Pacific/Kiritimati",  # 14 hours ahead
    "Africa/Monrovia",  # 44 minutes and 30 seconds behind, until 1972
]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, read("2060-01-01T00:00:00Z"))


def local(moment: int, zone: str) -> datetime:
    """Return what the zone's clocks show."""
    return (EPOCH + timedelta(milliseconds=moment)).astimezone(ZoneInfo(zone))


@PACE
@given(st.integers(0, END_OF_TIME - 1))
def test_what_is_written_is_read(moment: int) -> None:
    """A moment comes back from its text, and the text is RFC 3339 in UTC with milliseconds."""
    text = write(moment)
    assert read(text) == moment
    exact = EPOCH + timedelta(milliseconds=moment)
    assert text == exact.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@PACE
@given(MOMENTS, st.integers(-23 * 60 - 59, 23 * 60 + 59))
def test_any_offset_is_read(moment: int, minutes: int) -> None:
    """The same moment said with another offset is the same moment."""
    shown = EPOCH + timedelta(milliseconds=moment, minutes=minutes)
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    text = (
        f"{shown.replace(tzinfo=None).isoformat(timespec='milliseconds')}{sign}{hours:02}:{rest:02}"
    )
    if shown.year >= EPOCH.year:
        assert read(text) == moment


@PACE
@given(st.sampled_from(ZONES), MOMENTS)
def test_a_day_is_what_its_zone_shows(zone: str, moment: int) -> None:
    """It holds its moment, follows on the day before without a gap, and is named by its date."""
    calendar = calendar_of(zone)
    day = calendar.day(moment)
    assert day.start <= moment < day.end
    assert calendar.day(day.end).start == day.end
    for other in (day.start, moment, day.end - 1):
        assert local(other, zone).date() == local(moment, zone).date()
    assert local(day.end, zone).date() > local(moment, zone).date()
    shown = local(moment, zone)
    year, week, _ = shown.isocalendar()
    assert day.names == {
        "daily": f"daily:{shown:%Y-%m-%d}",
        "weekly": f"weekly:{year}-W{week:02}",
        "monthly": f"monthly:{shown:%Y-%m}",
        "quarterly": f"quarterly:{shown.year}-Q{(shown.month - 1) // 3 + 1}",
        "yearly": f"yearly:{shown.year}",
        "all_time": "all_time",
    }


@PACE
@given(st.sampled_from(ZONES), MOMENTS)
def test_a_clock_shows_its_hour_and_its_day_of_the_week(zone: str, moment: int) -> None:
    """They are what the library's calendar shows, and what the auditor counts from the zone's offset."""
    calendar, shown = calendar_of(zone), local(moment, zone)
    clock = (calendar.weekday(moment), calendar.hour_of_day(moment))
    assert clock == (shown.isocalendar().weekday, shown.hour) == local_clock(moment, zone)


def test_the_ends_of_time_have_a_clock_too() -> None:
    """The first moment and the last one lie on some day of the week in every zone."""
    for zone in ZONES:
        for moment in (0, END_OF_TIME - 1):
            calendar = calendar_of(zone)
            clock = (calendar.weekday(moment), calendar.hour_of_day(moment))
            assert clock == local_clock(moment, zone)


@PACE
@given(st.sampled_from(ZONES), MOMENTS, st.sampled_from(KINDS))
def test_a_period_is_all_moments_of_its_name(zone: str, moment: int, kind: PeriodKind) -> None:
    """Its bounds are the first moment that has its name, and the first that no longer has it."""
    calendar = calendar_of(zone)
    name = calendar.day(moment).names[kind]
    start, end = calendar.bounds(name)
    assert start <= moment < end
    if kind != "all_time":
        assert calendar.day(end - 1).names[kind] == name != calendar.day(end).names[kind]
        if start > 0:
            assert calendar.day(start).names[kind] == name != calendar.day(start - 1).names[kind]


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("daily:2024-02-29", "2024-02-29", "2024-03-01"),
        ("weekly:2025-W01", "2024-12-30", "2025-01-06"),
        ("weekly:2020-W53", "2020-12-28", "2021-01-04"),
        ("weekly:2021-W01", "2021-01-04", "2021-01-11"),
        ("monthly:2024-02", "2024-02-01", "2024-03-01"),
        ("monthly:2025-12", "2025-12-01", "2026-01-01"),
        ("quarterly:2025-Q1", "2025-01-01", "2025-04-01"),
        ("quarterly:2025-Q4", "2025-10-01", "2026-01-01"),
        ("yearly:2024", "2024-01-01", "2025-01-01"),
    ],
)
def test_bounds(period: str, start: str, end: str) -> None:
    """A period begins with the first moment of its first day and ends with the next one's."""
    assert Calendar("UTC").bounds(period) == (read(f"{start}T00:00:00Z"), read(f"{end}T00:00:00Z"))


@pytest.mark.parametrize(
    "name",
    [
        *("", "daily", "daily:", "hourly:2025-11-03T12", "all_time:2025", "2025-11-03"),
        *("daily:2025-02-29", "daily:2025-11-3", "daily:20251103", "daily:2025-W45-1"),
        *(
            "weekly:2025-W53",
            "weekly:2025-W00",
            "weekly:2025-W1",
            "weekly:2025W45",
            "weekly:2025-45",
        ),
        *("monthly:2025-13", "monthly:2025-00", "monthly:2025-1", "monthly:2025-11-03"),
        *("quarterly:2025-Q0", "quarterly:2025-Q5", "quarterly:2025-4", "quarterly:2025-Q+1"),
        *(
            "yearly:25",
            "yearly:02025",
            "yearly:+2025",
            "yearly:2025 ",
            " yearly:2025",
            "Yearly:2025",
        ),
        *("yearly:٢٠٢٥", "yearly:0000", "yearly:9999", "weekly:9999-W52"),
    ],
)
def test_no_period(name: str) -> None:
    """Anything else names no period."""
    with pytest.raises(ValueError, match="no period is called"):
        Calendar("UTC").bounds(name)


@pytest.mark.parametrize(
    ("zone", "moment", "months", "later"),
    [
        ("UTC", "2024-02-29T10:00:00.123Z", 12, "2025-02-28T10:00:00.123Z"),
        ("UTC", "2023-02-28T10:00:00Z", 12, "2024-02-28T10:00:00Z"),
        ("UTC", "2024-02-29T10:00:00Z", 48, "2028-02-29T10:00:00Z"),
        ("UTC", "2025-01-31T00:00:00Z", 1, "2025-02-28T00:00:00Z"),
        ("UTC", "2025-12-31T23:59:59.999Z", 2, "2026-02-28T23:59:59.999Z"),
        ("UTC", "2025-08-31T00:00:00Z", 1, "2025-09-30T00:00:00Z"),
        ("America/New_York", "2025-03-09T05:30:00Z", 12, "2026-03-09T04:30:00Z"),
        ("America/New_York", "2025-02-08T07:30:00Z", 1, "2025-03-08T07:30:00Z"),
        ("America/New_York", "2025-02-09T07:30:00Z", 1, "2025-03-09T07:30:00Z"),  # half past two
        ("Europe/Berlin", "2025-09-26T00:30:00Z", 1, "2025-10-26T00:30:00Z"),  # the first of two
    ],
)
def test_the_same_time_months_later(zone: str, moment: str, months: int, later: str) -> None:
    """Months are the calendar's: the same time of day on the same date, or the month's last."""
    assert write(Calendar(zone).after(read(moment), months=months)) == write(read(later))


def test_the_same_time_days_later() -> None:
    """A day later the clock shows the same, also after a day of 25 hours."""
    calendar = Calendar("America/New_York")
    evening = read("2025-11-01T22:00:00Z")
    assert write(calendar.after(evening, days=1)) == "2025-11-02T23:00:00.000Z"
    assert write(calendar.after(evening, days=300)) == "2026-08-28T22:00:00.000Z"


def test_the_last_moment_there_is() -> None:
    """It can be written, and what ends after it is no moment."""
    assert write(END_OF_TIME - 1) == "9999-12-30T23:59:59.999Z"
    with pytest.raises(ValueError, match="a moment lies between"):
        read(END_OF_TIME)


@pytest.mark.parametrize(
    "zone", ["", "Mars", "America", "x" * 1_024, "utc+1", "/etc/passwd", "../UTC", "UTC\0"]
)
def test_no_zone(zone: str) -> None:
    """A zone that nobody knows is refused by name."""
    with pytest.raises(ValueError, match="no time zone is called"):
        Calendar(zone)
