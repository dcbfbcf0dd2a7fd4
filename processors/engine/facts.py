"""Facts: the named values of an action's `data`, read as its program declares them."""

import re
from collections.abc import Callable, Mapping, Sized
from decimal import Decimal
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import Meta

from processors.engine.numbers import POWERS, read_units, safe_digits, scaled
from processors.engine.source import compiled
from schemas.actions import RESERVED_SUBJECTS
from schemas.envelopes import NUMBER_MAX
from schemas.moments import Calendar, calendar_of
from schemas.moments import read as read_moment
from schemas.program_facts import Fact

TEXT_BYTES_MAX: Final = 1_024
SURELY_SHORT: Final = TEXT_BYTES_MAX // 4  # characters; none has more than four bytes
NAME_BYTES_MAX: Final = 128
CODE_BYTES_MAX: Final = 100
TEAM_BYTES_MAX: Final = 64
"""A team is a part of a board, and the subjects of its periods name it."""
TEXTS_MAX: Final = 64
ENTRIES_MAX: Final = 1_000
NUMBERS_SCALE: Final = 6
"""Decimals of the numbers of an opening."""

_UNFIT: Final = (msgspec.DecodeError, ValueError)
_NULL: Final = msgspec.Raw(b"null")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)

_Score = Annotated[int, Meta(ge=-NUMBER_MAX, le=NUMBER_MAX)]

Convert = Callable[[Any], Any]
FactReader = Callable[[msgspec.Raw], "dict[str, Any] | str"]
"""Reads `data` into facts by name, missing ones left out; or says in a sentence what is wrong."""


def fact_scale(fact: Fact) -> int | None:
    """Return the decimals of a number fact; None when it is no number."""
    if fact.type == "integer":
        return 0
    return int(fact.type[8]) if fact.type.startswith("decimal") else None


class _Column(NamedTuple):
    """A fact's place in the decoded form, and what checks and converts it."""

    at: str
    name: str
    fact: Fact
    kind: Any
    convert: Convert

    @property
    def default(self) -> int | None:
        """What a number is that was not sent, in units."""
        if self.fact.default is None:
            return None
        return _units(self.fact.default, fact_scale(self.fact) or 0)


def bind_facts(facts: Mapping[str, Fact], calendar: Calendar) -> FactReader:
    """Make the reader of an action's facts. A number becomes an integer of its smallest decimal.

    The reader is compiled; where a fact looks odd it reads all of them again, carefully.
    """
    columns = [
        _Column(f"fact{at}", name, fact, *_kind(fact, calendar))
        for at, (name, fact) in enumerate(facts.items())
    ]
    form = msgspec.defstruct(
        "Facts",
        [
            (column.at, column.kind, _NULL if column.kind is msgspec.Raw else None)
            for column in columns
        ],
        rename={column.at: column.name for column in columns},
        gc=False,
    )
    decode = msgspec.json.Decoder(form).decode

    def read_carefully(data: msgspec.Raw) -> dict[str, Any] | str:
        return _read_carefully(data, decode, columns)

    names: dict[str, object] = {"decode": decode, "read_carefully": read_carefully, "UNFIT": _UNFIT}
    lines = ["def read(data):", "    try:", "        found = decode(data)", "        facts = {}"]
    for column in columns:
        lines += [f"        {line}" for line in _reading(column, names)]
    lines += ["    except UNFIT:", "        return read_carefully(data)", "    return facts"]
    return compiled("read", lines, names)


def _reading(column: _Column, names: dict[str, object]) -> list[str]:
    """Write the lines that read one fact; anything odd about it leaves by `return`."""
    at, fact = column.at, column.fact
    odd = "    return read_carefully(data)"
    scale = fact_scale(fact)
    if scale is not None:
        names[f"{at}_powers"] = POWERS[: scale + 1][::-1]
        bounds = [
            f"{at} < {_units(fact.least, scale)}" if fact.least is not None else "",
            f"{at} > {_units(fact.most, scale)}" if fact.most is not None else "",
            f"{at} == 0" if fact.nonzero else "",
        ]
        checks = " or ".join(filter(None, bounds))
        lines = [
            'whole, _, fraction = text.partition(b".")',
            "digits = whole + fraction",
            f"if len(whole) > {safe_digits(scale)} or len(fraction) > {scale} or not digits.isdigit():",
            odd,
            f"{at} = int(digits) * {at}_powers[len(fraction)]",
            *([f"if {checks}:", odd] if checks else []),
            f"facts[{column.name!r}] = {at}",
        ]
        text = f"text = bytes(found.{at})"
        if fact.required and fact.default is None:
            return [text, *lines]
        default = column.default
        missing = [] if default is None else ["else:", f"    facts[{column.name!r}] = {default}"]
        return [text, "if text != b'null':", *(f"    {line}" for line in lines), *missing]
    names[f"{at}_convert"] = column.convert
    lines = [f"{at} = found.{at}", f"if {at} is not None:"]
    if fact.type == "text":
        lines += [f"    if not 0 < len({at}) <= {SURELY_SHORT} or '\\0' in {at}:", f"    {odd}"]
    else:
        lines += [f"    {at} = {at}_convert({at})", f"    if {at} is None:", f"    {odd}"]
    lines += [f"    facts[{column.name!r}] = {at}"]
    return [*lines, "else:", odd] if fact.required else lines


def _read_carefully(
    data: msgspec.Raw, decode: Callable[[msgspec.Raw], Any], columns: list[_Column]
) -> dict[str, Any] | str:
    try:
        found = decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _ill_typed(data, columns)
    facts: dict[str, Any] = {}
    for column in columns:
        value = getattr(found, column.at)
        try:
            value = None if value is None else column.convert(value)
        except ValueError as wrong:
            return f"`data.{column.name}` {wrong}: {_short(data, column.name)}"
        if value is None:
            value = column.default
        if value is not None:
            facts[column.name] = value
        elif column.fact.required:
            return f"`data.{column.name}` is missing"
    return facts


def _kind(fact: Fact, calendar: Calendar) -> tuple[Any, Convert]:
    """Return the type a fact is decoded as and the function that checks and converts it."""
    scale = fact_scale(fact)
    if scale is not None:
        return msgspec.Raw, _number(fact, scale)
    if fact.type == "period":
        return str | None, _period(calendar)
    return _FORMS[fact.type]


def _number(fact: Fact, scale: int) -> Convert:
    least = None if fact.least is None else _units(fact.least, scale)
    most = None if fact.most is None else _units(fact.most, scale)
    nonzero = fact.nonzero

    def convert(written: msgspec.Raw) -> int | None:
        text = bytes(written)
        if text == b"null":
            return None
        units = read_units(text, scale)
        if least is not None and units < least:
            raise ValueError(f"is less than {fact.least}")
        if most is not None and units > most:
            raise ValueError(f"is more than {fact.most}")
        if nonzero and units == 0:
            raise ValueError("is 0")
        return units

    return convert


def _units(number: Decimal, scale: int) -> int:
    units, decimals = scaled(number)
    if decimals > scale:
        raise ValueError(f"{number} has more decimals than its fact")
    return units * POWERS[scale - decimals]


def _text(text: str) -> str | None:
    if len(text) > SURELY_SHORT and len(text.encode()) > TEXT_BYTES_MAX:
        raise ValueError(f"is longer than {TEXT_BYTES_MAX} bytes")
    if "\0" in text:
        raise ValueError("contains a zero character")
    return text or None


def _name(text: str, bytes_max: int) -> str | None:
    if len(text.encode()) > bytes_max:
        raise ValueError(f"is longer than {bytes_max} bytes")
    if _CONTROL.search(text):
        raise ValueError("contains a control character")
    return text or None


def _member(text: str) -> str | None:
    if text.startswith(RESERVED_SUBJECTS):
        raise ValueError("begins with a reserved prefix")
    return _name(text, NAME_BYTES_MAX)


def _code(text: str) -> str | None:
    return _name(text, CODE_BYTES_MAX)


def _team(text: str) -> str | None:
    return _name(text, TEAM_BYTES_MAX)


def _country(text: str) -> str | None:
    if text and not _COUNTRY.fullmatch(text):
        raise ValueError("is no country code of two capital letters")
    return text or None


def _zone(text: str) -> str:
    calendar_of(text)
    return text


def _period(calendar: Calendar) -> Convert:
    def convert(text: str) -> str:
        calendar.bounds(text)
        return text

    return convert


def _texts(texts: list[str]) -> list[str]:
    if len(texts) > TEXTS_MAX:
        raise ValueError(f"has more than {TEXTS_MAX} entries")
    for text in texts:
        _name(text, NAME_BYTES_MAX)
    return texts


def _numbers(written: dict[str, msgspec.Raw]) -> dict[str, int]:
    """Read numbers by name, in millionths."""
    _few(written)
    return {_named(name): read_units(bytes(each), NUMBERS_SCALE) for name, each in written.items()}


def _names(written: dict[str, str]) -> dict[str, str]:
    _few(written)
    return {_named(name): _named(each) for name, each in written.items()}


def _lots(
    written: dict[str, list[tuple[msgspec.Raw, str | int]]],
) -> dict[str, list[tuple[int, int]]]:
    """Read lots by currency, (points, expiry): in millionths, and epoch milliseconds."""
    _few([lot for lots in written.values() for lot in lots])
    return {
        _named(currency): [
            (read_units(bytes(points), NUMBERS_SCALE), read_moment(expires_at))
            for points, expires_at in lots
        ]
        for currency, lots in written.items()
    }


def _scores(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Read rows that begin with a member."""
    _few(rows)
    if not all(_member(row[0]) for row in rows):
        raise ValueError("has an empty name in it")
    return rows


def _few(written: Sized) -> None:
    if len(written) > ENTRIES_MAX:
        raise ValueError(f"has more than {ENTRIES_MAX} entries")


def _named(text: str) -> str:
    if not text:
        raise ValueError("has an empty name in it")
    return _name(text, NAME_BYTES_MAX) or ""


_FORMS: Final[Mapping[str, tuple[Any, Convert]]] = {
    "text": (str | None, _text),
    "member": (str | None, _member),
    "code": (str | None, _code),
    "team": (str | None, _team),
    "country": (str | None, _country),
    "timezone": (str | None, _zone),
    "moment": (str | int | None, read_moment),
    "flag": (bool | None, bool),
    "texts": (list[str] | None, _texts),
    "numbers": (dict[str, msgspec.Raw] | None, _numbers),
    "names": (dict[str, str] | None, _names),
    "lots": (dict[str, list[tuple[msgspec.Raw, str | int]]] | None, _lots),
    "scores": (list[tuple[str, _Score]] | None, _scores),
    "changes": (list[tuple[str, _Score | None, _Score | None]] | None, _scores),
}
"""By type that needs no more than its name: what it is decoded as, and what checks and converts it."""


def _ill_typed(data: msgspec.Raw, columns: list[_Column]) -> str:
    """Find the fact whose value is not of its type."""
    written = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    for column in columns:
        try:
            msgspec.json.decode(written.get(column.name, _NULL), type=column.kind)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return f"`data.{column.name}` is no {column.fact.type}: {_short(data, column.name)}"
    return "`data` is no JSON object"


def _short(data: msgspec.Raw, name: str) -> str:
    written = bytes(msgspec.json.decode(data, type=dict[str, msgspec.Raw])[name])
    text = written.decode(errors="replace")
    return text if len(text) <= 80 else f"{text[:79]}…"  # noqa: PLR2004
