"""The smallest words of a program file: lengths of time, exact numbers, names.

Numbers that decide amounts are exact: a float of YAML or JSON stands for its shortest decimal text.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from schemas import moments

_DURATION: Final = re.compile(r"(\d{1,6}) (second|minute|hour|day|week|month|year)s?")
_MILLISECONDS: Final = {
    "second": moments.SECOND,
    "minute": moments.MINUTE,
    "hour": moments.HOUR,
    "day": moments.DAY,
    "week": 7 * moments.DAY,
}
_NUMBER: Final = re.compile(r"[-+]?\d{1,16}(?:\.\d{1,6})?", re.ASCII)
_YEARS_MAX: Final = 100
_RULE_NAME: Final = r"[a-z][a-z0-9_]*"
_TYPE_NAME: Final = r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*"
_WORD: Final = r"[A-Za-z][A-Za-z0-9_]*"


class Duration(BaseModel):
    """A length of time: exact milliseconds, or calendar months, which differ in length."""

    model_config = ConfigDict(frozen=True)

    milliseconds: int = 0
    months: int = 0


def _duration(written: object) -> object:
    """Read `60 minutes` or `1 year`."""
    if isinstance(written, Duration):
        return written
    parts = _DURATION.fullmatch(written) if isinstance(written, str) else None
    if parts is None:
        raise ValueError("a length of time is written like `60 minutes`, `7 days` or `1 year`")
    number, unit = int(parts[1]), parts[2]
    exact = number * _MILLISECONDS.get(unit, 0)
    months = number * {"month": 1, "year": 12}.get(unit, 0)
    if exact > _YEARS_MAX * 366 * moments.DAY or months > _YEARS_MAX * 12:
        raise ValueError(f"longer than {_YEARS_MAX} years")
    return Duration(milliseconds=exact, months=months)


def exact(written: object) -> object:
    """Take a number by its decimal text."""
    return str(written) if isinstance(written, float) else written


def _number(written: object) -> object:
    """Take a number by its decimal text. Its size is bounded, so that what is made of it is too."""
    if isinstance(written, Decimal):
        return written
    text = str(written)
    if isinstance(written, float) and "e" in text:
        text = f"{Decimal(text):f}"
    if isinstance(written, bool) or _NUMBER.fullmatch(text) is None:
        raise ValueError("a number has at most 16 digits and 6 decimals, like 12 or 0.5")
    return text


def _moment_text(written: str) -> str:
    """Accept a bare date or RFC 3339."""
    try:
        if moments.read_date(written) is None:
            moments.read(written)
    except ValueError as wrong:
        raise ValueError(
            "it is a date like 2025-12-07, or a moment with its zone like 2025-12-07T23:51:00Z"
        ) from wrong
    return written


def _fixed(length: Duration) -> Duration:
    if length.months:
        raise ValueError("months and years differ in length: say it in days, hours or minutes")
    return length


def told_apart(written: object) -> object:
    """Refuse numbers that are written twice as keys, like 100 and 100.0."""
    seen: dict[Decimal, object] = {}
    for key in written if isinstance(written, dict) else ():
        if _NUMBER.fullmatch(str(key)) and seen.setdefault(Decimal(str(key)), key) is not key:
            raise ValueError(f"{seen[Decimal(str(key))]} and {key} are the same number")
    return written


def known_zone(name: str) -> str:
    """Accept the name of a time zone."""
    try:
        moments.calendar_of(name)
    except OSError as wrong:  # the name of a folder of zones
        raise ValueError(f"no time zone is called {name!r}") from wrong
    return name


def named_like(pattern: str, said: str) -> Callable[[str], str]:
    """Return what accepts names of a pattern, and of any other says what such a name looks like."""
    like = re.compile(pattern, re.ASCII)

    def checked(name: str) -> str:
        if like.fullmatch(name) is None:
            raise ValueError(said)
        return name

    return checked


def as_list(written: object) -> object:
    """Take a single name for a list of one."""
    return [written] if isinstance(written, str) else written


Span = Annotated[Duration, BeforeValidator(_duration)]
FixedSpan = Annotated[Duration, BeforeValidator(_duration), AfterValidator(_fixed)]
Number = Annotated[Decimal, BeforeValidator(_number), Field(allow_inf_nan=False)]
MomentText = Annotated[str, AfterValidator(_moment_text)]
TypeName = Annotated[
    str,
    Field(max_length=128),
    AfterValidator(named_like(_TYPE_NAME, "a type is named in capitals, like CHECK_IN")),
]
RuleName = Annotated[
    str,
    Field(max_length=64),
    AfterValidator(named_like(_RULE_NAME, "a rule is named in small letters, like first_visit")),
]
Word = Annotated[
    str,
    Field(max_length=64),
    AfterValidator(named_like(_WORD, "a name has letters, digits and `_`, a letter first")),
]


class Part(BaseModel):
    """A part of a program file: only words of the vocabulary, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
