"""Between which numbers the points of a rule lie: none may be negative that are taken, some must be given."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from itertools import product
from typing import Final, NamedTuple

from processors.engine.consistency.bounds import asked, comparisons, where
from processors.engine.consistency.words import Flaw, Place, misread
from processors.engine.factors import BOOSTS, PATHS, PROMOTIONS
from processors.engine.formulas import Formula, read_condition, read_formula
from processors.engine.ladders import Ladder
from processors.engine.numbers import POWERS
from processors.engine.rules import SIGNED
from processors.engine.terms import ActionTerms
from schemas.program_actions import Bands, By, Multiplier, Rule, Table
from schemas.programs import Program

_VERBS: Final = {"redeem": "takes", "send": "takes", "receive": "receives", "return": "returns"}
_NOT_ALL: Final = re.compile(r"\b(?:not|or)\b", re.ASCII)
_HALF: Final = Fraction(1, 2)


class Spread(NamedTuple):
    """The least and the greatest that a base or a factor can be.

    It is `vague` where more is known of it than these tell, and `gaps` where it may be missing.
    """

    low: Fraction
    high: Fraction
    vague: bool = False
    gaps: bool = False


_ONE: Final = Spread(Fraction(1), Fraction(1))


def negative(program: Program, ladders: tuple[Ladder, ...]) -> Iterator[Flaw]:
    """Tell points that may be below 0 of rules that would then move them the other way.

    Only what is earned or adjusted at once may be less. What cannot be told is asked of each action.
    """
    for name, action in program.actions.items():
        for rule_name, rule in action.rules.items():
            if rule.kind in SIGNED and rule.hold is None:
                continue
            place: Place = ("actions", name, "rules", rule_name)
            spreads = [
                each._replace(low=max(each.low, Fraction(0)))
                if each.vague and each.high >= 0
                else each
                for each in _spreads(program, rule, ActionTerms(program, name, ladders))
            ]
            if together(spreads).low < 0:
                yield _negative(rule, place, [each.low < 0 for each in spreads])


def _negative(rule: Rule, place: Place, below: list[bool]) -> Flaw:
    """Say which part of a rule may be less than 0."""
    number = below.index(True)
    said = f"a rule that {_VERBS.get(rule.kind, 'holds')} points may not come to less than 0"
    mend = "give its facts a `least` or `most`, or say in `when` which there may be"
    if number == 0:
        written = isinstance(rule.points, Table)
        return Flaw((*place, "points"), f"{said}: {'as it does in the table' if written else mend}")
    item = rule.multiply[number - 1]
    computed = isinstance(item, By) and isinstance(item.by, str)
    return Flaw(
        (*place, "multiply", number - 1), f"{said}: {mend if computed else 'this factor may be'}"
    )


def nothing(program: Program, rule: Rule, terms: ActionTerms) -> str | None:
    """Say why a rule gives no points, whatever comes; None when it may give some."""
    low, high, *_ = amount(program, rule, terms)
    currency = program.currencies[program.currency_of(rule)]
    least = Fraction(1) if currency.rounding == "floor" else _HALF
    if low < 0 or high * POWERS[currency.scale] >= least:
        return None
    return "it comes to 0 points" if high == 0 else "it rounds to 0 points"


def amount(
    program: Program, rule: Rule, terms: ActionTerms, conditions: Iterable[str] = ()
) -> Spread:
    """Return between which numbers a rule's points lie before they are rounded.

    Its own conditions hold then, and these.
    """
    return together(_spreads(program, rule, terms, conditions))


def together(spreads: Iterable[Spread]) -> Spread:
    """Multiply."""

    def times(one: Spread, other: Spread) -> Spread:
        ends = [left * right for left, right in product(one[:2], other[:2])]
        return Spread(min(ends), max(ends), one.vague or other.vague, one.gaps or other.gaps)

    return reduce(times, spreads, _ONE)


def _spreads(
    program: Program, rule: Rule, terms: ActionTerms, conditions: Iterable[str] = ()
) -> list[Spread]:
    """Return the spread of the base, then of each factor."""
    assert terms.action is not None
    known = [*asked(terms.action, rule), *conditions]
    if isinstance(rule.points, Table):
        base = _hull(map(Decimal, rule.points.table.values()))
    else:
        base = _of(str(rule.points), terms, known)
    return [base, *(_factor(program, rule, item, terms, known) for item in rule.multiply)]


def _factor(
    program: Program, rule: Rule, item: Multiplier, terms: ActionTerms, known: list[str]
) -> Spread:
    one = Decimal(1)
    if isinstance(item, Bands):
        return _hull([one, *item.from_.values(), *item.below.values()])
    if isinstance(item, By):
        return _by(item, terms, known)
    if isinstance(item, dict):
        return _hull(next(iter(item.values())).values())
    if item == PROMOTIONS:
        return together(_hull([one, each.factor]) for each in program.promotions)
    if item == BOOSTS:
        return _hull([one, *(each.boost.factor for each in program.unlocks.values() if each.boost)])
    if item == PATHS:
        told = rule.action or terms.name
        return _hull([one, *(path.multipliers.get(told, one) for path in program.paths.values())])
    return _hull([step.multiplier for step in program.ladders[item].steps] or [one])


def _by(item: By, terms: ActionTerms, known: list[str]) -> Spread:
    there = known if item.when is None else [*known, item.when]
    found = _of(item.by, terms, there) if isinstance(item.by, str) else _hull([item.by])
    if item.when is None:
        return found
    return found._replace(low=min(found.low, _ONE.low), high=max(found.high, _ONE.high))


def _of(text: str, terms: ActionTerms, known: list[str]) -> Spread:
    """Return the spread of a formula; of one whose conditions contradict each other nothing is told."""
    there = where(terms, known)
    found = misread((), text, read_formula, there)
    if isinstance(found, Flaw) or found.range.low > found.range.high:
        return _ONE
    low, high = (Fraction(bound, POWERS[found.scale]) for bound in found.range[:2])
    vague = bool(there.vague) or _related(found, terms, known)
    return Spread(low, high, vague, bool(found.missing))


def _related(found: Formula, terms: ActionTerms, known: list[str]) -> bool:
    """Tell whether conditions may say more of the facts of a formula than the bounds of each."""
    said = [left.facts | right.facts for left, _, right in comparisons(terms, known)]
    # What else than one comparison after the other may say much.
    said += [
        read.facts
        for text in known
        if _NOT_ALL.search(text)
        and isinstance(read := misread((), text, read_condition, terms), Formula)
    ]
    return any(len(facts & found.facts) > 1 for facts in said)


def _hull(numbers: Iterable[Decimal]) -> Spread:
    exact = [Fraction(number) for number in numbers]
    return Spread(min(exact), max(exact))
