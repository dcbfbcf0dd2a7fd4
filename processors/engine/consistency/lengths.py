"""Lengths of time that stand against a bare number: `hour >= 17` says nothing of the clock.

`hour` is so many milliseconds wherever it stands, so such a comparison has one answer for ever. Texts are
looked at, not what was read of them: a comparison behind `or` or `not` is gone from that.
"""

import re
from typing import Final

from processors.engine.terms import UNITS, ActionTerms

_TEXT: Final = re.compile(r"'[^']*'")
_AROUND_SIGNS: Final = re.compile(r"\s*([-+*%()<>=!]+)\s*")
_UNIT: Final = rf"(?P<{{}}>{'|'.join(UNITS)})"
_SIGN: Final = r"(?:[=!<>]=|[<>])"
# Neither a part of a longer name or number, nor of a sum or product.
_BEGIN, _END = r"(?<![\w.+*%-])", r"(?![\w.+*%(-])"
_AGAINST_NUMBER: Final = re.compile(
    rf"{_BEGIN}(?:{_UNIT.format('left')}{_SIGN}\d[\d.]*|\d[\d.]*{_SIGN}{_UNIT.format('right')}){_END}",
    re.ASCII,
)
_MEANT: Final = {
    "hour": "; the hour that clocks show is `hour_of_day`",
    "day": "; the day of the week is `weekday`",
}


def against_number(text: str, terms: ActionTerms) -> str | None:
    """Say which length of time a condition compares with a bare number; None where it does not."""
    plain = _AROUND_SIGNS.sub(r"\1", _TEXT.sub("''", text))
    for found in _AGAINST_NUMBER.finditer(plain):
        unit = found["left"] or found["right"]
        if terms.action is None or unit not in terms.action.facts:
            meant = _MEANT.get(unit, "")
            return f"`{unit}` is a length of time, {UNITS[unit]} milliseconds{meant}"
    return None
