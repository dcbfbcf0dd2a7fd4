"""Formula text, `order_value * 0.01`: a small grammar, computed exactly.

    formula = term { ("+" | "-") term }
    term    = factor { "*" factor }
    factor  = number | fact | "-" factor | "(" formula ")"

Nothing else is a formula. There is no division, so every value has a known number of decimals.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from processors.engine.numbers import POWERS, TIMES, scaled, show

_LENGTH_MAX: Final = 500
_DEPTH_MAX: Final = 16
_SCALE_MAX: Final = 30
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>\d{1,15}(?:\.\d{1,6})?)(?![\w.])|(?P<name>[A-Za-z_]\w*)|(?P<sign>[-+*()]))",
    re.ASCII,
)


class FormulaError(ValueError):
    """Text that is no formula, and the column (from 1) where it stops being one."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"{message} (column {column})")
        self.column = column


class Formula(NamedTuple):
    """A formula that was read.

    `source` is a Python expression over the dictionary `facts`: the value times `10**scale`, an
    integer.
    """

    text: str
    scale: int
    facts: frozenset[str]
    source: str


class _Token(NamedTuple):
    kind: str
    text: str
    column: int


def read_formula(text: str, scales: Mapping[str, int]) -> Formula:
    """Read a formula over number facts, given by name with their decimals. Raises FormulaError."""
    if len(text) > _LENGTH_MAX:
        raise FormulaError(f"longer than {_LENGTH_MAX} characters", _LENGTH_MAX)
    reader = _Reader(_tokens(text), scales)
    formula = reader.sum(0)
    if reader.next.kind != "end":
        raise FormulaError(f"unexpected `{reader.next.text}`", reader.next.column)
    if formula.scale > _SCALE_MAX:
        raise FormulaError(f"more than {_SCALE_MAX} decimals", 1)
    return formula


def _tokens(text: str) -> list[_Token]:
    tokens = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            column = at + len(text[at:]) - len(text[at:].lstrip()) + 1
            raise FormulaError(f"`{text[column - 1]}` has no place in a formula", column)
        kind = match.lastgroup or ""
        tokens.append(_Token(kind, match[kind], match.start(kind) + 1))
        at = match.end()
    return [*tokens, _Token("end", "the end", len(text) + 1)]


class _Reader:
    """Reads tokens from left to right, one ahead."""

    def __init__(self, tokens: list[_Token], scales: Mapping[str, int]) -> None:
        self._tokens = iter(tokens)
        self._scales = scales
        self.next = next(self._tokens)

    def _take(self) -> _Token:
        taken, self.next = self.next, next(self._tokens, self.next)
        return taken

    def sum(self, depth: int) -> Formula:
        value = self._product(depth)
        while self.next.text in ("+", "-"):
            value = _added(value, self._take().text, self._product(depth))
        return value

    def _product(self, depth: int) -> Formula:
        value = self._factor(depth)
        while self.next.text == "*":
            self._take()
            value = _multiplied(value, self._factor(depth))
        return value

    def _factor(self, depth: int) -> Formula:
        token = self._take()
        if depth > _DEPTH_MAX:
            raise FormulaError(f"nested deeper than {_DEPTH_MAX}", token.column)
        if token.kind == "number":
            return _constant(*scaled(Decimal(token.text)))
        if token.kind == "name":
            if token.text not in self._scales:
                raise FormulaError(f"`{token.text}` is no required number fact", token.column)
            return _fact(token.text, self._scales[token.text])
        if token.text == "-":
            return _negated(self._factor(depth + 1))
        if token.text == "(":
            inner = self.sum(depth + 1)
            closing = self._take()
            if closing.text != ")":
                raise FormulaError(f"expected `)`, not `{closing.text}`", closing.column)
            return inner._replace(text=f"({inner.text})")
        raise FormulaError(f"unexpected `{token.text}`", token.column)


def _constant(units: int, scale: int) -> Formula:
    return Formula(show(units, scale), scale, frozenset(), str(units))


def _fact(name: str, scale: int) -> Formula:
    return Formula(name, scale, frozenset((name,)), f"facts[{name!r}]")


def _negated(value: Formula) -> Formula:
    return value._replace(text=f"-{value.text}", source=f"-({value.source})")


def _added(left: Formula, sign: str, right: Formula) -> Formula:
    scale = max(left.scale, right.scale)
    first, second = lifted(left, scale).source, lifted(right, scale).source
    return Formula(
        f"{left.text} {sign} {right.text}",
        scale,
        left.facts | right.facts,
        f"({first} {sign} ({second}))",
    )


def _multiplied(left: Formula, right: Formula) -> Formula:
    return Formula(
        f"{left.text} {TIMES} {right.text}",
        left.scale + right.scale,
        left.facts | right.facts,
        _product(left.source, right.source),
    )


def lifted(value: Formula, scale: int) -> Formula:
    """Return the same value with at least so many decimals."""
    if value.scale >= scale:
        return value
    power = str(POWERS[scale - value.scale])
    return value._replace(scale=scale, source=_product(value.source, power))


def _product(left: str, right: str) -> str:
    if "1" in (left, right):
        return right if left == "1" else left
    return f"{left} * {right}"
