"""Facts: the named values of an action's `data`, as a program declares them."""

import re
from typing import Annotated, Final

from pydantic import Field

from schemas.program_words import Number, Part

_TYPES: Final = re.compile(
    r"decimal\([1-6]\)|integer|text|texts|flag|moment|period|member|team|code|country|timezone"
    r"|numbers|names|lots"  # of moving in, `opening`
    r"|scores|changes"  # of periods
)


class Fact(Part):
    """A named value of an action's `data`."""

    type: Annotated[str, Field(pattern=f"^(?:{_TYPES.pattern})$")]
    required: bool = False
    # Of a number that is not sent.
    default: Number | None = None
    unit: str | None = None
    least: Number | None = None
    most: Number | None = None
    nonzero: bool = False
