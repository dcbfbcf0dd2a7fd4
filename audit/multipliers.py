"""The factors of a rule: one function for each entry that `multiply` may have."""

from decimal import Decimal
from fractions import Fraction
from math import prod

from audit.case import Case
from audit.formula import compute, holds
from audit.members import Declined
from audit.rules import Document, exact, moment_of
from audit.steps import step_held
from audit.values import fact

Entry = str | Document

ONE = Fraction(1)


def factor(case: Case, rule: Document, entry: Entry) -> Fraction:
    """What one entry of `multiply` comes to. Raises Declined where something in it is missing."""
    if isinstance(entry, str):
        return _named(case, rule, entry)
    if "bands" in entry:
        return _bands(case, entry)
    if "by" in entry:
        if "when" in entry and not holds(case, entry["when"]):
            return ONE
        return needed(case, entry["by"])
    ((ladder, per_step),) = entry.items()
    return exact(per_step.get(step_held(case, ladder)["name"], 1))


def needed(case: Case, formula: str | int | Decimal) -> Fraction:
    """What a formula of a sum comes to. Raises Declined where something in it is missing."""
    value = compute(case, formula)
    if value is None:
        raise Declined("condition")
    return value


def within(case: Case, dated: Document) -> bool:
    """Whether the action happened from `from` on, and before `until`."""
    since, until, zone = dated.get("from"), dated.get("until"), case.version.zone
    if since is not None and case.moment < moment_of(str(since), zone):
        return False
    return until is None or case.moment < moment_of(str(until), zone)


def path_factor(case: Case, rule: Document, path: str | None) -> Fraction:
    """A path's multiplier for the action as the rule tells it; 1 without a path."""
    multipliers = case.part("paths").get(path or "", {}).get("multipliers", {})
    return exact(multipliers.get(rule.get("action", case.said.type), 1))


def _named(case: Case, rule: Document, name: str) -> Fraction:
    if name == "promotions":
        return _promotions(case)
    if name == "boosts":
        return _boost(case, case.currency(rule.get("currency")))
    if name == "paths":
        return path_factor(case, rule, case.member.primary_path)
    return exact(step_held(case, name).get("multiplier", 1))


def _promotions(case: Case) -> Fraction:
    """All promotions of the moment multiplied, or the best one where the program says so."""
    document = case.version.document or {}
    segments = case.member.profile.get("segments", [])
    factors = [
        exact(promotion["factor"])
        for promotion in document.get("promotions", [])
        if case.said.type in (promotion.get("actions") or [case.said.type])
        and promotion.get("segment") in (None, *segments)
        and within(case, promotion)
    ]
    if document.get("stacking", "multiply") == "best":
        return max(factors, default=ONE)
    return prod(factors, start=ONE)


def _boost(case: Case, currency: str) -> Fraction:
    boost = case.member.boosts.get(currency)
    held = boost is not None and boost.since <= case.moment < boost.until
    return exact(boost.factor) if boost is not None and held else ONE


def _bands(case: Case, entry: Document) -> Fraction:
    """By the highest bound that the fact reaches, or the lowest that it lies under; else 1."""
    value = fact(case, entry["bands"])
    if not isinstance(value, Fraction):
        return ONE
    reached = [(exact(bound), by) for bound, by in entry.get("from", {}).items()]
    under = [(exact(bound), by) for bound, by in entry.get("below", {}).items()]
    _, up = max((band for band in reached if band[0] <= value), default=(value, 1))
    _, down = min((band for band in under if value < band[0]), default=(value, 1))
    return exact(up) * exact(down)
