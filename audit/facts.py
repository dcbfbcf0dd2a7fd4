"""The facts of an action held to what its program declares of them."""

import re
from collections.abc import Callable
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from audit.case import Facts
from audit.periods import LAST_MOMENT, period_end, read_instant
from audit.reading import LARGEST_NUMBER, LONGEST_ID, RESERVED, Refused
from audit.rules import Document

LONGEST_TEXT = 1_024
LARGEST_KEPT = 2**63
AMOUNT_PLACES = 6
LONGEST_CODE = 100
LONGEST_TEAM = 64
MOST_TEXTS = 64
MOST_ROWS = 1_000


def read_facts(sent: Facts, declared: dict[str, Document]) -> Facts:
    """The declared facts, numbers exact. Raises Refused(bad_fact) naming a wrong one.

    Null and empty text count as not sent; a number that is not sent may have a default.
    """
    facts: Facts = {}
    for name, form in declared.items():
        value = sent.get(name)
        kind = form["type"].partition("(")[0]
        if value is None:
            pass
        elif kind in ("decimal", "integer"):
            facts[name] = _number(name, value, kind, places_of(form))
            _in_bounds(name, facts[name], form)
        elif not _IS[kind](value):
            raise Refused("bad_fact", f"{name} is {value!r}, no {kind}")
        elif value != "":
            facts[name] = value
        if name not in facts and form.get("required"):
            raise Refused("bad_fact", f"{name} is missing")
        if name not in facts and form.get("default") is not None:
            facts[name] = Decimal(str(form["default"]))
    return facts


def places_of(form: Document) -> int:
    """Decimal places that a fact may have: 2 of `decimal(2)`, none of all others."""
    return int(form["type"].rstrip(")").partition("(")[2] or 0)


def _number(name: str, value: object, kind: str, places: int) -> Decimal | int:
    """A whole number, or a decimal as number or digits; trailing zeros do not count as places."""
    if isinstance(value, str) and kind == "decimal" and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
        value = Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Refused("bad_fact", f"{name} is {value!r}, no number")
    number = Decimal(value)
    too_large = abs(number) > LARGEST_NUMBER or abs(number) * 10**places >= LARGEST_KEPT
    if too_large or _places(number) > places:
        raise Refused("bad_fact", f"{name} is {value}, not within {places} places")
    return int(number) if kind == "integer" else number


def _places(number: Decimal) -> int:
    """Decimal places that a number needs."""
    _, digits, exponent = number.as_tuple()
    written = "".join(map(str, digits))
    zeros = len(written) - len(written.rstrip("0"))
    return max(0, -(int(exponent) + zeros)) if number else 0


def _in_bounds(name: str, value: Decimal | int, form: Document) -> None:
    least, most = form.get("least"), form.get("most")
    if least is not None and value < Decimal(str(least)):
        raise Refused("bad_fact", f"{name} is {value}, at least {least}")
    if most is not None and value > Decimal(str(most)):
        raise Refused("bad_fact", f"{name} is {value}, at most {most}")
    if form.get("nonzero") and value == 0:
        raise Refused("bad_fact", f"{name} is 0")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value.encode()) <= LONGEST_TEXT and "\0" not in value


def _is_name(value: object, longest: int = LONGEST_ID) -> bool:
    return (
        isinstance(value, str)
        and len(value.encode()) <= longest
        and not re.search(r"[\x00-\x1f\x7f-\x9f]", value)
    )


def _is_member(value: object) -> bool:
    return _is_name(value) and not str(value).startswith(RESERVED)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and len(value) <= MOST_TEXTS and all(map(_is_name, value))


def _is_moment(value: object) -> bool:
    moment = read_instant(value) if isinstance(value, str) else value
    return type(moment) is int and 0 <= moment < LAST_MOMENT


def _is_period(value: object) -> bool:
    try:
        return isinstance(value, str) and period_end(value, "UTC") > 0
    except ValueError:
        return False


def _is_country(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"([A-Z]{2})?", value) is not None


def _is_zone(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(ZoneInfo(value))
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False


def _is_amount(value: object) -> bool:
    """Whether it is a number of an opening: exact to millionths."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return False
    amount = Decimal(value)
    small = abs(amount) <= LARGEST_NUMBER and abs(amount) * 10**AMOUNT_PLACES < LARGEST_KEPT
    return small and _places(amount) <= AMOUNT_PLACES


def _is_lot(value: object) -> bool:
    """Tell whether something is `[points, expiry]`."""
    return (
        isinstance(value, list)
        and len(value) == len(("points", "expiry"))
        and _is_amount(value[0])
        and _is_moment(value[1])
    )


def _by_name(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, dict) and all(map(fits, value.values()))


def _is_score(value: object) -> bool:
    return type(value) is int


def _is_change(value: object) -> bool:
    return value is None or _is_score(value)


def _rows_of(*fits: Callable[[object], bool]) -> Callable[[object], bool]:
    """Tell whether something is a list of rows, each entry of which fits in its place."""

    def is_row(row: object) -> bool:
        return (
            isinstance(row, list)
            and len(row) == len(fits)
            and all(fit(value) for fit, value in zip(fits, row, strict=True))
            and row[0] != ""
        )

    return lambda value: (
        isinstance(value, list) and len(value) <= MOST_ROWS and all(map(is_row, value))
    )


_IS: dict[str, Callable[[object], bool]] = {
    "text": _is_text,
    "texts": _is_texts,
    "flag": lambda value: isinstance(value, bool),
    "moment": _is_moment,
    "period": _is_period,
    "member": _is_member,
    "code": lambda value: _is_name(value, LONGEST_CODE),
    "team": lambda value: _is_name(value, LONGEST_TEAM),
    "country": _is_country,
    "timezone": _is_zone,
    "numbers": _by_name(_is_amount),
    "names": _by_name(_is_name),
    "scores": _rows_of(_is_member, _is_score),
    "changes": _rows_of(_is_member, _is_change, _is_change),
    "lots": _by_name(lambda value: isinstance(value, list) and all(map(_is_lot, value))),
}
