"""Formulas and conditions read into trees: `("number", 1/2)`, `("+", left, right)`, `("call", ...)`.

The grammar is that of docs/rules.md, loosest first: or, and, not, comparison, sums, products, minus.
"""

import operator
import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

Tree = tuple[Any, ...]

SUMS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "%": operator.mod,
}
"""What the signs between numbers do."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)|'(?P<text>[^']*)'"
    r"|(?P<sign>==|!=|<=|>=|[-+*%<>(),]))"
)
_COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")


@lru_cache
def parse(text: str) -> Tree:
    """The tree of a formula or condition. Raises ValueError for what is none."""
    reader = _Reader(text)
    tree = reader.any_of()
    if reader.tokens:
        raise ValueError(f"{text!r} goes on after its end: {reader.tokens}")
    return tree


class _Reader:
    """What is left of a text, token by token."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        at, text = 0, text.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise ValueError(f"{text!r} is no formula, at {at}")
            kind = found.lastgroup or ""
            self.tokens.append((kind, found[kind]))
            at = found.end()

    def _next_is(self, *words: str) -> str | None:
        """Take the next sign or word when it is one of these."""
        if self.tokens and self.tokens[0][0] != "text" and self.tokens[0][1] in words:
            return self.tokens.pop(0)[1]
        return None

    def _must(self, sign: str) -> None:
        if not self._next_is(sign):
            raise ValueError(f"{self.text!r} lacks {sign!r} before {self.tokens}")

    def any_of(self) -> Tree:
        """Read conditions joined by `or`."""
        tree = self._all_of()
        while self._next_is("or"):
            tree = ("or", tree, self._all_of())
        return tree

    def _all_of(self) -> Tree:
        tree = self._opposite()
        while self._next_is("and"):
            tree = ("and", tree, self._opposite())
        return tree

    def _opposite(self) -> Tree:
        return ("not", self._opposite()) if self._next_is("not") else self._comparison()

    def _comparison(self) -> Tree:
        tree = self._sum()
        sign = self._next_is(*_COMPARISONS)
        return (sign, tree, self._sum()) if sign else tree

    def _sum(self) -> Tree:
        tree = self._product()
        while sign := self._next_is("+", "-"):
            tree = (sign, tree, self._product())
        return tree

    def _product(self) -> Tree:
        tree = self._signed()
        while sign := self._next_is("*", "%"):
            tree = (sign, tree, self._signed())
        return tree

    def _signed(self) -> Tree:
        return ("minus", self._signed()) if self._next_is("-") else self._term()

    def _term(self) -> Tree:
        if self._next_is("("):
            tree = self.any_of()
            self._must(")")
            return tree
        if not self.tokens or self.tokens[0][0] == "sign":
            raise ValueError(f"{self.text!r} lacks a term before {self.tokens}")
        kind, word = self.tokens.pop(0)
        if kind == "number":
            return ("number", Fraction(word))
        if kind == "name" and self._next_is("("):
            return ("call", word, *self._arguments())
        return (kind, word)

    def _arguments(self) -> list[Tree]:
        if self._next_is(")"):
            return []
        arguments = [self.any_of()]
        while self._next_is(","):
            arguments.append(self.any_of())
        self._must(")")
        return arguments
