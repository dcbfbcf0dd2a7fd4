"""The auditor's own calendar: instants read and written, period names, their ends."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

LAST_MOMENT = 253_402_214_400_000  # 9999-12-31
_HOURS_A_DAY = 24
_MINUTES_AN_HOUR = 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))"
)


def read_instant(text: str) -> int | None:
    """Epoch milliseconds of an RFC 3339 time with zone, finer digits cut off; None when it is none."""
    found = _INSTANT.fullmatch(text)
    if found is None or not text.isascii():
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    offset = 0
    if found[9]:
        hours, minutes = int(found[10]), int(found[11])
        if hours >= _HOURS_A_DAY or minutes >= _MINUTES_AN_HOUR:
            return None
        offset = (hours * _MINUTES_AN_HOUR + minutes) * (1 if found[9] == "+" else -1)
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    milliseconds = int(((found[7] or "") + "000")[:3])
    return (moment - _EPOCH) // timedelta(milliseconds=1) + milliseconds - offset * 60_000


def write_instant(moment: int) -> str:
    """RFC 3339 UTC with milliseconds."""
    at = datetime(1970, 1, 1) + timedelta(milliseconds=moment)  # noqa: DTZ001  written without "+00:00"
    return at.isoformat(timespec="milliseconds") + "Z"


@lru_cache(maxsize=100_000)
def _local_day_of_minute(minute: int, zone: str) -> date:
    return (_EPOCH + timedelta(minutes=minute)).astimezone(ZoneInfo(zone)).date()


def local_day(moment: int, zone: str) -> date:
    """Calendar day of an instant in the program's time zone."""
    return _local_day_of_minute(moment // 60_000, zone)


def local_clock(moment: int, zone: str) -> tuple[int, int]:
    """Day of the week, 1 for Monday to 7, and hour, 0 to 23, that the zone's clocks show.

    Counted from the zone's offset at that instant; 1 January 1970 was a Thursday.
    """
    instant = _EPOCH + timedelta(milliseconds=moment)
    ahead = instant.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    days, left = divmod(timedelta(milliseconds=moment) + ahead, timedelta(days=1))
    return (days + 3) % 7 + 1, left // timedelta(hours=1)


@lru_cache(maxsize=100_000)
def period_name(kind: str, day: date) -> str:
    """Name of the period of `kind` that holds `day`, as boards carry it: `weekly:2025-W49`."""
    if kind == "all_time":
        return "all_time"
    if kind == "daily":
        return f"daily:{day.isoformat()}"
    if kind == "weekly":
        year, week, _ = day.isocalendar()
        return f"weekly:{year:04d}-W{week:02d}"
    if kind == "monthly":
        return f"monthly:{day.year:04d}-{day.month:02d}"
    if kind == "quarterly":
        return f"quarterly:{day.year:04d}-Q{(day.month + 2) // 3}"
    if kind == "yearly":
        return f"yearly:{day.year:04d}"
    raise ValueError(f"no such period: {kind}")


@lru_cache(maxsize=100_000)
def period_end(name: str, zone: str) -> int:
    """Epoch milliseconds at which the named period is over. Raises ValueError for no period's name."""
    kind, _, label = name.partition(":")
    if name == "all_time":
        return LAST_MOMENT
    first = _first_day(kind, label)
    if period_name(kind, first) != name:
        raise ValueError(f"{name!r} is not written as a period")
    after = first
    while period_name(kind, after) == name:
        after += timedelta(days=1)
    midnight = datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(zone))
    return (midnight.astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)


@lru_cache(maxsize=100_000)
def period_start(name: str, zone: str) -> int:
    """Epoch milliseconds at which the named period begins."""
    first = _first_day(*name.split(":"))
    midnight = datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(zone))
    return (midnight.astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)


def _first_day(kind: str, label: str) -> date:
    if kind == "daily":
        return date.fromisoformat(label)
    if kind == "weekly":
        year, week = label.split("-W")
        return date.fromisocalendar(int(year), int(week), 1)
    if kind == "monthly":
        year, month = label.split("-")
        return date(int(year), int(month), 1)
    if kind == "quarterly":
        year, quarter = label.split("-Q")
        return date(int(year), int(quarter) * 3 - 2, 1)
    if kind == "yearly":
        return date(int(label), 1, 1)
    raise ValueError(f"no such period: {kind}")
