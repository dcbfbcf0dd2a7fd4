"""Which rules of an action give something, and how much, before anything is booked."""

from decimal import Decimal
from typing import NamedTuple

from audit.awards import award
from audit.case import Case
from audit.formula import holds
from audit.holds import is_held
from audit.limits import check_limits, check_referred, check_room, trimmed
from audit.members import MOST_UNITS, Declined
from audit.multipliers import within
from audit.posting import TAKES
from audit.rules import Document

EITHER_WAY = ("earn", "adjust")
"""Kinds whose points may be less than 0."""


class Given(NamedTuple):
    """What one rule gives, or takes, in the smallest units of its currency."""

    rule: str
    currency: str
    points: int
    takes: bool
    held: bool
    path_xp: dict[str, int]


def given_by_rules(case: Case) -> list[Given]:
    """What the rules give, in their order.

    Raises Declined when none of them gives anything, or one that takes may not.
    """
    if not case.rules:
        check_limits(case)
        check_referred(case)
        check_room(case)
        return []
    given: list[Given] = []
    reasons: list[Declined] = []
    for name, rule in case.rules.items():
        try:
            given.append(_given(case, name, rule, given))
        except Declined as declined:
            if rule.get("kind") in TAKES:
                raise
            reasons.append(declined)
        else:
            if case.kind.get("match") == "first":
                break
    if not given:
        raise reasons[0]
    return given


def counted(case: Case, given: list[Given]) -> int:
    """Points that caps count: what is given, not taken, in the first currency."""
    first = case.currency()
    return sum(max(0, each.points) for each in given if each.currency == first and not each.takes)


def _given(case: Case, name: str, rule: Document, before: list[Given]) -> Given:
    """Ask one rule, in the order of the law. Raises Declined."""
    if not rule.get("active", True) or not within(case, rule):
        raise Declined("inactive")
    if rule.get("once") and (case.said.type, name) in case.member.given_once:
        raise Declined("once_only")
    currency = case.currency(rule.get("currency"))
    check_limits(case, currency)
    if "when" in rule and not holds(case, rule["when"]):
        raise Declined("condition")
    _check_minimum(case, rule)
    check_referred(case)
    check_room(case)
    points, path_xp = award(case, rule)
    takes = rule.get("kind") in TAKES
    if points < 0 and (rule.get("kind", "earn") not in EITHER_WAY or "hold" in rule):
        raise Declined("condition")
    if takes and points > _available(case, currency, before):
        raise Declined("insufficient_balance")
    if not takes and currency == case.currency():
        points = trimmed(case, points, counted(case, before))
    if abs(points) > MOST_UNITS:
        raise Declined("limit_reached")
    return Given(name, currency, points, takes, is_held(case, rule), path_xp)


def _check_minimum(case: Case, rule: Document) -> None:
    for fact, least in rule.get("minimum", {}).items():
        if case.facts.get(fact, 0) < Decimal(str(least)):
            raise Declined("below_minimum")


def _available(case: Case, currency: str, before: list[Given]) -> int:
    """What there was before the action, less what rules before take of it."""
    taken = [each.points for each in before if each.currency == currency and each.takes]
    return case.member.balance[currency] - sum(taken)
