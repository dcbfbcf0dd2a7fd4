"""Facts: the named values of an action's `data`, as a program declares them."""

from typing import Annotated, Final

from pydantic import AfterValidator

from schemas.program_words import Number, Part, named_like

_TYPES: Final = (
    r"decimal\([1-6]\)|integer|text|texts|flag|moment|period|member|team|code|country|timezone"
    r"|numbers|names|lots"  # of moving in, `opening`
    r"|scores|changes"  # of periods
)
_SAID: Final = (
    "integer, decimal(1) to decimal(6), text, texts, flag, moment, period, member, code, team, "
    "country or timezone"
)


class Fact(Part):
    """A named value of an action's `data`."""

    type: Annotated[str, AfterValidator(named_like(_TYPES, f"a fact is {_SAID}"))]
    required: bool = False
    # Of a number that is not sent.
    default: Number | None = None
    unit: str | None = None
    least: Number | None = None
    most: Number | None = None
    nonzero: bool = False
