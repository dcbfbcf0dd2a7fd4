"""Numbers and formula text taken exactly: Python's own parser reads, only sums and products are obeyed."""

import ast
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

Facts = Mapping[str, Decimal | int]


@lru_cache
def exact(number: Decimal | int | str) -> Fraction:
    """A number as it is written, no float in between."""
    return Fraction(str(number))


def compute(formula: str, facts: Facts) -> Fraction:
    """Value of `order_value * 0.01` for these facts. Raises ValueError for any other construct."""
    return _value(_parse(formula), formula, facts)


@lru_cache
def _parse(formula: str) -> ast.expr:
    return ast.parse(formula, mode="eval").body


@lru_cache
def _written(formula: str, number: ast.Constant) -> Fraction:
    """The number that the text says, not the float that Python made of it."""
    return exact(ast.get_source_segment(formula, number) or "")


def _value(node: ast.expr, formula: str, facts: Facts) -> Fraction:
    if isinstance(node, ast.BinOp):
        left, right = (_value(side, formula, facts) for side in (node.left, node.right))
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.Mult):
            return left * right
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, formula, facts)
    if isinstance(node, ast.Name):
        return Fraction(facts[node.id])
    if isinstance(node, ast.Constant):
        return _written(formula, node)
    raise ValueError(f"{formula!r} is no formula")
