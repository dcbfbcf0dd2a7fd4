"""What keeps an action from being paid: lateness, once, cooldown, times and points of a period."""

from audit.case import Case
from audit.members import Declined
from audit.periods import local_day, period_end, period_name
from audit.rules import span_ms

MOST_VALUES = 4_000
PERIOD_OF = {"day": "daily", "week": "weekly", "month": "monthly", "year": "yearly"}


def period_of(case: Case, unit: str) -> str:
    """Name of the day, week, month or year in which the action happened; `ever` is all of time."""
    day = local_day(case.said.occurred_at, case.version.zone)
    return period_name(PERIOD_OF.get(unit, "all_time"), day)


def is_too_late(case: Case) -> bool:
    """Whether it came longer after it happened than the program takes; Laurel's own never does."""
    late, said = case.version.accept_late(), case.said
    return late is not None and not said.internal and said.append_time - said.occurred_at > late


def check_too_late(case: Case) -> None:
    """Raise Declined when the action came too late."""
    if is_too_late(case):
        raise Declined("too_late")


def check_too_early(case: Case) -> None:
    """Raise Declined when a job speaks of a period that was not over when the broker took it."""
    if not case.said.internal:
        return
    declared = case.kind.get("facts", {})
    for period in (case.facts[name] for name in case.facts if declared[name]["type"] == "period"):
        if period_end(period, case.version.zone) > case.said.append_time:
            raise Declined("too_early")


def check_has_rule(case: Case) -> None:
    """Raise Declined when the version knows the type and says nothing of it."""
    if not any(case.kind.get(part) for part in ("rules", "effect", "derives")):
        raise Declined("no_rule")


def check_limits(case: Case) -> None:
    """Raise Declined when a limit of the action type refuses, in the order of the wire contract."""
    _check_once(case)
    _check_once_per(case)
    _check_cooldown(case)
    for unit, most in case.limits.get("times", {}).items():
        if case.member.times[case.said.type, period_of(case, unit)] >= most:
            raise Declined("daily_limit")
    if room(case) == 0:
        raise Declined("daily_limit")


def _check_once(case: Case) -> None:
    unit, kind = case.limits.get("once"), case.said.type
    if unit is None:
        return
    place = (kind, period_of(case, unit))
    if case.member.count(kind) if unit == "ever" else case.member.times[place]:
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


def _paid_for(case: Case) -> set[str]:
    return case.member.paid_for.get(case.said.type, set())


def _check_cooldown(case: Case) -> None:
    """No two accepted actions of the type may lie nearer to each other than the cooldown."""
    if "cooldown" not in case.limits:
        return
    wait, moment = span_ms(case.limits["cooldown"]), case.said.occurred_at
    if any(abs(moment - other) < wait for other in case.member.accepted.get(case.said.type, [])):
        raise Declined("cooling_down")


def check_referred(case: Case) -> None:
    """Raise Declined when the referred member is the one who referred."""
    if "referred" in case.kind and case.facts.get(case.kind["referred"]) == case.said.user_id:
        raise Declined("self_referral")


def room(case: Case) -> int | None:
    """How many points the caps of all periods still leave; None where there is no cap."""
    left = [
        max(0, most - case.member.points[case.said.type, period_of(case, unit)])
        for unit, most in case.limits.get("points", {}).items()
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


def use_up(case: Case, points: int) -> None:
    """Count an accepted action and its points towards every limit of its type."""
    kind, limits = case.said.type, case.limits
    units = {limits.get("once"), *limits.get("times", {}), *limits.get("points", {})}
    for unit in units & PERIOD_OF.keys():
        case.member.times[kind, period_of(case, unit)] += 1
        case.member.points[kind, period_of(case, unit)] += max(points, 0)
    if "once_per" in limits:
        value = str(case.facts.get(limits["once_per"]["fact"]))
        case.member.paid_for.setdefault(kind, set()).add(value)
    case.member.accepted.setdefault(kind, []).append(case.said.occurred_at)
