"""Formula text, `order_value * 0.01`, and conditions: a small grammar, computed exactly.

    condition  = both { "or" both }
    both       = one { "and" one }
    one        = "not" one | formula [ ("==" | "!=" | "<" | "<=" | ">" | ">=") formula ]
    formula    = product { ("+" | "-") product }
    product    = factor { "*" factor | "%" whole number }
    factor     = number | text | name | name "(" arguments ")" | "-" factor | "(" condition ")"

Nothing else is a formula. There is no division, so every value has a known number of decimals. What
names and calls stand for, `Terms` tells.
"""

import re
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Final, Literal, NamedTuple, Protocol

from processors.engine.numbers import POWERS, TIMES, scaled, show

_LENGTH_MAX: Final = 500
_DEPTH_MAX: Final = 16
_SCALE_MAX: Final = 30
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<number>\d{1,15}(?:\.\d{1,6})?)(?![\w.])
    |(?P<name>[A-Za-z_]\w*)
    |'(?P<text>[^'\\\x00-\x1f]*)'
    |(?P<sign>[=!<>]=|[-+*%(),<>]))""",
    re.ASCII | re.VERBOSE,
)
_COMPARED: Final = ("==", "!=", "<", "<=", ">", ">=")

Kind = Literal["number", "text", "truth"]


class FormulaError(ValueError):
    """Text that is no formula, and the column (from 1) where it stops being one."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"{message} (column {column})")
        self.column = column


class Formula(NamedTuple):
    """A formula that was read.

    `source` is a Python expression over the dictionary `facts` and the Scene `scene`: of a number the
    value times `10**scale`, an integer. Each of `missing` is an expression that is None where
    something the formula needs is missing.
    """

    text: str
    scale: int
    facts: frozenset[str]
    source: str
    kind: Kind = "number"
    missing: tuple[str, ...] = ()


class Terms(Protocol):
    """What names and calls of a formula stand for."""

    @property
    def functions(self) -> Collection[str]:
        """The names that may be called."""

    def named(self, name: str) -> Formula | str:
        """What a name stands for; a message when nothing does."""

    def called(self, name: str, arguments: list[str]) -> Formula | str:
        """What a call stands for; a message when nothing does."""


class NumberTerms:
    """Terms that are nothing but numbers by name, with their decimals, in the dictionary `facts`."""

    functions: Collection[str] = ()

    def __init__(self, scales: Mapping[str, int]) -> None:
        self._scales = scales

    def named(self, name: str) -> Formula | str:
        """Return the number of this name."""
        if name not in self._scales:
            return f"`{name}` is no required number fact"
        return Formula(name, self._scales[name], frozenset((name,)), f"facts[{name!r}]")

    def called(self, name: str, arguments: list[str]) -> Formula | str:
        """Return a message: nothing may be called."""
        return f"`{name}({', '.join(arguments)})` is nothing"


def read_formula(text: str, terms: Terms) -> Formula:
    """Read a formula that is a number. Raises FormulaError."""
    return _read(text, terms, "number")


def read_condition(text: str, terms: Terms) -> Formula:
    """Read a condition. Raises FormulaError."""
    return _read(text, terms, "truth")


def _read(text: str, terms: Terms, kind: Kind) -> Formula:
    if len(text) > _LENGTH_MAX:
        raise FormulaError(f"longer than {_LENGTH_MAX} characters", _LENGTH_MAX)
    reader = _Reader(_tokens(text), terms)
    formula = reader.condition(0)
    if reader.next.kind != "end":
        raise FormulaError(f"unexpected `{reader.next.text}`", reader.next.column)
    if formula.kind != kind:
        wanted = {"number": "a number", "truth": "a condition, true or false"}[kind]
        raise FormulaError(f"it is {_A[formula.kind]}, not {wanted}", 1)
    return formula


_A: Final = {"number": "a number", "text": "a text", "truth": "true or false"}


class _Token(NamedTuple):
    kind: str
    text: str
    column: int


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
        tokens.append(_Token(kind, match[kind], match.start(kind) + 1 - (kind == "text")))
        at = match.end()
    return [*tokens, _Token("end", "the end", len(text) + 1)]


class _Reader:
    """Reads tokens from left to right, one ahead."""

    def __init__(self, tokens: list[_Token], terms: Terms) -> None:
        self._tokens = iter(tokens)
        self._terms = terms
        self.next = next(self._tokens)

    def _take(self) -> _Token:
        taken, self.next = self.next, next(self._tokens, self.next)
        return taken

    def _expect(self, sign: str) -> None:
        token = self._take()
        if token.kind != "sign" or token.text != sign:
            raise FormulaError(f"expected `{sign}`, not `{token.text}`", token.column)

    def _is(self, *signs: str) -> bool:
        return self.next.kind == "sign" and self.next.text in signs

    def condition(self, depth: int) -> Formula:
        return self._joined("or", self._both, depth)

    def _both(self, depth: int) -> Formula:
        return self._joined("and", self._one, depth)

    def _joined(self, word: str, read: Callable[[int], Formula], depth: int) -> Formula:
        column = self.next.column
        value = read(depth)
        while self.next.kind == "name" and self.next.text == word:
            self._take()
            other_column = self.next.column
            other = read(depth)
            _want(value, "truth", column)
            _want(other, "truth", other_column)
            value = _truth(f"{value.text} {word} {other.text}", word, value, other)
        return value

    def _one(self, depth: int) -> Formula:
        if self.next.kind == "name" and self.next.text == "not":
            token = self._take()
            if depth > _DEPTH_MAX:
                raise FormulaError(f"nested deeper than {_DEPTH_MAX}", token.column)
            column = self.next.column
            value = _want(self._one(depth + 1), "truth", column)
            return value._replace(text=f"not {value.text}", source=f"(not {value.source})")
        column = self.next.column
        value = self.sum(depth)
        if not self._is(*_COMPARED):
            return value
        sign = self._take().text
        other_column = self.next.column
        return _compared(value, sign, self.sum(depth), column, other_column)

    def sum(self, depth: int) -> Formula:
        column = self.next.column
        value = self._product(depth)
        while self._is("+", "-"):
            sign = self._take().text
            other_column = self.next.column
            other = _want(self._product(depth), "number", other_column)
            value = _added(_want(value, "number", column), sign, other)
        return value

    def _product(self, depth: int) -> Formula:
        column = self.next.column
        value = self._factor(depth)
        while self._is("*", "%"):
            sign = self._take().text
            token = self.next
            other = _want(self._factor(depth), "number", token.column)
            _want(value, "number", column)
            value = _multiplied(value, other) if sign == "*" else _remainder(value, other, token)
            if value.scale > _SCALE_MAX:
                raise FormulaError(f"more than {_SCALE_MAX} decimals", 1)
        return value

    def _factor(self, depth: int) -> Formula:
        token = self._take()
        if depth > _DEPTH_MAX:
            raise FormulaError(f"nested deeper than {_DEPTH_MAX}", token.column)
        if token.kind == "number":
            return _constant(*scaled(Decimal(token.text)))
        if token.kind == "text":
            return Formula(f"'{token.text}'", 0, frozenset(), repr(token.text), "text")
        if token.kind == "name":
            return self._name(token, depth)
        if token.kind == "sign" and token.text == "-":
            column = self.next.column
            return _negated(_want(self._factor(depth + 1), "number", column))
        if token.kind == "sign" and token.text == "(":
            inner = self.condition(depth + 1)
            self._expect(")")
            return inner._replace(text=f"({inner.text})")
        raise FormulaError(f"unexpected `{token.text}`", token.column)

    def _name(self, token: _Token, depth: int) -> Formula:
        known: Formula | str
        if self._is("(") and self._terms.functions and token.text in ("min", "max"):
            return self._extreme(token.text, depth)
        if self._is("(") and self._terms.functions and token.text == "has":
            self._take()
            inner = self._name(self._take(), depth + 1)
            self._expect(")")
            return _has(inner)
        if self._is("(") and token.text in self._terms.functions:
            known = self._terms.called(token.text, self._arguments())
        else:
            known = self._terms.named(token.text)
        if isinstance(known, str):
            raise FormulaError(known, token.column)
        return known

    def _extreme(self, name: str, depth: int) -> Formula:
        """Read the arguments of `min` or `max`."""
        self._take()
        values: list[Formula] = []
        while not values or self._is(","):
            if values:
                self._take()
            column = self.next.column
            values.append(_want(self.sum(depth + 1), "number", column))
        self._expect(")")
        return _extreme(name, values)

    def _arguments(self) -> list[str]:
        """Read the names and texts between brackets."""
        self._take()
        arguments: list[str] = []
        while self.next.kind in ("name", "text"):
            arguments.append(self._take().text)
            if not self._is(","):
                break
            self._take()
        self._expect(")")
        return arguments


def _want(value: Formula, kind: Kind, column: int) -> Formula:
    if value.kind != kind:
        raise FormulaError(f"`{value.text}` is {_A[value.kind]}, not {_A[kind]}", column)
    return value


def _constant(units: int, scale: int) -> Formula:
    return Formula(show(units, scale), scale, frozenset(), str(units))


def _negated(value: Formula) -> Formula:
    return value._replace(text=f"-{value.text}", source=f"-({value.source})")


def _has(value: Formula) -> Formula:
    present = " and ".join(f"{each} is not None" for each in value.missing) or "True"
    return Formula(f"has({value.text})", 0, value.facts, f"({present})", "truth")


def _truth(text: str, word: str, left: Formula, right: Formula) -> Formula:
    source = f"({left.source} {word} {right.source})"
    return Formula(text, 0, left.facts | right.facts, source, "truth")


def _compared(
    left: Formula, sign: str, right: Formula, left_column: int, right_column: int
) -> Formula:
    if left.kind == "truth":
        raise FormulaError(f"`{left.text}` is true or false: it is not compared", left_column)
    _want(right, left.kind, right_column)
    if left.kind == "text" and sign not in ("==", "!="):
        raise FormulaError("texts are equal or not, none is less", right_column)
    scale = max(left.scale, right.scale)
    first, second = lifted(left, scale).source, lifted(right, scale).source
    present = [f"{each} is not None" for each in dict.fromkeys(left.missing + right.missing)]
    return Formula(
        f"{left.text} {sign} {right.text}",
        0,
        left.facts | right.facts,
        f"({' and '.join([*present, f'{first} {sign} {second}'])})",
        "truth",
    )


def _added(left: Formula, sign: str, right: Formula) -> Formula:
    scale = max(left.scale, right.scale)
    first, second = lifted(left, scale).source, lifted(right, scale).source
    return _together(
        f"{left.text} {sign} {right.text}", scale, f"({first} {sign} ({second}))", left, right
    )


def _multiplied(left: Formula, right: Formula) -> Formula:
    return _together(
        f"{left.text} {TIMES} {right.text}",
        left.scale + right.scale,
        _product(left.source, right.source),
        left,
        right,
    )


def _remainder(left: Formula, right: Formula, token: _Token) -> Formula:
    if token.kind != "number" or right.scale or right.source == "0":
        raise FormulaError("`%` wants a whole number above 0", token.column)
    if left.scale:
        raise FormulaError(f"`{left.text}` is not whole: it has no remainder", token.column)
    return _together(
        f"{left.text} % {right.text}", 0, f"({left.source} % {right.source})", left, right
    )


def _extreme(name: str, values: list[Formula]) -> Formula:
    scale = max(value.scale for value in values)
    sources = ", ".join(lifted(value, scale).source for value in values)
    text = f"{name}({', '.join(value.text for value in values)})"
    if len(values) == 1:
        return values[0]
    return _together(text, scale, f"{name}({sources})", *values)


def _together(text: str, scale: int, source: str, *parts: Formula) -> Formula:
    return Formula(
        text,
        scale,
        frozenset().union(*(part.facts for part in parts)),
        source,
        "number",
        tuple(dict.fromkeys(each for part in parts for each in part.missing)),
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
