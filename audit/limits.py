"""What refuses or trims the awards of an action type: once, cooldown, times, points, rate, require."""

from collections.abc import Iterable

from audit.case import Case
from audit.formula import holds
from audit.guards import is_members_own
from audit.members import Declined
from audit.rules import span_ms

MOST_VALUES = 4_000


def check_limits(case: Case, currency: str | None = None) -> None:
    """Raise Declined when a limit of the type or the program refuses, in the order of the law.

    Limits of points refuse rules of the first currency alone, and not what has no rules.
    """
    _check_once(case)
    _check_once_per(case)
    _check_cooldown(case)
    for unit, most in case.limits.get("times", {}).items():
        if case.member.times[case.said.type, case.period(unit)] >= most:
            raise Declined("daily_limit")
    if currency == case.currency() and room(case) == 0:
        raise Declined("daily_limit")
    _check_rates(case)
    _check_required(case)


def _check_once(case: Case) -> None:
    unit, kind = case.limits.get("once"), case.said.type
    if unit is None:
        return
    place = (kind, case.period(unit))
    if case.member.counts[kind] if unit == "ever" else case.member.times[place]:
        with_code = case.kind.get("referral") in case.facts
        raise Declined("already_referred" if with_code else "once_only")


def _check_once_per(case: Case) -> None:
    """Once for each value of a fact."""
    once_per = case.limits.get("once_per")
    if once_per and str(case.facts.get(once_per["fact"])) in _paid_for(case):
        raise Declined("once_only")


def check_room(case: Case) -> None:
    """Raise Declined when no further value of the fact that pays once each is kept."""
    once_per = case.limits.get("once_per")
    if once_per and len(_paid_for(case)) >= once_per.get("at_most", MOST_VALUES):
        raise Declined("limit_reached")


def _paid_for(case: Case) -> frozenset[str]:
    return case.member.paid_for.get(case.said.type, frozenset())


def _check_cooldown(case: Case) -> None:
    """No two accepted actions of the type may lie nearer to each other than the cooldown."""
    if "cooldown" not in case.limits:
        return
    wait = span_ms(case.limits["cooldown"])
    others = case.member.accepted.get(case.said.type, ())
    if any(abs(case.moment - other) < wait for other in others):
        raise Declined("cooling_down")


def _check_rates(case: Case) -> None:
    """Never more than so many accepted actions within less than a time, whenever they come."""
    rate, program_rate = case.limits.get("rate"), case.part("rate")
    if rate and _is_crowded(case, case.member.accepted.get(case.said.type, ()), rate):
        raise Declined("rate_limited", suspicious=bool(rate.get("suspicious")))
    counts = bool(program_rate) and is_members_own(case)
    if counts and _is_crowded(case, case.member.from_outside, program_rate):
        raise Declined("rate_limited")


def _is_crowded(case: Case, others: Iterable[int], rate: dict[str, object]) -> bool:
    """Whether some stretch shorter than `per` would hold more than `times` with this action in it."""
    times, per = int(str(rate["times"])), span_ms(str(rate["per"]))
    near = (other for other in others if abs(other - case.moment) < per)
    moments = sorted([case.moment, *near])
    return any(
        last - first < per and first <= case.moment <= last
        for first, last in zip(moments, moments[times:], strict=False)
    )


def _check_required(case: Case) -> None:
    """The first requirement that does not hold declines the action, and may be suspicious."""
    for required in case.kind.get("require", {}).values():
        if not holds(case, required["that"]):
            raise Declined("condition", suspicious=bool(required.get("suspicious")))


def check_referred(case: Case) -> None:
    """Raise Declined when the referred member is the one who referred."""
    if "referred" in case.kind and case.facts.get(case.kind["referred"]) == case.said.user_id:
        raise Declined("self_referral")


def room(case: Case) -> int | None:
    """How many units of the first currency the caps of all periods leave; None without a cap."""
    unit = case.unit(case.currency())
    left = [
        max(0, most * unit - case.member.points[case.said.type, case.period(period)])
        for period, most in case.limits.get("points", {}).items()
    ]
    return min(left, default=None)


def trimmed(case: Case, points: int, before: int) -> int:
    """Cut points to what the caps leave after those that other rules gave for the same action.

    Raises Declined when nothing is left.
    """
    left = room(case)
    if left is None or points <= left - before:
        return points
    if left - before <= 0:
        raise Declined("daily_limit")
    return left - before
