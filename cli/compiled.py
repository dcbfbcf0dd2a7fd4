"""A bound version as people can read it: what the engine looks up for each action. Pure."""

from collections.abc import Iterator

from processors.engine.numbers import TIMES
from processors.engine.rules import ActionRules, AwardRule, Era, Plan, Rules
from schemas.moments import END_OF_TIME, write


def compiled(rules: Rules) -> Iterator[str]:
    """Give a version line by line."""
    late = "for ever" if rules.accept_late is None else f"{rules.accept_late / 86_400_000:g} days"
    yield f"{rules.version}  days of {rules.calendar.zone}, accepts late {late}"
    for action in rules.actions.values():
        yield ""
        yield from _action(action)


def _action(action: ActionRules) -> Iterator[str]:
    topics = [
        name
        for name, allowed in (("actions", action.outside), ("actions.internal", action.inside))
        if allowed
    ]
    yield f"{action.type}  over {' and '.join(topics)}{', idle' if action.idle else ''}"
    for limit in action.points_limits:
        yield f"  at most {limit.text}"
    for award in action.awards:
        yield from _award(award)
    for badge in action.badges:
        measure = (
            f"{badge.counted} for the {badge.at}th time"
            if badge.counted
            else f"lifetime {badge.at:,}"
        )
        yield f"  badge {badge.name} at {measure}"


def _award(award: AwardRule) -> Iterator[str]:
    yield f"  {award.name}: {award.kind} {award.base_text} in {award.currency}, {award.rounding}"
    for minimum in award.minimum:
        yield f"    asks for {minimum.fact} >= {minimum.text}"
    if award.max_points is not None:
        yield f"    at most {award.max_points:,} for one action"
    begin = 0
    for era in award.eras:
        yield from _era(era, begin)
        begin = era.end


def _era(era: Era, begin: int) -> Iterator[str]:
    since = "always" if begin == 0 else f"from {write(begin)}"
    until = "" if era.end == END_OF_TIME else f" until {write(era.end)}"
    if era.plans is None:
        yield f"    {since}{until}: nothing"
        return
    yield f"    {since}{until}:"
    for step, plan in era.plans.items():
        if step is not None or len(era.plans) == 1:  # None: no step yet, which is the first one.
            yield f"      {f'{step}: ' if step else ''}{_plan(plan)}"


def _plan(plan: Plan) -> str:
    factors = ", ".join(factor.label for factor in plan.factors)
    return f"{TIMES} {plan.multiplier:g}" + (f"  ({factors})" if factors else "")
