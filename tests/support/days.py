"""The days before today, in UTC: what happened then may still be accepted, and its period has ended."""

from datetime import UTC, datetime, timedelta

from schemas import moments


def day(before: int) -> int:
    """Give the first moment of the day so many days ago, in epoch milliseconds."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return int((today - timedelta(days=before)).timestamp() * 1000)


def date(before: int) -> str:
    """Give the date of so many days ago."""
    return moments.write(day(before))[:10]
