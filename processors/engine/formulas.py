"""Formula text, `order_value * 0.01`: a small grammar, computed exactly.

    formula = term { ("+" | "-") term }
    term    = factor { "*" factor }
    factor  = number | fact | "-" factor | "(" formula ")"

Nothing else is a formula. There is no division, so every value has a known number of decimals.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from processors.engine.numbers import POWERS, TIMES, scaled, show

Facts = Mapping[str, Any]

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
    """A formula ready to be computed: `units(facts)` is its value times `10**scale`."""

    text: str
    scale: int
    facts: frozenset[str]
    units: Callable[[Facts], int]


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
    return Formula(show(units, scale), scale, frozenset(), lambda _: units)


def _fact(name: str, scale: int) -> Formula:
    return Formula(name, scale, frozenset((name,)), lambda facts: facts[name])


def _negated(value: Formula) -> Formula:
    units = value.units
    return value._replace(text=f"-{value.text}", units=lambda facts: -units(facts))


def _added(left: Formula, sign: str, right: Formula) -> Formula:
    scale = max(left.scale, right.scale)
    first, second = left.units, right.units
    first_power = POWERS[scale - left.scale]
    second_power = POWERS[scale - right.scale] * (1 if sign == "+" else -1)
    return Formula(
        f"{left.text} {sign} {right.text}",
        scale,
        left.facts | right.facts,
        lambda facts: first(facts) * first_power + second(facts) * second_power,
    )


def _multiplied(left: Formula, right: Formula) -> Formula:
    first, second = left.units, right.units
    text, scale = f"{left.text} {TIMES} {right.text}", left.scale + right.scale
    if not right.facts:
        factor = second({})
        return Formula(text, scale, left.facts, lambda facts: first(facts) * factor)
    return Formula(
        text, scale, left.facts | right.facts, lambda facts: first(facts) * second(facts)
    )
