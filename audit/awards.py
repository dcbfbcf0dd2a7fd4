"""What one rule gives: base, multipliers in their order, one rounding, caps. Exact throughout."""

from decimal import Decimal
from fractions import Fraction
from math import floor

from audit.case import Case
from audit.formula import compute, exact
from audit.members import Declined
from audit.rules import Document, moment_of


def award(case: Case, rule: Document) -> int:
    """Points of a rule before the caps of a period, in the currency's minor unit.

    Raises Declined when the sum rounds to nothing.
    """
    worth = _base(case, rule["points"])
    for factor in rule.get("multiply", []):
        worth *= _factor(case, factor)
    currency = case.part("currencies")[case.currency(rule.get("currency"))]
    points = _rounded(worth, currency or {})
    if points == 0:
        raise Declined("rounds_to_zero")
    return min(points, int(rule.get("max_points", points)))


def check_active(case: Case, rule: Document) -> None:
    """Raise Declined unless the rule speaks: from its first moment on, up to and without its last."""
    if not rule.get("active", True) or not _within(case, rule):
        raise Declined("inactive")


def check_minimum(case: Case, rule: Document) -> None:
    """Raise Declined when a fact is under the least that the rule asks for."""
    for fact, least in rule.get("minimum", {}).items():
        if case.facts.get(fact, 0) < Decimal(str(least)):
            raise Declined("below_minimum")


def step_held(case: Case, ladder: str) -> Document:
    """The step of a ladder that the member holds so far; the first one before any action."""
    steps: list[Document] = case.part("ladders")[ladder]["steps"]
    held = case.member.steps.get(ladder)
    return next((step for step in steps if step["name"] == held), steps[0])


def _within(case: Case, dated: Document) -> bool:
    since, until, zone = dated.get("from"), dated.get("until"), case.version.zone
    if since is not None and case.said.occurred_at < moment_of(str(since), zone):
        return False
    return until is None or case.said.occurred_at < moment_of(str(until), zone)


def _base(case: Case, points: int | str | Document) -> Fraction:
    """A number, a formula over facts, or the entry of a table for a fact's value, 0 without one."""
    if isinstance(points, int):
        return Fraction(points)
    if isinstance(points, str):
        return compute(points, case.facts)
    found = {int(value): worth for value, worth in points["table"].items()}
    return Fraction(found.get(case.facts[points["fact"]], 0))


def _factor(case: Case, factor: str | Document) -> Fraction:
    """Promotions together, the multiplier of the step held, or the rule's own for that step."""
    if factor == "promotions":
        return _promotions(case)
    if isinstance(factor, str):
        return exact(step_held(case, factor).get("multiplier", 1))
    ((ladder, per_step),) = factor.items()
    return exact(per_step.get(step_held(case, ladder)["name"], 1))


def _promotions(case: Case) -> Fraction:
    """All promotions of the moment multiplied, or the best one where the program says so."""
    document = case.version.document or {}
    factors = [
        exact(promotion["factor"])
        for promotion in document.get("promotions", [])
        if case.said.type in (promotion.get("actions") or [case.said.type])
        and _within(case, promotion)
    ]
    if document.get("stacking", "multiply") == "best":
        return max(factors, default=Fraction(1))
    together = Fraction(1)
    for factor in factors:
        together *= factor
    return together


def _rounded(worth: Fraction, currency: Document) -> int:
    """The one rounding: down, or to the nearest with halves away from zero."""
    units: Fraction = worth * 10 ** int(currency.get("scale", 0))
    if currency.get("rounding", "floor") == "floor":
        return floor(units)
    away = floor(abs(units) + Fraction(1, 2))
    return away if units >= 0 else -away
