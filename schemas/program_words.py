"""The smallest words of a program file: lengths of time, exact numbers, names.

Numbers that decide amounts are exact: a float of YAML or JSON stands for its shortest decimal text.
"""

import re
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
_RULE_NAME: Final = r"^[a-z][a-z0-9_]*$"
_TYPE_NAME: Final = r"^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$"


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
    if unit in _MILLISECONDS:
        return Duration(milliseconds=number * _MILLISECONDS[unit])
    return Duration(months=number * (12 if unit == "year" else 1))


def exact(written: object) -> object:
    """Take a number by its decimal text."""
    return str(written) if isinstance(written, float) else written


def _moment_text(written: str) -> str:
    """Accept a bare date or RFC 3339."""
    if moments.read_date(written) is None:
        moments.read(written)
    return written


def _fixed(length: Duration) -> Duration:
    if length.months:
        raise ValueError("months and years differ in length: say it in days, hours or minutes")
    return length


def known_zone(name: str) -> str:
    """Accept the name of a time zone."""
    moments.calendar_of(name)
    return name


def as_list(written: object) -> object:
    """Take a single name for a list of one."""
    return [written] if isinstance(written, str) else written


Span = Annotated[Duration, BeforeValidator(_duration)]
FixedSpan = Annotated[Duration, BeforeValidator(_duration), AfterValidator(_fixed)]
Number = Annotated[Decimal, BeforeValidator(exact), Field(allow_inf_nan=False)]
MomentText = Annotated[str, AfterValidator(_moment_text)]
TypeName = Annotated[str, Field(pattern=_TYPE_NAME, max_length=128)]
RuleName = Annotated[str, Field(pattern=_RULE_NAME, max_length=64)]
Word = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=64)]


class Part(BaseModel):
    """A part of a program file: only words of the vocabulary, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
