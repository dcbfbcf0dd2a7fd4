"""What conditions tell of the facts, counts and balances in them: where `n > 5` holds, n is at least 6."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from processors.engine.consistency.words import misread
from processors.engine.facts import fact_scale
from processors.engine.formulas import Comparison, Formula, read_condition
from processors.engine.numbers import POWERS
from processors.engine.ranges import NEVER, Range, both
from processors.engine.terms import ActionTerms, fact_range
from schemas.program_actions import ActionType, Rule
from schemas.program_facts import Fact

_FAR: Final = 10**120
"""Beyond what any formula can come to."""
_MIRRORED: Final[Mapping[str, str]] = {
    "==": "==",
    "!=": "!=",
    "<": ">",
    "<=": ">=",
    ">": "<",
    ">=": "<=",
}


def asked(action: ActionType, rule: Rule) -> list[str]:
    """Return all conditions that hold where a rule gives anything."""
    return [*required(action), *asked_of(rule)]


def required(action: ActionType) -> list[str]:
    """Return the conditions that hold of every action of a type that is accepted."""
    return [said.that for said in action.require.values()]


def asked_of(rule: Rule) -> list[str]:
    """Return the conditions of a rule itself; its minima as conditions."""
    minima = [f"{fact} >= {least}" for fact, least in rule.minimum.items()]
    return minima if rule.when is None else [*minima, rule.when]


def where(terms: ActionTerms, conditions: Iterable[str]) -> ActionTerms:
    """Return the terms as they are where all these conditions hold."""
    known: dict[str, Range] = {}
    for left, sign, right in comparisons(terms, conditions):
        for one, word, other in ((left, sign, right), (right, _MIRRORED[sign], left)):
            lies = _beside(one, word, other)
            known[one.source] = both(known[one.source], lies) if one.source in known else lies
    return terms.narrowed(known)


def comparisons(terms: ActionTerms, conditions: Iterable[str]) -> Iterator[Comparison]:
    """Yield every comparison that holds where these conditions do."""
    for text in conditions:
        found = misread((), text, read_condition, terms)
        if isinstance(found, Formula):
            yield from found.holds


def contradict(terms: ActionTerms, conditions: Iterable[str]) -> bool:
    """Tell whether conditions never hold together."""
    together = list(conditions)
    there = where(terms, together)
    return any(_read(text, there).range == NEVER for text in together)


def implied(terms: ActionTerms, condition: str, conditions: Iterable[str]) -> bool:
    """Tell whether a condition always holds where these do."""
    found = _read(condition, where(terms, conditions))
    return found.range.low == 1 and not found.missing


def fact_where(name: str, fact: Fact, terms: ActionTerms) -> Fact:
    """Return a number fact with the bounds that it has among terms which conditions narrowed."""
    scale, found = fact_scale(fact), terms.named(name)
    if scale is None or isinstance(found, str) or found.range.low > found.range.high:
        return fact
    known = fact_range(fact, scale)
    changed = {
        word: Decimal(bound).scaleb(-scale)
        for word, bound, before in (
            ("least", found.range.low, known.low),
            ("most", found.range.high, known.high),
        )
        if bound != before
    }
    return fact.model_copy(update=changed)


def _beside(term: Formula, sign: str, other: Formula) -> Range:
    """Return where a term lies that is compared so with something, in its own units."""
    if term.kind == "text":
        return other.range if sign == "==" else Range(-_FAR, _FAR)
    scale = max(term.scale, other.scale)
    low, high = (bound * POWERS[scale - other.scale] for bound in other.range[:2])
    low, high = {
        "==": (low, high),
        "!=": (-_FAR, _FAR),
        "<": (-_FAR, high - 1),
        "<=": (-_FAR, high),
        ">": (low + 1, _FAR),
        ">=": (low, _FAR),
    }[sign]
    power = POWERS[scale - term.scale]
    return Range(-(-low // power), high // power)


def _read(text: str, terms: ActionTerms) -> Formula:
    """Read a condition; of one that cannot be read nothing is known."""
    found = misread((), text, read_condition, terms)
    return found if isinstance(found, Formula) else Formula(text, 0, frozenset(), text, "truth")
