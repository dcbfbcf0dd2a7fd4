"""Streaks: consecutive days with an accepted action of a type."""

from datetime import date, timedelta

from audit.case import Case
from audit.formula import holds
from audit.rules import Document


def raise_streaks(case: Case) -> None:
    """Find out what this action makes of the streaks of its type, before any rule is asked."""
    for name, streak in case.part("streaks").items():
        if streak["action"] == case.said.type:
            case.raised[name] = _raised(case, name, streak)


def _raised(case: Case, name: str, streak: Document) -> tuple[int, date]:
    """Days and last day: a day after the last adds 1, a gap or what restarts it makes it 1."""
    days, last = case.member.streaks.get(name, (0, date.min))
    if case.day < last:
        return days, last
    if "restarts" in streak and holds(case, streak["restarts"]):
        return 1, case.day
    if case.day == last:
        return days, last
    return days + 1 if case.day == last + timedelta(days=1) else 1, case.day
