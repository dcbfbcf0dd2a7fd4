"""Decay: boards on which a point is worth less with every whole day, week or month.

A score is kept as it would be worth on one fixed day, the landmark: a point of day n counts
factor ^ (landmark - n). So nothing is rewritten as time passes, and the order of members is right at
any moment; what a score is worth on day m is the stored number times factor ^ (m - landmark). Days,
ISO weeks and months are numbered from those of 1970-01-01.

The landmark is chosen when a board begins (in boards.lua) and stays: a board that is made anew comes
back the same. Doubles reach 10^308, for 0.9 a day some 18 years from it; `laurel rebuild boards` moves
it before.
"""

from math import log10
from typing import Final, NamedTuple

DAYS: Final = {"day": 1.0, "week": 7.0, "month": 30.436875}
"""Days in each, on average."""
DIGITS_MAX: Final = 200
"""Digits of what a point counts from which on a rebuild moves the landmark."""
_SECONDS_A_DAY: Final = 86_400


class Decay(NamedTuple):
    """How a board decays, and the number of the day, week or month that is its landmark."""

    factor: float
    per: str
    landmark: int


def read_decay(text: str) -> Decay:
    """Read an entry of `decays`: `0.9 day 20480`."""
    factor, per, landmark = text.split(" ")
    return Decay(float(factor), per, int(landmark))


def worth(stored: float, decay: Decay, number: int) -> float:
    """Give what a stored score is worth on the day, week or month of that number."""
    return float(stored * decay.factor ** (number - decay.landmark))


def runs_out(decay: Decay, seconds: int) -> bool:
    """Tell whether points of now, in seconds of the epoch, count with too many digits."""
    number = seconds / _SECONDS_A_DAY / DAYS[decay.per]
    return (number - decay.landmark) * -log10(decay.factor) > DIGITS_MAX
