"""Sums: how a rule comes from facts to points, bound per stretch of time and step of its ladder.

A sum is base points, times each factor in order, rounded once at the end. Time is cut where the rule
or a promotion of it begins or ends, so that within an era a sum depends on the step held alone.
"""

from itertools import pairwise
from math import prod

from processors.engine import numbers
from processors.engine.factors import Factor, Finder, Maker
from processors.engine.formulas import Formula, lifted
from processors.engine.ladders import Ladder
from processors.engine.numbers import POWERS, plain, show
from processors.engine.rules import Award, Era, Sum
from processors.engine.source import SOURCE, compiled
from processors.engine.terms import ActionTerms
from schemas.moments import END_OF_TIME, calendar_of
from schemas.program_actions import Rule, Table
from schemas.programs import Currency, Program, Promotion, moment_in


def bind_eras(
    program: Program, rule: Rule, base: Formula, ladder: Ladder | None, terms: ActionTerms
) -> tuple[Era, ...]:
    """Cut time and bind the sums of each era; None where the rule is not active."""
    calendar = calendar_of(program.timezone)
    begin = moment_in(rule.from_, calendar) if rule.from_ else 0
    end = moment_in(rule.until, calendar) if rule.until else END_OF_TIME
    promotions = [
        (moment_in(each.from_, calendar), moment_in(each.until, calendar), each)
        for each in program.promotions
        if each.actions is None or terms.name in each.actions
    ]
    cuts = {begin, end, *(cut for first, last, _ in promotions for cut in (first, last))}
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < END_OF_TIME), END_OF_TIME]
    maker = Maker(program, rule, rule.action or terms.name, terms)
    currency = program.currencies[program.currency_of(rule)]
    eras = []
    for start, stop in pairwise(edges):
        running = [each for first, last, each in promotions if first <= start < last]
        active = rule.active and begin <= start < end
        sums = _sums(maker, base, ladder, running, currency) if active else None
        eras.append(Era(stop, sums))
    return tuple(eras)


def _sums(
    maker: Maker, base: Formula, ladder: Ladder | None, running: list[Promotion], currency: Currency
) -> dict[str | None, Sum]:
    """Bind a sum per step; an account that holds no step yet has the first one's."""
    sums: dict[str | None, Sum] = {}
    for step in ("",) if ladder is None else ladder.steps:
        sums[step] = _sum(maker, base, maker.factors(step, running), currency)
        sums.setdefault(None, sums[step])
    return sums


def _sum(maker: Maker, base: Formula, factors: list[Factor | Finder], currency: Currency) -> Sum:
    """Write the function that computes a rule from facts, every step of it on a line."""
    base = lifted(base, currency.scale)
    scale, value, told = base.scale, "base", "told_base"
    missing = [
        *base.missing,
        *(each for f in factors if isinstance(f, Finder) for each in f.missing),
    ]
    lines = ["def points(facts, scene):"]
    lines += [f"    if {each} is None: return None" for each in dict.fromkeys(missing)]
    lines += [f"    base = {base.source}", f"    {told} = {_shown(value, scale)}"]
    why = [f"({base.text!r}, {told})"]
    for number, factor in enumerate(factors, 1):
        if isinstance(factor, Finder):
            lines += [f"    {line}" for line in factor.lines]
            lines.append(f"    factor_{number}, label_{number} = factor, label")
        if isinstance(factor, Finder) or factor.units != 1 or factor.scale:
            lines.append(f"    product_{number} = {value} * {_times(number, factor)}")
            value, told, scale = f"product_{number}", f"told_{number}", scale + factor.scale
            lines.append(f"    {told} = {_shown(value, scale)}")
        label = f"label_{number}" if isinstance(factor, Finder) else repr(factor.label)
        why.append(f"({label}, {told})")
    if scale > currency.scale:
        divisor = POWERS[scale - currency.scale]
        rounded = {"floor": f"{value} // {divisor}", "nearest": f"nearest({value}, {divisor})"}
        lines.append(f"    rounded = {rounded[currency.rounding]}")
        value = "rounded"
        why.append(f"({currency.rounding!r}, {_shown(value, currency.scale)})")
    told = f"{value}, {_plain('base', base.scale)}, {_multiplier(factors)}"
    lines.append(f"    why = [{', '.join(why)}]")
    lines.append(f"    return Award({told}, why{_bare(maker.rule, base, factors)})")
    points = maker.rule.points
    names = maker.terms.names | {"Award": Award, "show": show, "nearest": numbers.nearest}
    names |= {"plain": plain, "table": points.table if isinstance(points, Table) else None}
    computed = compiled("points", lines, names)
    if any(word in line for line in lines[1:] for word in ("facts", "scene")):
        return computed
    return _fixed(computed({}, None))


def _fixed(award: Award) -> Sum:
    """Make the sum that is always the same."""

    def points(_facts: object, _scene: object) -> Award:
        return award

    told = ", ".join(f"{step} = {value}" for step, value in award.why)
    setattr(points, SOURCE, f"{award.points:,} points: {told}")
    return points


def _times(number: int, factor: Factor | Finder) -> str:
    return f"factor_{number}" if isinstance(factor, Finder) else str(factor.units)


def _multiplier(factors: list[Factor | Finder]) -> str:
    """Write the product of all factors as JSON shows it."""
    known = [factor for factor in factors if isinstance(factor, Factor)]
    units, scale = prod(each.units for each in known), sum(each.scale for each in factors)
    found = [f"factor_{n}" for n, each in enumerate(factors, 1) if isinstance(each, Finder)]
    if not found:
        return str(plain(units, scale))
    return f"plain({' * '.join([str(units), *found])}, {scale})"


def _bare(rule: Rule, base: Formula, factors: list[Factor | Finder]) -> str:
    """Write the sum without the factor of the primary path, where path xp is made of it."""
    if not rule.path_xp:
        return ""
    others = [
        (number, factor)
        for number, factor in enumerate(factors, 1)
        if isinstance(factor, Factor) or not factor.of_path
    ]
    product = " * ".join(["base", *(_times(number, factor) for number, factor in others)])
    return f", ({product}, {base.scale + sum(factor.scale for _, factor in others)})"


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
