"""What formulas and conditions come to: Fractions, texts and truths; None is missing or unknown."""

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
    """Whether a condition holds; one that hangs on something missing does not, nor its opposite."""
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
    if kind in ("and", "or", "not"):
        return _joined(kind, [_value(part, case) for part in parts])
    return _combined(kind, [_value(part, case) for part in parts])


def _joined(kind: str, truths: list[Value]) -> bool | None:
    """And, or, not of truths, some of which may be unknown."""
    if kind == "not":
        return None if truths[0] is None else not truths[0]
    decisive = kind == "or"
    if any(truth is decisive for truth in truths):
        return decisive
    return None if None in truths else not decisive


def _combined(kind: str, values: list[Value]) -> Value:
    """A sum, product or comparison; nothing known when one of its sides is missing."""
    if None in values:
        return None
    if kind in ("==", "!=") and not all(isinstance(value, Fraction) for value in values):
        return (values[0] == values[1]) is (kind == "==")
    numbers = [value for value in values if isinstance(value, Fraction)]
    if kind == "minus":
        return -numbers[0]
    if kind in SUMS:
        return SUMS[kind](*numbers)
    return _COMPARISONS[kind](*numbers)


def _least_or_most(kind: str, values: list[Value]) -> Value:
    numbers = [value for value in values if isinstance(value, Fraction)]
    if len(numbers) < len(values):
        return None
    return min(numbers) if kind == "min" else max(numbers)
