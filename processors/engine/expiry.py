"""When an award, or what was unlocked, expires."""

from collections.abc import Callable
from typing import Final

from processors.engine.rules import Scene
from schemas.moments import DAY, Calendar, PeriodKind
from schemas.program_actions import EndOf
from schemas.program_words import Duration

_PERIODS: Final[dict[str, PeriodKind]] = {
    "day": "daily",
    "week": "weekly",
    "month": "monthly",
    "quarter": "quarterly",
    "year": "yearly",
}
_DAYS_MAX: Final = 4_096


def bind_expiry(said: Duration | EndOf, calendar: Calendar) -> Callable[[Scene], int]:
    """Make what tells the first moment at which something of this action is expired."""
    if isinstance(said, EndOf):
        kind = _PERIODS[said.end_of]
        return lambda scene: calendar.bounds(scene.day.names[kind])[1]
    months = said.months
    days, rest = divmod(said.milliseconds, DAY)

    def expires(scene: Scene) -> int:
        return calendar.after(scene.action.occurred_at, days=days, months=months) + rest

    if not calendar.is_utc or rest:
        return expires
    dates: dict[int, int] = {}

    def expires_same_time(scene: Scene) -> int:
        """Where days are alike, a whole number of them later it is the same time of day."""
        moment = scene.action.occurred_at
        start = moment - moment % DAY
        date = dates.get(start)
        if date is None:
            if len(dates) >= _DAYS_MAX:
                dates.clear()
            date = dates[start] = calendar.after(start, days=days, months=months)
        return date + moment - start

    return expires_same_time
