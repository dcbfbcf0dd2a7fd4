"""Exact decimal numbers as scaled integers: the value is `units / 10**scale`."""

import re
from decimal import Decimal
from typing import Final

import msgspec

POWERS: Final[tuple[int, ...]] = tuple(10**exponent for exponent in range(64))
TIMES: Final = "\N{MULTIPLICATION SIGN}"
_PLAIN_DECIMAL: Final = re.compile(r"-?\d{1,40}(?:\.\d{1,40})?", re.ASCII)
UNITS_MAX: Final = 2**53
"""The most of a currency that a posting moves and an account holds: what any reader of JSON reads exactly."""
KEPT_MAX: Final = 2**63 - 1
"""The greatest integer that an account can keep, and a fact can be in its smallest decimal."""
_MAGNITUDE_MAX: Final = 2**53
_SAFE_DIGITS: Final = 15  # fewer digits than 2**53 has
_KEPT_DIGITS: Final = 18  # fewer digits than 2**63 has


def read_units(text: bytes, scale: int) -> int:
    """Read a JSON number, or where decimals may be a JSON string of digits, as units of `10**-scale`.

    Raises ValueError when it is neither, has more decimals than `scale`, or lies beyond ±2^53, or in
    units beyond 64 bits.
    """
    whole, _, fraction = text.partition(b".")
    if (
        len(whole) <= safe_digits(scale)
        and whole.isdigit()
        and (not fraction or (fraction.isdigit() and len(fraction) <= scale))
    ):
        return int(whole + fraction) * POWERS[scale - len(fraction)]
    return _read_carefully(text, scale)


def safe_digits(scale: int) -> int:
    """Return how many digits before the point any number may have that has so many decimals."""
    return min(_SAFE_DIGITS, _KEPT_DIGITS - scale)


def _read_carefully(text: bytes, scale: int) -> int:
    written = msgspec.json.decode(text) if text.startswith(b'"') else text.decode()
    if text.startswith(b'"') and not (scale and _PLAIN_DECIMAL.fullmatch(written)):
        raise ValueError("is no number")
    try:
        number = Decimal(written)
    except ArithmeticError as wrong:
        raise ValueError("is no number") from wrong
    if not -_MAGNITUDE_MAX <= number <= _MAGNITUDE_MAX:
        raise ValueError("lies beyond ±2^53")
    units, decimals = scaled(number)
    if decimals > scale:
        raise ValueError(f"has more than {scale} decimals" if scale else "is not whole")
    units *= POWERS[scale - decimals]
    if not -KEPT_MAX <= units <= KEPT_MAX:
        raise ValueError(f"lies beyond what a number of {scale} decimals can be")
    return units


def within(units: int, most: int) -> int:
    """Return a sum, or where it would be beyond `most` units on either side, that."""
    return max(-most, min(units, most))


def scaled(number: Decimal) -> tuple[int, int]:
    """Return a number as (units, scale) with the least scale."""
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int), "a finite number"
    units = int("".join(map(str, digits)))
    if units == 0:
        return 0, 0
    while exponent < 0 and units % 10 == 0:
        units //= 10
        exponent += 1
    if exponent > 0:
        units, exponent = units * 10**exponent, 0
    return -units if sign else units, -exponent


def show(units: int, scale: int) -> str:
    """Write a number in decimal digits, without trailing zeros: 18518505, 5 becomes `185.18505`."""
    whole, rest = divmod(abs(units), POWERS[scale])
    sign = "-" if units < 0 else ""
    return f"{sign}{whole}.{rest:0{scale}d}".rstrip("0") if rest else f"{sign}{whole}"


def plain(units: int, scale: int) -> int | float:
    """Return a number as JSON shows it; for people, no amount is computed from it."""
    whole, rest = divmod(units, POWERS[scale])
    return units / POWERS[scale] if rest else whole


def nearest(units: int, divisor: int) -> int:
    """Divide and round to the nearest whole number, halves away from zero."""
    rounded = (2 * abs(units) + divisor) // (2 * divisor)
    return rounded if units >= 0 else -rounded
