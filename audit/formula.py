"""What formulas and conditions come to: Fractions, texts and truths; None is missing."""

import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from audit.case import Case
from audit.grammar import SUMS, Tree, parse
from audit.rules import exact
from audit.terms import call, named
from audit.values import Value

_COMPARISONS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(case: Case, condition: str) -> bool:
    """Whether a condition holds; a comparison with something missing does not, nor its opposite."""
    return _value(parse(condition), case) is True


def compute(case: Case, formula: str | int | Decimal) -> Fraction | None:
    """What a formula comes to; None when something in it is missing."""
    value = _value(parse(formula), case) if isinstance(formula, str) else exact(formula)
    return value if isinstance(value, Fraction) else None


def _value(tree: Tree, case: Case) -> Value:
    kind, *parts = tree
    if kind in ("number", "text"):
        literal: Value = parts[0]
        return literal
    if kind == "name":
        return named(case, parts[0])
    if kind == "call" and parts[0] in ("min", "max"):
        return _least_or_most(parts[0], [_value(part, case) for part in parts[1:]])
    if kind == "call":
        return call(case, parts[0], parts[1:])
    values = [_value(part, case) for part in parts]
    if kind in ("and", "or", "not"):
        truths = [value is True for value in values]
        return {"and": all(truths), "or": any(truths), "not": not truths[0]}[kind]
    return _compared(kind, values) if kind in _COMPARISONS else _summed(kind, values)


def _compared(kind: str, values: list[Value]) -> bool:
    """A comparison; it does not hold when one of its sides is missing."""
    if None in values:
        return False
    if kind in ("==", "!=") and not all(isinstance(value, Fraction) for value in values):
        return (values[0] == values[1]) is (kind == "==")
    return _COMPARISONS[kind](*(value for value in values if isinstance(value, Fraction)))


def _summed(kind: str, values: list[Value]) -> Fraction | None:
    """A sum, difference or product; missing when one of its parts is."""
    numbers = [value for value in values if isinstance(value, Fraction)]
    if len(numbers) < len(values):
        return None
    return -numbers[0] if kind == "minus" else SUMS[kind](*numbers)


def _least_or_most(kind: str, values: list[Value]) -> Value:
    numbers = [value for value in values if isinstance(value, Fraction)]
    if len(numbers) < len(values):
        return None
    return min(numbers) if kind == "min" else max(numbers)
