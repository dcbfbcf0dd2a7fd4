"""Eras: the multipliers of a rule, bound for each stretch of time and each step of its ladder."""

from decimal import Decimal
from itertools import pairwise
from math import prod
from typing import Final

from processors.engine.ladders import Ladder
from processors.engine.numbers import POWERS, TIMES, plain, scaled, show
from processors.engine.rules import Era, Factor, Plan
from schemas.moments import END_OF_TIME, calendar_of
from schemas.programs import Program, Promotion, Rule, moment_in

PROMOTIONS: Final = "promotions"


def ladders_of(rule: Rule) -> list[str]:
    """Return the names of the ladders whose steps multiply a rule's base points."""
    names = [next(iter(item)) if isinstance(item, dict) else item for item in rule.multiply]
    return [name for name in names if name != PROMOTIONS]


def bind_eras(
    program: Program, action: str, rule: Rule, ladder: Ladder | None, *, decimals: int
) -> tuple[Era, ...]:
    """Cut time where the rule or a promotion of it begins or ends; bind the plans of each stretch.

    `decimals` are those of the base points beyond the currency's.
    """
    calendar = calendar_of(program.timezone)
    begin = moment_in(rule.from_, calendar) if rule.from_ else 0
    end = moment_in(rule.until, calendar) if rule.until else END_OF_TIME
    promotions = [
        (moment_in(each.from_, calendar), moment_in(each.until, calendar), each)
        for each in program.promotions
        if each.actions is None or action in each.actions
    ]
    cuts = {begin, end, *(cut for first, last, _ in promotions for cut in (first, last))}
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < END_OF_TIME), END_OF_TIME]
    eras = []
    for start, stop in pairwise(edges):
        running = [each for first, last, each in promotions if first <= start < last]
        active = rule.active and begin <= start < end
        plans = _plans(program, rule, ladder, running, decimals) if active else None
        eras.append(Era(stop, plans))
    return tuple(eras)


def _plans(
    program: Program,
    rule: Rule,
    ladder: Ladder | None,
    running: list[Promotion],
    decimals: int,
) -> dict[str | None, Plan]:
    """Bind a plan per step; a new account holds no step yet and has the first one's."""
    steps = ("",) if ladder is None else ladder.steps
    plans: dict[str | None, Plan] = {}
    for step in steps:
        factors = tuple(
            factor for item in rule.multiply for factor in _factors(program, item, step, running)
        )
        scale = sum(factor.scale for factor in factors)
        units = prod(factor.units for factor in factors)
        plans[step] = Plan(factors, plain(units, scale), POWERS[decimals + scale])
        plans.setdefault(None, plans[step])
    return plans


def _factors(
    program: Program,
    item: str | dict[str, dict[str, Decimal]],
    step: str,
    running: list[Promotion],
) -> list[Factor]:
    """Return what one entry of `multiply` comes to on this step while these promotions run."""
    if item == PROMOTIONS:
        if program.stacking == "best":
            running = sorted(running, key=lambda each: each.factor)[-1:]
        return [_factor(f"promotion {each.name}", each.factor) for each in running]
    if isinstance(item, str):
        steps = {each.name: each.multiplier for each in program.ladders[item].steps}
        return [_factor(f"{item} {step}", steps[step])]
    [(ladder, table)] = item.items()
    return [_factor(f"{ladder} {step}", table.get(step, Decimal(1)))]


def _factor(name: str, number: Decimal) -> Factor:
    units, scale = scaled(number)
    return Factor(f"{name} {TIMES} {show(units, scale)}", units, scale)
