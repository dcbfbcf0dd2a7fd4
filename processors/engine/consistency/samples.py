"""Trying out a send: what some amounts would take, give, and give back. One that differs is told."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from processors.engine.consistency.bounds import asked, where
from processors.engine.consistency.words import numbers_of
from processors.engine.formulas import Formula, lifted, read_condition, read_formula
from processors.engine.numbers import POWERS, UNITS_MAX, nearest, scaled, show
from processors.engine.source import compiled
from processors.engine.terms import ActionTerms, fact_range
from schemas.program_actions import ActionType, Rule, Table
from schemas.programs import Currency

Facts = Mapping[str, int]

_PLACE: Final = re.compile(r"\{(\w+)\}", re.ASCII)
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
_TRIED: Final = (0, 1, 7, 100, 12_345, 10_000_000)


class Side(NamedTuple):
    """A rule that moves points, the terms of its action type, and its currency."""

    rule: Rule
    terms: ActionTerms
    currency: Currency

    @property
    def action(self) -> ActionType:
        """The action type."""
        assert self.terms.action is not None
        return self.terms.action

    def points(self, facts: Facts) -> int | None:
        """Compute the points without factors, in units; None where more than number facts are asked."""
        if isinstance(self.rule.points, Table):
            return None
        formula = lifted(read_formula(str(self.rule.points), self.terms), self.currency.scale)
        value = _computed(formula, self.terms, facts)
        if value is None:
            return None
        power = POWERS[formula.scale - self.currency.scale]
        return nearest(value, power) if self.currency.rounding == "nearest" else value // power


def differs(send: Side, credit: Side, back: Side | None, data: Mapping[str, str]) -> str | None:
    """Say of an amount that may be sent what else is booked for it; None where none is found."""
    for facts in _tried(send):
        taken = send.points(facts)
        if taken is None:
            return None
        if not 0 < taken <= UNITS_MAX:
            continue  # It is declined.
        shown = show(taken, send.currency.scale)
        arriving = _carried(send, facts, data, credit)
        refused = _refused(credit, arriving)
        booked = credit.points(arriving)
        if refused is None and booked not in (None, taken):
            return f"{shown} may be sent, and {show(booked or 0, send.currency.scale)} arrive: let as much be received as is sent"
        if refused is None and back is not None and "amount" in arriving:
            returned = _carried(credit, arriving, {"amount": "{amount}"}, back)
            refused, booked = _refused(back, returned), back.points(returned)
            if refused is None and booked not in (None, taken):
                return f"{shown} may be sent, and {show(booked or 0, send.currency.scale)} come back: let as much come back as was sent"
        if refused is not None:
            return f"{shown} may be sent, and is lost: {refused}"
    return None


def _tried(side: Side) -> Iterator[Facts]:
    """Yield facts for which all conditions hold that ask for nothing but number facts."""
    there = where(side.terms, asked(side.action, side.rule))
    ranges = {
        name: found.range
        for name in numbers_of(side.action)
        if isinstance(found := there.named(name), Formula)
    }
    if any(low > high for low, high, _ in ranges.values()):
        return
    rows = [
        {
            name: min(max(low, 0) + each * number, high)
            for number, (name, (low, high, _)) in enumerate(ranges.items(), 1)
        }
        for each in _TRIED
    ]
    for row in [*rows, {name: high for name, (_, high, _) in ranges.items()}]:
        if all(_holds(text, side.terms, row) for text in asked(side.action, side.rule)):
            yield row


def _holds(text: str, terms: ActionTerms, facts: Facts) -> bool:
    """Tell whether a condition may hold for these facts."""
    return _computed(read_condition(text, terms), terms, facts) is not False


def _computed(formula: Formula, terms: ActionTerms, facts: Facts) -> int | None:
    """Compute a formula or condition; None where it asks for more than these facts."""
    if "scene" in formula.source or not formula.facts <= facts.keys() or "table_" in formula.source:
        return None
    lines = ["def value(facts, scene):", f"    return {formula.source}"]
    found: int = compiled("value", lines, terms.names)(facts, None)
    return found


def _carried(side: Side, facts: Facts, data: Mapping[str, str], to: Side) -> Facts:
    """Return the number facts of the action that is derived, in their own units."""
    scales, known = numbers_of(to.action), numbers_of(side.action)
    carried = {
        name: int(fact.default * POWERS[scales[name]])
        for name, fact in to.action.facts.items()
        if name in scales and fact.default is not None
    }
    for name, text in data.items():
        place = _PLACE.fullmatch(text)
        if name not in scales:
            continue
        if place and place[1] in facts:
            units, scale = facts[place[1]], known[place[1]]
        elif _NUMBER.fullmatch(text):
            units, scale = scaled(Decimal(text))
        else:
            continue
        if scale > scales[name]:
            units //= POWERS[scale - scales[name]]
        else:
            units *= POWERS[scales[name] - scale]
        carried[name] = units
    return carried


def _refused(side: Side, facts: Facts) -> str | None:
    """Say which fact an action type would not take."""
    for name, units in facts.items():
        fact, scale = side.action.facts[name], numbers_of(side.action)[name]
        low, high, _ = fact_range(fact, scale)
        if not low <= units <= high or (fact.nonzero and units == 0):
            return f"{name} of {side.terms.name} may not be {show(units, scale)}"
    return None
