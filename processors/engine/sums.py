"""Sums: how a rule comes from facts to points, bound per stretch of time and step of its ladder.

A sum is base points, times each factor in order, rounded once at the end. Time is cut where the rule
or a promotion of it begins or ends, so that within an era a sum depends on the step held alone.
"""

from decimal import Decimal
from itertools import pairwise
from math import prod
from typing import Any, Final, NamedTuple

from processors.engine import numbers
from processors.engine.formulas import Formula, lifted
from processors.engine.ladders import Ladder
from processors.engine.numbers import POWERS, TIMES, plain, scaled, show
from processors.engine.rules import Award, Era, Sum
from processors.engine.source import compiled
from schemas.moments import END_OF_TIME, calendar_of
from schemas.programs import Currency, Program, Promotion, Rule, Table, moment_in

PROMOTIONS: Final = "promotions"


class Factor(NamedTuple):
    """A multiplier: its name in `why`, and its value `units / 10**scale`."""

    label: str
    units: int
    scale: int


def ladders_of(rule: Rule) -> list[str]:
    """Return the names of the ladders whose steps multiply a rule's base points."""
    names = [next(iter(item)) if isinstance(item, dict) else item for item in rule.multiply]
    return [name for name in names if name != PROMOTIONS]


def bind_eras(
    program: Program, action: str, rule: Rule, base: Formula, ladder: Ladder | None
) -> tuple[Era, ...]:
    """Cut time and bind the sums of each era; None where the rule is not active."""
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
        sums = _sums(program, rule, base, ladder, running) if active else None
        eras.append(Era(stop, sums))
    return tuple(eras)


def _sums(
    program: Program, rule: Rule, base: Formula, ladder: Ladder | None, running: list[Promotion]
) -> dict[str | None, Sum]:
    """Bind a sum per step; an account that holds no step yet has the first one's."""
    currency = program.currencies[rule.currency or next(iter(program.currencies))]
    sums: dict[str | None, Sum] = {}
    for step in ("",) if ladder is None else ladder.steps:
        factors = [
            factor for item in rule.multiply for factor in _factors(program, item, step, running)
        ]
        sums[step] = _sum(rule, base, factors, currency)
        sums.setdefault(None, sums[step])
    return sums


def _sum(rule: Rule, base: Formula, factors: list[Factor], currency: Currency) -> Sum:
    """Write the function that computes `rule` from facts, every step of it on a line."""
    base = lifted(base, currency.scale)
    scale, value, told = base.scale, "base", "told_base"
    lines = ["def points(facts):", f"    base = {base.source}"]
    lines.append(f"    {told} = {_shown(value, scale)}")
    why = [f"({base.text!r}, {told})"]
    for number, factor in enumerate(factors, 1):
        if factor.units != 1 or factor.scale:
            lines.append(f"    product_{number} = {value} * {factor.units}")
            value, told, scale = f"product_{number}", f"told_{number}", scale + factor.scale
            lines.append(f"    {told} = {_shown(value, scale)}")
        why.append(f"({factor.label!r}, {told})")
    if scale > currency.scale:
        divisor = POWERS[scale - currency.scale]
        rounded = {"floor": f"{value} // {divisor}", "nearest": f"nearest({value}, {divisor})"}
        lines.append(f"    rounded = {rounded[currency.rounding]}")
        value = "rounded"
        why.append(f"({currency.rounding!r}, {_shown(value, currency.scale)})")
    multiplier = plain(prod(each.units for each in factors), sum(each.scale for each in factors))
    lines.append(f"    why = [{', '.join(why)}]")
    lines.append(f"    return Award({value}, {_plain('base', base.scale)}, {multiplier}, why)")
    names: dict[str, Any] = {"Award": Award, "show": show, "nearest": numbers.nearest}
    names["table"] = rule.points.table if isinstance(rule.points, Table) else None
    computed = compiled("points", lines, names)
    if base.facts:
        return computed
    fixed = computed({})
    return lambda _facts: fixed


def _plain(value: str, scale: int) -> str:
    """Write the expression of a value as JSON shows it; a whole number stays whole."""
    power = POWERS[scale]
    return f"{value} / {power} if {value} % {power} else {value} // {power}" if scale else value


def _shown(value: str, scale: int) -> str:
    """Write the expression that shows a value; the common ones are spelled out, `show` is a call."""
    if scale == 0:
        return f"str({value})"
    power = POWERS[scale]
    return (
        f"str({value} // {power}) if not {value} % {power} else "
        f"('%d.%0{scale}d' % divmod({value}, {power})).rstrip('0') if {value} > 0 else "
        f"show({value}, {scale})"
    )


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
