"""What the terms of formulas and conditions stand for: facts, counters, balances, what is kept."""

from collections.abc import Callable
from fractions import Fraction

from audit.case import Case, as_text, instant
from audit.effect_facts import declared_facts
from audit.grammar import Tree
from audit.kept import (
    distinct_values,
    memory_of,
    previous_of,
    streak_length,
    total_of,
)
from audit.periods import local_clock
from audit.rules import SPAN_MS, moment_of
from audit.steps import has_reached, step_held
from audit.values import Value, fact

_UNITS = ("second", "minute", "hour", "day")
_CLOCK = ("weekday", "hour_of_day")
_Names = tuple[str, ...]


def named(case: Case, name: str) -> Value:
    """The value of a fact, or of one of the words that stand alone."""
    if name in declared_facts(case.kind):
        return fact(case, name)
    if name == "occurred_at":
        return Fraction(case.moment)
    if name in _CLOCK:
        return Fraction(local_clock(case.moment, case.version.zone)[_CLOCK.index(name)])
    if name == "user_id":
        return case.said.user_id
    if name in ("balance", "lifetime"):
        return _TERMS[name](case, ())
    if name == "nth":
        return Fraction(_count(case, case.said.type))
    if name in _UNITS:
        return Fraction(SPAN_MS[name])
    return None


def call(case: Case, name: str, arguments: list[Tree]) -> Value:
    """The value of `name(...)` other than min and max. Raises ValueError for what nobody knows."""
    if name == "has":
        return _has(case, arguments[0])
    if name not in _TERMS:
        raise ValueError(f"nobody knows {name}(...)")
    return _TERMS[name](case, tuple(str(argument[1]) for argument in arguments))


def _has(case: Case, tree: Tree) -> bool:
    """Whether a fact was sent or has a default, or what is kept is there."""
    if tree[0] == "call":
        return call(case, tree[1], list(tree[2:])) is not None
    form = declared_facts(case.kind).get(tree[1])
    if form is None:
        return named(case, tree[1]) is not None
    return form.get("default") is not None or case.said.facts.get(tree[1]) not in (None, "")


def _count(case: Case, kind: str, unit: str = "ever") -> int:
    """Accepted actions of a type with this one, ever or in the day, week, ... of this one."""
    member, this = case.member, int(kind == case.said.type and not case.noted)
    if unit == "ever":
        return member.counts[kind] + this
    return member.times[kind, case.period(unit)] + this


def _balance(case: Case, *named: str) -> Fraction:
    currency = case.currency(*named)
    return Fraction(case.member.balance[currency], case.unit(currency))


def _lifetime(case: Case, *named: str) -> Fraction:
    currency = case.currency(*named)
    return Fraction(case.member.lifetime[currency], case.unit(currency))


def _streak(case: Case, name: str) -> Value:
    days = streak_length(case, name)
    return None if days is None else Fraction(days)


def _table(case: Case, table: str, name: str) -> Value:
    key = named(case, name)
    found = None if key is None else case.part("tables")[table].get(as_text(key))
    return found if found is None or isinstance(found, str) else Fraction(found)


def _profile(case: Case, name: str) -> Value:
    if name == "country":
        return case.member.country
    told = case.member.profile.get(name)
    if told is None or isinstance(told, bool):
        return told
    return Fraction(instant(told)) if name == "joined_at" else str(told)


def _unlocked(case: Case, name: str) -> bool:
    _, until = case.member.unlocks.get(name, (0, 0))
    return until is None or case.moment < until


_TERMS: dict[str, Callable[[Case, _Names], Value]] = {
    "count": lambda case, names: Fraction(_count(case, *names)),
    "balance": lambda case, names: _balance(case, *names),
    "lifetime": lambda case, names: _lifetime(case, *names),
    "streak": lambda case, names: _streak(case, names[0]),
    "distinct": lambda case, names: Fraction(distinct_values(case, names[0])),
    "total": lambda case, names: total_of(case, *names),
    "previous": lambda case, names: previous_of(case, names[0]),
    "memory": lambda case, names: memory_of(case, names[0]),
    "table": lambda case, names: _table(case, *names),
    "step": lambda case, names: str(step_held(case, names[0])["name"]),
    "reached": lambda case, names: has_reached(case, *names),
    "profile": lambda case, names: _profile(case, names[0]),
    "segment": lambda case, names: names[0] in case.member.profile.get("segments", []),
    "path": lambda case, names: names[0] in case.member.paths,
    "primary": lambda case, names: case.member.primary_path == names[0],
    "badge": lambda case, names: names[0] in case.member.badges,
    "unlocked": lambda case, names: _unlocked(case, names[0]),
    "moment": lambda case, names: Fraction(moment_of(names[0], case.version.zone)),
}
