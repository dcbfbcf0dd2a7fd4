"""Moments and periods: epoch milliseconds, RFC 3339 text, and the days, weeks and months of a zone.

A moment is an integer of milliseconds since 1970-01-01T00:00:00Z. A period is named by its kind and
its value, `daily:2025-12-07` or `weekly:2025-W49`; weeks and their years are ISO 8601's.
"""

import calendar
import datetime as dt
import functools
import re
from typing import Final, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

PeriodKind = Literal["daily", "weekly", "monthly", "quarterly", "yearly", "all_time"]
Per = Literal["day", "week", "month"]

ALL_TIME: Final = "all_time"
"""The period without an end: its kind, and its name."""

SECOND: Final = 1_000
MINUTE: Final = 60_000
HOUR: Final = 3_600_000
DAY: Final = 86_400_000
END_OF_TIME: Final = 253_402_214_400_000
"""9999-12-31T00:00:00Z: no moment lies at or after it."""

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND: Final = dt.timedelta(milliseconds=1)
_RFC_3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_USUAL: Final = len("2025-12-07T23:51:00.000000000+00:00")
_MEMORY: Final = 65_536
"""How many parts of texts are kept before they are forgotten."""

_LONGEST: Final = {"daily": 1, "weekly": 7, "monthly": 31, "quarterly": 92, "yearly": 366}
"""Days after the first one of a period by which the next one of its kind has begun."""

# Texts are read and written in parts that repeat: few enough to stay in the processor's cache.
_minutes_read: dict[str, int] = {}
_seconds_read: dict[str, int] = {}
_ends_read: dict[str, int] = {}
_minutes_written: dict[int, str] = {}
_SECONDS_WRITTEN: Final = tuple(f"{second:02d}" for second in range(60))
_ENDS_WRITTEN: Final = tuple(f".{millisecond:03d}Z" for millisecond in range(SECOND))


def read(moment: str | int) -> int:
    """Read a moment: RFC 3339 with its zone, or integer epoch milliseconds.

    Fractions finer than a millisecond are cut off. Raises ValueError when it is neither, or lies
    before 1970 or after 9999-12-30.
    """
    if isinstance(moment, str):
        try:
            minute, second, end = moment[:16], moment[16:19], moment[19:]
            return _minutes_read[minute] + _seconds_read[second] + _ends_read[end]
        except KeyError:
            moment = _read_text(moment)
    if not 0 <= moment < END_OF_TIME:
        raise ValueError("a moment lies between 1970-01-01 and 9999-12-30")
    return moment


def _read_text(text: str) -> int:
    parts = _RFC_3339.fullmatch(text)
    if parts is None:
        raise ValueError("a moment is RFC 3339 with its zone, like 2025-12-07T23:51:00Z")
    day, minute, second, fraction, zone = parts.groups()
    offset = "+00:00" if zone in "Zz" else zone
    exact = dt.datetime.fromisoformat(f"{day}T{minute}{second}{offset}")
    moment = (exact - _EPOCH) // _MILLISECOND + int((fraction or "0").ljust(3, "0")[:3])
    start = (dt.datetime.fromisoformat(f"{day}T{minute}:00+00:00") - _EPOCH) // _MILLISECOND
    if DAY <= start < END_OF_TIME - DAY and len(text) <= _USUAL:
        within = int(second[1:]) * SECOND
        _remember(_minutes_read, text[:16], start)
        _remember(_seconds_read, second, within)
        _remember(_ends_read, text[19:], moment - start - within)
    return moment


def read_date(text: str) -> dt.date | None:
    """Read a bare date, `2025-12-07`; None when the text is none."""
    try:
        return dt.date.fromisoformat(text) if len(text) == len("2025-12-07") else None
    except ValueError:
        return None


def write(moment: int) -> str:
    """Write a moment as RFC 3339 in UTC with milliseconds: `2025-12-07T23:51:00.000Z`."""
    minute, rest = divmod(moment, MINUTE)
    second, millisecond = divmod(rest, SECOND)
    text = _minutes_written.get(minute) or _write_minute(minute)
    return f"{text}{_SECONDS_WRITTEN[second]}{_ENDS_WRITTEN[millisecond]}"


def to_the_second(written: str) -> str:
    """Write a moment of `write` for people: `2025-12-07 23:51:00`, UTC."""
    return written[:19].replace("T", " ")


def _write_minute(minute: int) -> str:
    text = (_EPOCH + dt.timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:").rjust(17, "0")
    _remember(_minutes_written, minute, text)
    return text


def _remember(memory: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    if len(memory) >= _MEMORY:
        memory.clear()
    memory[key] = value


class Day(msgspec.Struct, frozen=True, gc=False):
    """One day of one zone: its first moment, the first moment after it, and the periods it lies in."""

    start: int
    end: int
    # By kind: {"daily": "daily:2025-12-07", ..., "all_time": "all_time"}.
    names: dict[PeriodKind, str]


class Calendar:
    """The days and periods of one time zone."""

    def __init__(self, zone: str) -> None:
        """Raise ValueError when no such zone is known."""
        try:
            self.zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
            raise ValueError(f"no time zone is called {zone!r}") from unknown
        self.is_utc = zone == "UTC"
        self._days: dict[int, Day] = {}
        self._bounds: dict[str, tuple[int, int]] = {}

    def day(self, moment: int) -> Day:
        """Return the day that `moment` lies in."""
        day = self._days.get(moment // HOUR)
        if day is None or not day.start <= moment < day.end:
            date = self.date(moment)
            day = Day(
                start=self.start_of(date),
                end=self.start_of(date + dt.timedelta(days=1)),
                names=_names(date),
            )
            _remember(self._days, moment // HOUR, day)
        return day

    def date(self, moment: int) -> dt.date:
        """Return the date that the zone's calendars show at `moment`."""
        return self._local(moment).date()

    def weekday(self, moment: int) -> int:
        """Return the day of the week of that date: 1 is Monday, 7 Sunday, as in ISO 8601."""
        return self.date(moment).isoweekday()

    def hour_of_day(self, moment: int) -> int:
        """Return the hour, 0 to 23, that the zone's clocks show at `moment`.

        Where clocks go back, both passes of an hour have the same number.
        """
        return self._local(moment).hour

    def _local(self, moment: int) -> dt.datetime:
        return (_EPOCH + dt.timedelta(milliseconds=moment)).astimezone(self.zone)

    def start_of(self, date: dt.date) -> int:
        """Return the first moment of a date."""
        midnight = dt.datetime(date.year, date.month, date.day, tzinfo=self.zone)
        return (midnight - _EPOCH) // _MILLISECOND

    def after(self, moment: int, *, days: int = 0, months: int = 0) -> int:
        """Return the same time of day so many days or months later.

        Where the month is too short its last day stands: 29 Feb + 12 months is 28 Feb.
        """
        local = (_EPOCH + dt.timedelta(milliseconds=moment)).astimezone(self.zone)
        year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
        last = calendar.monthrange(year, month + 1)[1]
        date = dt.date(year, month + 1, min(local.day, last)) + dt.timedelta(days=days)
        later = dt.datetime.combine(date, local.time(), tzinfo=self.zone)
        return (later - _EPOCH) // _MILLISECOND

    def bounds(self, period: str) -> tuple[int, int]:
        """Return the first moment of a named period and the first after it.

        `all_time` begins at 0 and ends at END_OF_TIME. Raises ValueError when it names no period.
        """
        known = self._bounds.get(period)
        if known is None:
            if period == "all_time":
                known = (0, END_OF_TIME)
            else:
                first, following = _dates(period)
                known = (self.start_of(first), self.start_of(following))
            _remember(self._bounds, period, known)
        return known


def number_of(day: Day, per: Per) -> int:
    """Count the days, ISO weeks or months from that of 1970-01-01 to the one `day` lies in."""
    date = dt.date.fromisoformat(day.names["daily"].removeprefix("daily:"))
    days = (date - _EPOCH.date()).days
    if per == "day":
        return days
    if per == "week":
        return (days + _EPOCH.weekday()) // 7
    return (date.year - _EPOCH.year) * 12 + date.month - 1


@functools.cache
def calendar_of(zone: str) -> Calendar:
    """Return the one Calendar of a zone. Raises ValueError when no such zone is known."""
    return Calendar(zone)


def _names(date: dt.date) -> dict[PeriodKind, str]:
    year, week, _ = date.isocalendar()
    return {
        "daily": f"daily:{date:%Y-%m-%d}",
        "weekly": f"weekly:{year:04d}-W{week:02d}",
        "monthly": f"monthly:{date:%Y-%m}",
        "quarterly": f"quarterly:{date:%Y}-Q{(date.month + 2) // 3}",
        "yearly": f"yearly:{date:%Y}",
        "all_time": "all_time",
    }


def _dates(period: str) -> tuple[dt.date, dt.date]:
    """Return the first date of a named period and the first date after it."""
    try:
        kind, _, value = period.partition(":")
        if kind == "daily":
            first = dt.date.fromisoformat(value)
        elif kind == "weekly":
            first = dt.date.fromisocalendar(int(value[:4]), int(value[6:]), 1)
        elif kind == "quarterly":
            first = dt.date(int(value[:4]), 3 * int(value[6:]) - 2, 1)
        else:
            first = dt.date.fromisoformat(f"{value}-01" if kind == "monthly" else f"{value}-01-01")
        following = first + dt.timedelta(days=_LONGEST[kind])
        if kind not in ("daily", "weekly"):
            following = following.replace(day=1)
    except (ValueError, KeyError, OverflowError) as wrong:
        raise ValueError(f"no period is called {period!r}") from wrong
    if period not in _names(first).values():
        raise ValueError(f"no period is called {period!r}")
    return first, following
