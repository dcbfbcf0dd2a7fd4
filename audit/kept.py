"""What an account keeps of accepted actions, as formulas see it and as it is noted in the end."""

import re
from datetime import timedelta
from fractions import Fraction

from audit.case import PERIOD_OF, Case
from audit.facts import LARGEST_KEPT, places_of
from audit.guards import is_members_own
from audit.rules import Document
from audit.values import Value, fact


def streak_length(case: Case, name: str) -> int | None:
    """Days of a streak, raised by this action; 0 when its last day is before yesterday.

    None for an action of its type and of a day before its last: that is no day of it as it stands.
    """
    if name in case.raised:
        days, last = case.raised[name]
        return None if case.day < last else days
    days, last = case.member.streaks.get(name, (0, case.day))
    return 0 if last < case.day - timedelta(days=1) else days


def total_of(case: Case, name: str, unit: str = "ever") -> Fraction:
    """The sum of a fact over accepted actions of this type, this one included."""
    total = Fraction(case.member.totals.get((case.said.type, name, case.period(unit)), 0))
    return total if case.noted else total + _number(case, name)


def distinct_values(case: Case, name: str) -> int:
    """How many different values of a fact were kept, this one included."""
    values = case.member.distinct.get((case.said.type, name), frozenset())
    return len(values if case.noted else _with_this(case, name, values))


def previous_of(case: Case, name: str) -> Value:
    """A fact's value in the accepted action of this type before this one."""
    value: Value = case.member.previous.get((case.said.type, name))
    return value


def memory_of(case: Case, name: str) -> Value:
    """The first value of a fact that was ever sent, by whatever type keeps it."""
    value: Value = case.member.memory.get(name)
    return value


def note(case: Case, points: int) -> None:
    """Count an accepted action and its points, and keep of it what its type says."""
    member, kind = case.member, case.said.type
    member.counts[kind] += 1
    member.accepted[kind] = (*member.accepted.get(kind, ()), case.moment)
    if is_members_own(case):
        member.from_outside = (*member.from_outside, case.moment)
    member.streaks |= case.raised
    member.last_days |= {
        name: case.first_moment for name, (_, last) in case.raised.items() if last == case.day
    }
    _use_up(case, points)
    _keep(case, case.kind.get("keep", {}))
    case.noted = True


def _use_up(case: Case, points: int) -> None:
    """Count it towards every limit of its type."""
    member, kind, limits = case.member, case.said.type, case.limits
    units = {limits.get("once"), *limits.get("times", {}), *limits.get("points", {})}
    units |= _named_in_formulas(case)
    for unit in units & PERIOD_OF.keys():
        member.times[kind, case.period(unit)] += 1
        member.points[kind, case.period(unit)] += points
    if "once_per" in limits:
        value = str(case.facts.get(limits["once_per"]["fact"]))
        member.paid_for[kind] = member.paid_for.get(kind, frozenset()) | {value}


def _named_in_formulas(case: Case) -> set[str]:
    """Periods in which some formula of the program counts this type."""
    written = str(case.version.document)
    return set(re.findall(rf"count\({case.said.type}\s*,\s*(\w+)", written))


def _keep(case: Case, keep: Document) -> None:
    member, kind = case.member, case.said.type
    for name, units in keep.get("totals", {}).items():
        for unit in units:
            place = (kind, name, case.period(unit))
            total = member.totals.get(place, Fraction(0)) + _number(case, name)
            most = Fraction(LARGEST_KEPT - 1, 10 ** places_of(case.kind["facts"][name]))
            member.totals[place] = max(-most, min(total, most))
    for name in keep.get("distinct", {}):
        values = member.distinct.get((kind, name), frozenset())
        member.distinct[kind, name] = _with_this(case, name, values)
    for name in keep.get("previous", []):
        member.previous[kind, name] = fact(case, name)
    for name in keep.get("memory", []):
        if fact(case, name) is not None:
            member.memory.setdefault(name, fact(case, name))


def _number(case: Case, name: str) -> Fraction:
    value = fact(case, name)
    return value if isinstance(value, Fraction) else Fraction(0)


def _with_this(case: Case, name: str, values: frozenset[Value]) -> frozenset[Value]:
    """The different values with this action's, as long as there is room for it."""
    most = case.kind.get("keep", {}).get("distinct", {}).get(name, 0)
    value = fact(case, name)
    return values if value is None or len(values) >= most else values | {value}
