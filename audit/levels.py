"""Steps of ladders, from the list in the document or from the formulas of its levels."""

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import floor

from audit.grammar import SUMS, Tree, parse
from audit.rules import Document, exact


def steps_of(ladder: Document) -> list[Document]:
    """The steps in rising order, each with `name`, `at`, `multiplier` and `grants`, in whole points."""
    levels = ladder.get("levels")
    steps: list[Document] = ladder.get("steps", [])
    return steps if not levels else [_level(levels, n) for n in range(1, levels["most"] + 1)]


def _level(levels: Document, n: int) -> Document:
    grants = levels.get("grants", {})
    return {
        "name": str(n),
        "at": at_level(levels["at"], n),
        "grants": {currency: floor(at_level(formula, n)) for currency, formula in grants.items()},
    }


@lru_cache
def at_level(formula: str | int | Decimal, n: int) -> Fraction:
    """What a formula over the level `n` comes to."""
    return _value(parse(formula), n) if isinstance(formula, str) else exact(formula)


def _value(tree: Tree, n: int) -> Fraction:
    kind, *parts = tree
    if kind in ("number", "name"):
        return Fraction(parts[0] if kind == "number" else n)
    values = [_value(part, n) for part in parts]
    return -values[0] if kind == "minus" else SUMS[kind](*values)
