"""What one rule gives: base, multipliers in their order, one rounding, the most. Exact throughout."""

from fractions import Fraction
from math import floor, prod
from typing import NamedTuple

from audit.case import Case, as_text
from audit.members import Declined
from audit.multipliers import ONE, factor, needed, path_factor
from audit.rules import Document


class Sum(NamedTuple):
    """Points of a rule before the caps of a period, and path xp, in the currency's smallest unit."""

    points: int
    path_xp: dict[str, int]


def award(case: Case, rule: Document) -> Sum:
    """What the rule's sum comes to. Raises Declined when part of it is missing, or it is nothing."""
    base = _base(case, rule["points"])
    factors = {
        place: factor(case, rule, entry) for place, entry in enumerate(rule.get("multiply", []))
    }
    unit = case.unit(case.currency(rule.get("currency")))
    points = _rounded(base * prod(factors.values(), start=ONE) * unit, _rounding(case, rule))
    if points == 0:
        raise Declined("rounds_to_zero")
    without_paths = [
        factors[place] for place, entry in enumerate(rule.get("multiply", [])) if entry != "paths"
    ]
    worth = base * prod(without_paths, start=ONE) * unit
    if "max_points" in rule:
        points = min(points, rule["max_points"] * unit)
    return Sum(points, _path_xp(case, rule, worth))


def _base(case: Case, points: int | str | Document) -> Fraction:
    """A number, a formula over facts, or the entry of a table for a fact's value, else 0."""
    if not isinstance(points, dict):
        return needed(case, points)
    return Fraction(points["table"].get(as_text(case.facts.get(points["fact"])), 0))


def _path_xp(case: Case, rule: Document, worth: Fraction) -> dict[str, int]:
    """What each path that the member walks gets, where the rule gives path xp."""
    if not rule.get("path_xp"):
        return {}
    return {
        path: _rounded(worth * path_factor(case, rule, path), "nearest")
        for path in case.member.paths
    }


def _rounding(case: Case, rule: Document) -> str:
    form: Document = case.part("currencies")[case.currency(rule.get("currency"))] or {}
    return str(form.get("rounding", "floor"))


def _rounded(units: Fraction, rounding: str) -> int:
    """The one rounding: down, or to the nearest with halves away from zero."""
    if rounding == "floor":
        return floor(units)
    away = floor(abs(units) + Fraction(1, 2))
    return away if units >= 0 else -away
