"""Ranges: between which numbers a formula can lie, known before any action comes.

A truth is 0 or 1, so a condition that lies between 0 and 0 never holds. Of a text a range tells which
ones it can be, where that is known.
"""

from collections.abc import Callable, Mapping
from itertools import product
from typing import Final, NamedTuple


class Range(NamedTuple):
    """The least and the greatest number that a formula can be, in its units."""

    low: int
    high: int
    texts: frozenset[str] | None = None


UNKNOWN: Final = Range(-(1 << 63), 1 << 63)
"""Of amounts and moments, which have 64 bits."""
COUNT: Final = Range(0, 1 << 53)
TRUTH: Final = Range(0, 1)
NEVER: Final = Range(0, 0)
ALWAYS: Final = Range(1, 1)


def exactly(units: int) -> Range:
    """Return the range of a number that is written down."""
    return Range(units, units)


def one_of(*texts: str) -> Range:
    """Return the range of a text of which all possible ones are known."""
    return Range(0, 0, frozenset(texts))


def lifted(value: Range, power: int) -> Range:
    """Return the range in units of which there are so many in one."""
    return Range(value.low * power, value.high * power, value.texts)


def plus(left: Range, right: Range) -> Range:
    """Add."""
    return Range(left.low + right.low, left.high + right.high)


def minus(value: Range) -> Range:
    """Negate."""
    return Range(-value.high, -value.low)


def times(left: Range, right: Range) -> Range:
    """Multiply."""
    ends = [one * other for one, other in product(left[:2], right[:2])]
    return Range(min(ends), max(ends))


def lowest(*values: Range) -> Range:
    """Take the lesser; of truths it is `and`."""
    return Range(min(value.low for value in values), min(value.high for value in values))


def highest(*values: Range) -> Range:
    """Take the greater; of truths it is `or`."""
    return Range(max(value.low for value in values), max(value.high for value in values))


def both(left: Range, right: Range) -> Range:
    """Take what lies in both; where nothing does, `low` is above `high` or no text is left."""
    texts = right.texts if left.texts is None else left.texts
    if left.texts is not None and right.texts is not None:
        texts = left.texts & right.texts
    return Range(max(left.low, right.low), min(left.high, right.high), texts)


def opposite(truth: Range) -> Range:
    """Return what `not` makes of a truth."""
    return Range(1 - truth.high, 1 - truth.low)


def compared(left: Range, sign: str, right: Range) -> Range:
    """Tell whether a comparison never or always holds."""
    if left.texts is not None and right.texts is not None:
        return _same_text(left.texts, right.texts, equal=sign == "==")
    never, always = _COMPARED[sign](left, right)
    return NEVER if never else ALWAYS if always else TRUTH


def _same_text(left: frozenset[str], right: frozenset[str], *, equal: bool) -> Range:
    if left.isdisjoint(right):
        return NEVER if equal else ALWAYS
    if len(left | right) == 1:
        return ALWAYS if equal else NEVER
    return TRUTH


def _equal(left: Range, right: Range) -> tuple[bool, bool]:
    if left.texts is not None or right.texts is not None:
        return False, False
    apart = left.high < right.low or right.high < left.low
    return apart, left.low == left.high == right.low == right.high


_COMPARED: Final[Mapping[str, Callable[[Range, Range], tuple[bool, bool]]]] = {
    "==": _equal,
    "!=": lambda left, right: _equal(left, right)[::-1],
    "<": lambda left, right: (left.low >= right.high, left.high < right.low),
    "<=": lambda left, right: (left.low > right.high, left.high <= right.low),
    ">": lambda left, right: (left.high <= right.low, left.low > right.high),
    ">=": lambda left, right: (left.high < right.low, left.low >= right.high),
}
"""By sign: whether it never holds, and whether it always does."""
