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

from processors.engine import ranges
from processors.engine.numbers import POWERS, TIMES, scaled, show
from processors.engine.ranges import COUNT, TRUTH, UNKNOWN, Range

_LENGTH_MAX: Final = 500
_DEPTH_MAX: Final = 16
_SIGNS_MAX: Final = 100
_SCALE_MAX: Final = 30
_MAGNITUDE_MAX: Final = 10**100
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<number>\d{1,15}(?:\.\d{1,6})?)(?![\w.])
    |(?P<name>[A-Za-z_]\w*)
    |'(?P<text>[^'\\\x00-\x1f]*)'
    |(?P<sign>[=!<>]=|[-+*%(),<>]))""",
    re.ASCII | re.VERBOSE,
)
_COMPARED: Final = ("==", "!=", "<", "<=", ">", ">=")
_OPERATORS: Final = frozenset((*_COMPARED, "+", "-", "*", "%", "and", "or", "not"))
_NUMBER: Final = re.compile(r"[\w.]*\d[\w.]*", re.ASCII)
_INSTEAD: Final = {
    "/": "multiply, by 0.01 instead of `/ 100`",
    "=": "equal is `==`",
    "&": "write `and`",
    "|": "write `or`",
    "!": "write `not`",
    '"': "a text stands between `'`",
}
"""By a sign of other languages: what to write."""
_NOT_CALLED: Final = {"weekday": "weekday", "hour": "hour_of_day", "hour_of_day": "hour_of_day"}
"""By what is a function in other languages: the word, without brackets, that is of `occurred_at`."""

Kind = Literal["number", "text", "truth"]


class FormulaError(ValueError):
    """Text that is no formula, and the column (from 1) where it stops being one."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"{message} (column {column})")
        self.said = message
        self.column = column


class Formula(NamedTuple):
    """A formula that was read.

    `source` is a Python expression over the dictionary `facts` and the Scene `scene`: of a number the
    value times `10**scale`, an integer. Each of `missing` is an expression that is None where
    something the formula needs is missing. `range` tells what it can be, where nothing is missing.
    `holds` are comparisons that hold wherever a condition does.
    """

    text: str
    scale: int
    facts: frozenset[str]
    source: str
    kind: Kind = "number"
    missing: tuple[str, ...] = ()
    range: Range = UNKNOWN
    holds: "tuple[Comparison, ...]" = ()


class Comparison(NamedTuple):
    """Two formulas and what stands between them."""

    left: Formula
    sign: str
    right: Formula


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

    def __init__(self, scales: Mapping[str, int], most: int = COUNT.high) -> None:
        self._scales = scales
        self._most = most

    def named(self, name: str) -> Formula | str:
        """Return the number of this name."""
        if name not in self._scales:
            return f"`{name}` is no number here; there is {', '.join(self._scales) or 'none'}"
        found = Formula(name, self._scales[name], frozenset((name,)), f"facts[{name!r}]")
        return found._replace(range=Range(-self._most, self._most))

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
        raise FormulaError(_unexpected(reader.next.text), reader.next.column)
    if formula.kind != kind:
        wanted = {"number": "a number", "truth": "a condition, true or false"}[kind]
        raise FormulaError(f"it is {_A[formula.kind]}, not {wanted}", 1)
    return formula


def _unexpected(text: str) -> str:
    word = text.lower()
    instead = f": write `{word}`" if word != text and word in ("and", "or", "not") else ""
    return f"unexpected `{text}`{instead}"


def _no_function(name: str, functions: Collection[str]) -> str:
    if name in _NOT_CALLED:
        return f"`{name}` is no function: write `{_NOT_CALLED[name]}`, without brackets"
    return f"`{name}` is no function; there is {', '.join(functions)}"


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
            raise FormulaError(_strange(text[column - 1 :]), column)
        kind = match.lastgroup or ""
        tokens.append(_Token(kind, match[kind], match.start(kind) + 1 - (kind == "text")))
        at = match.end()
    _not_too_many([token for token in tokens if token.text in _OPERATORS])
    return [*tokens, _Token("end", "the end", len(text) + 1)]


def _not_too_many(signs: list[_Token]) -> None:
    if len(signs) > _SIGNS_MAX:
        message = f"more than {_SIGNS_MAX} signs: keep part of it in a rule of its own"
        raise FormulaError(message, signs[_SIGNS_MAX].column)


def _strange(text: str) -> str:
    """Say what is wrong with text that begins with no word of the grammar."""
    number = _NUMBER.match(text)
    if number is not None:
        return f"`{number[0]}` is no number of at most 15 digits and 6 decimals"
    if text[0] == "'":
        return "a text ends with `'`, and has no `\\` in it"
    instead = f": {_INSTEAD[text[0]]}" if text[0] in _INSTEAD else ""
    return f"`{text[0]}` has no place in a formula{instead}"


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
            return value._replace(
                text=f"not {value.text}",
                source=f"(not {value.source})",
                range=ranges.opposite(value.range),
                holds=(),
            )
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
                raise FormulaError(f"more than {_SCALE_MAX} decimals", token.column)
            if max(abs(value.range.low), abs(value.range.high)) > _MAGNITUDE_MAX:
                message = "it can come to more than 100 digits: give the facts in it a `most`"
                raise FormulaError(message, token.column)
        return value

    def _factor(self, depth: int) -> Formula:
        token = self._take()
        if depth > _DEPTH_MAX:
            raise FormulaError(f"nested deeper than {_DEPTH_MAX}", token.column)
        if token.kind == "number":
            return _constant(*scaled(Decimal(token.text)))
        if token.kind == "text":
            known = ranges.one_of(token.text)
            return Formula(f"'{token.text}'", 0, frozenset(), repr(token.text), "text", (), known)
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
        elif self._is("(") and self._terms.functions:
            known = _no_function(token.text, self._terms.functions)
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
    known = ranges.exactly(units)
    return Formula(show(units, scale), scale, frozenset(), str(units), "number", (), known)


def _negated(value: Formula) -> Formula:
    known = ranges.minus(value.range)
    return value._replace(text=f"-{value.text}", source=f"-({value.source})", range=known)


def _has(value: Formula) -> Formula:
    present = " and ".join(f"{each} is not None" for each in value.missing) or "True"
    known = TRUTH if value.missing or value.kind == "truth" else ranges.ALWAYS
    return Formula(f"has({value.text})", 0, value.facts, f"({present})", "truth", (), known)


def _truth(text: str, word: str, left: Formula, right: Formula) -> Formula:
    source = f"({left.source} {word} {right.source})"
    known = (ranges.lowest if word == "and" else ranges.highest)(left.range, right.range)
    holds = left.holds + right.holds if word == "and" else ()
    return Formula(text, 0, left.facts | right.facts, source, "truth", (), known, holds)


def _compared(
    left: Formula, sign: str, right: Formula, left_column: int, right_column: int
) -> Formula:
    if left.kind == "truth":
        raise FormulaError(f"`{left.text}` is true or false: it is not compared", left_column)
    _want(right, left.kind, right_column)
    if left.kind == "text" and sign not in ("==", "!="):
        raise FormulaError("texts are equal or not, none is less", right_column)
    scale = max(left.scale, right.scale)
    one, other = lifted(left, scale), lifted(right, scale)
    present = [f"{each} is not None" for each in dict.fromkeys(left.missing + right.missing)]
    known = ranges.compared(one.range, sign, other.range)
    return Formula(
        f"{left.text} {sign} {right.text}",
        0,
        left.facts | right.facts,
        f"({' and '.join([*present, f'{one.source} {sign} {other.source}'])})",
        "truth",
        (),
        known if known == ranges.NEVER or not present else TRUTH,
        (Comparison(left, sign, right),),
    )


def _added(left: Formula, sign: str, right: Formula) -> Formula:
    scale = max(left.scale, right.scale)
    one, other = lifted(left, scale), lifted(right, scale)
    return _together(
        f"{left.text} {sign} {right.text}",
        scale,
        f"({one.source} {sign} ({other.source}))",
        ranges.plus(one.range, other.range if sign == "+" else ranges.minus(other.range)),
        left,
        right,
    )


def _multiplied(left: Formula, right: Formula) -> Formula:
    return _together(
        f"{left.text} {TIMES} {right.text}",
        left.scale + right.scale,
        _product(left.source, right.source),
        ranges.times(left.range, right.range),
        left,
        right,
    )


def _remainder(left: Formula, right: Formula, token: _Token) -> Formula:
    if token.kind != "number" or right.scale or right.source == "0":
        raise FormulaError("`%` wants a whole number above 0", token.column)
    if left.scale:
        raise FormulaError(f"`{left.text}` is not whole: it has no remainder", token.column)
    text, source = f"{left.text} % {right.text}", f"({left.source} % {right.source})"
    return _together(text, 0, source, Range(0, right.range.high - 1), left, right)


def _extreme(name: str, values: list[Formula]) -> Formula:
    scale = max(value.scale for value in values)
    alike = [lifted(value, scale) for value in values]
    sources = ", ".join(value.source for value in alike)
    text = f"{name}({', '.join(value.text for value in values)})"
    if len(values) == 1:
        return values[0]
    known = (ranges.lowest if name == "min" else ranges.highest)(*(each.range for each in alike))
    return _together(text, scale, f"{name}({sources})", known, *values)


def _together(text: str, scale: int, source: str, known: Range, *parts: Formula) -> Formula:
    return Formula(
        text,
        scale,
        frozenset().union(*(part.facts for part in parts)),
        source,
        "number",
        tuple(dict.fromkeys(each for part in parts for each in part.missing)),
        known,
    )


def lifted(value: Formula, scale: int) -> Formula:
    """Return the same value with at least so many decimals."""
    if value.scale >= scale:
        return value
    power = POWERS[scale - value.scale]
    source = _product(value.source, str(power))
    return value._replace(scale=scale, source=source, range=ranges.lifted(value.range, power))


def _product(left: str, right: str) -> str:
    if "1" in (left, right):
        return right if left == "1" else left
    return f"{left} * {right}"
