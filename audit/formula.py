"""Formula text computed exactly: Python's own parser reads it, only sums and products are obeyed."""

import ast
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache


def compute(formula: str, facts: Mapping[str, Decimal | int]) -> Fraction:
    """Value of `order_value * 0.01` for these facts. Raises ValueError for any other construct."""
    return _value(_parse(formula), formula, facts)


@lru_cache
def _parse(formula: str) -> ast.expr:
    return ast.parse(formula.strip(), mode="eval").body


def _value(node: ast.expr, formula: str, facts: Mapping[str, Decimal | int]) -> Fraction:
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
        # The text of a number, not the float that Python made of it.
        return Fraction(ast.get_source_segment(formula.strip(), node) or "")
    raise ValueError(f"{formula!r} is no formula")
