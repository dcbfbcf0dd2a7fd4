"""Rules: their currencies, minima and holds, and what multiplies them."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from processors.engine.consistency.words import (
    Flaw,
    Place,
    currency,
    numbers_of,
    too_exact,
    unknown,
)
from processors.engine.factors import BOOSTS, OTHERS, PATHS, PROMOTIONS, step_names
from processors.engine.numbers import scaled
from schemas.program_actions import ActionType, Bands, By, Multiplier, Rule, Table
from schemas.programs import Program

TAKES: Final = ("redeem", "send")
_DECIMALS_MAX: Final = 24
"""Of all factors of a rule together: with those of its base a product has less than 60."""
_DECIMALS_OF_WORDS: Final = 6


def rule_flaws(program: Program, name: str) -> Iterator[Flaw]:
    """Check the rules of an action type."""
    action, place = program.actions[name], ("actions", name, "rules")
    for rule_name, rule in action.rules.items():
        where = (*place, rule_name)
        yield from currency((*where, "currency"), rule.currency, program)
        yield from _points(action, rule, where)
        yield from _minimum(action, rule, where)
        yield from _hold(rule, where)
        yield from _taken(rule, where)
        yield from _multipliers(program, action, rule, (*where, "multiply"))
    takers = [rule_name for rule_name, rule in action.rules.items() if rule.kind in TAKES]
    if len(takers) > 1:
        message = f"only one rule may take points, not {', '.join(takers)}"
        yield Flaw((*place, takers[1], "kind"), message)


def _points(action: ActionType, rule: Rule, place: Place) -> Iterator[Flaw]:
    if isinstance(rule.points, Table):
        whole = [
            name
            for name, scale in numbers_of(action).items()
            if scale == 0 and action.facts[name].required
        ]
        yield from unknown((*place, "points", "fact"), "required integer", rule.points.fact, whole)


def _minimum(action: ActionType, rule: Rule, place: Place) -> Iterator[Flaw]:
    numbers = numbers_of(action)
    for fact, least in rule.minimum.items():
        where = (*place, "minimum", fact)
        yield from unknown(where, "number fact", fact, numbers)
        if fact in numbers:
            yield from too_exact(where, least, numbers[fact])


def _hold(rule: Rule, place: Place) -> Iterator[Flaw]:
    hold = rule.hold
    if hold is None:
        return
    if (hold.for_ is None) == (hold.until is None):
        yield Flaw(
            (*place, "hold"), "a hold is for a time, `14 days`, or `until` a condition holds"
        )
    elif (hold.until is None) != (hold.forfeit is None):
        yield Flaw((*place, "hold"), "`until` and `forfeit: day` go together")


def _taken(rule: Rule, place: Place) -> Iterator[Flaw]:
    if rule.kind in TAKES:
        for word in ("max_points", "hold", "expires"):
            if getattr(rule, word) is not None:
                yield Flaw((*place, word), f"points that are taken have no `{word}`")


def _multipliers(program: Program, action: ActionType, rule: Rule, place: Place) -> Iterator[Flaw]:
    names = [_named(item) for item in rule.multiply]
    for number, (item, name) in enumerate(zip(rule.multiply, names, strict=True)):
        where = (*place, number)
        if isinstance(item, By):
            continue
        if name in names[:number]:
            yield Flaw(where, _again(item, name))
        if isinstance(item, Bands):
            yield from _bands(item, where, numbers_of(action))
            continue
        words = [] if isinstance(item, dict) else [PROMOTIONS, BOOSTS, PATHS]
        yield from unknown(where, "multiplier", name, [*program.ladders, *words])
        if isinstance(item, dict) and name in program.ladders:
            yield from _table(program, (*where, name), name, item[name])
    ladders = {*names} & {*program.ladders}
    if len(ladders) > 1:
        yield Flaw(place, f"one ladder can multiply, not {' and '.join(sorted(ladders))}")
    decimals = sum(map(_decimals, rule.multiply))
    if decimals > _DECIMALS_MAX:
        yield Flaw(place, f"the factors have {decimals} decimals together, {_DECIMALS_MAX} at most")


def _named(item: Multiplier) -> str:
    """Return the name of what multiplies."""
    if isinstance(item, Bands):
        return f"bands of {item.bands}"
    if isinstance(item, By):
        return "by"
    return next(iter(item)) if isinstance(item, dict) else item


def _again(item: Multiplier, name: str) -> str:
    if isinstance(item, Bands):
        return f"the {name} overlap: they are here twice, and both would multiply; make them one"
    return f"{name} multiplies twice"


def _bands(item: Bands, place: Place, numbers: Mapping[str, int]) -> Iterator[Flaw]:
    yield from unknown((*place, "bands"), "number fact", item.bands, numbers)
    if item.bands in numbers:
        for word, bounds in (("from", item.from_), ("below", item.below)):
            for bound in bounds:
                yield from too_exact((*place, word), bound, numbers[item.bands])
    if item.from_ and item.below:
        yield Flaw(place, "`from` and `below` overlap: bands say one of them")
    elif not item.from_ and not item.below:
        yield Flaw(place, "the bands have no bounds: say `from` or `below`")


def _table(
    program: Program, place: Place, ladder: str, table: Mapping[str, Decimal]
) -> Iterator[Flaw]:
    steps = step_names(program.ladders[ladder])
    for step in table:
        if step != OTHERS:
            yield from unknown((*place, step), f"step of {ladder}", step, steps)
    missing = [step for step in steps if step not in table]
    if missing and OTHERS not in table:
        said = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")  # noqa: PLR2004
        yield Flaw(
            place,
            f"{said} {'is' if len(missing) == 1 else 'are'} missing: name every step of {ladder}, or say `others: 1`",
        )
    if not missing and OTHERS in table:
        yield Flaw((*place, OTHERS), f"every step of {ladder} is named: there are no others")


def _decimals(item: Multiplier) -> int:
    """Return the most decimals that a factor can have."""
    if isinstance(item, Bands):
        return max(
            (scaled(each)[1] for each in (*item.from_.values(), *item.below.values())), default=0
        )
    if isinstance(item, By):
        return scaled(item.by)[1] if isinstance(item.by, Decimal) else _DECIMALS_OF_WORDS
    if isinstance(item, dict):
        return max((scaled(each)[1] for each in next(iter(item.values())).values()), default=0)
    return _DECIMALS_OF_WORDS
