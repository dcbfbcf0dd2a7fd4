"""What a rank means: among how many it stands, what it is called, what it takes to be better. Pure.

Percentages count from the best: rank 1 of 1,000 is among the top 0.1 percent.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from math import ceil, floor
from typing import Final, Literal, NamedTuple

Score = int | Decimal
"""Whole points; of a board that decays what they are worth today, to three places."""

Ties = Literal["reached", "signup", "id"]
"""What decides between equal scores (the word of a program's boards): who reached it first, or
something that points do not change."""

LEAST_PERCENT: Final = Decimal("0.01")
PLACES: Final = Decimal("0.001")
"""To what the worth of a decaying score is rounded."""

CERTAIN_DIGITS: Final = 12
"""So many digits of a decaying score are told apart; what doubles make of the rest is chance."""


class Entry(NamedTuple):
    """One member on a board; ranks count from 1, `reached` (the tie value) is epoch milliseconds."""

    rank: int
    user_id: str
    score: Score
    reached: int


class Target(NamedTuple):
    """A better rank, whose it is now with which score, and by how many points one must rise."""

    rank: int
    user_id: str
    score: Score
    points: int


def top_percent(rank: int, participants: int) -> Decimal:
    """Give which top percentage a rank is in, rounded nearest to two places, at least 0.01."""
    exact = Decimal(100 * rank) / participants
    return max(LEAST_PERCENT, exact.quantize(LEAST_PERCENT, ROUND_HALF_UP))


def standing(
    rank: int, participants: int, bands: Mapping[str, Decimal | float | str]
) -> str | None:
    """Name the band of a program's `standings` that a rank lies in; None below all of them.

    Bands are percentages by name, the smallest first. The top 1 percent of 101 members are two.
    """
    for name, percent in bands.items():
        if 100 * (rank - 1) < participants * Decimal(str(percent)):
            return name
    return None


def points_to_pass(own: Entry, other: Entry, ties: Ties = "reached") -> int:
    """Count the points by which the score of `own` must rise to stand before `other`, who is before it.

    A score reached from now on is reached later than that of `other`, so an equal one stands behind
    it; where ties are decided otherwise, it may stand before it. Of decaying scores, which are
    rounded, it may be one point too many.
    """
    gap = other.score - own.score
    if ties != "reached" and _tie(own) < _tie(other):
        return ceil(gap)
    return floor(gap) + 1


def points_to_share(own: Entry, other: Entry) -> int:
    """Count the points by which the score of `own` must rise to be that of `other`."""
    return ceil(other.score - own.score)


def worth(score: float, of_a_point: float) -> Decimal:
    """Give what a decaying score is worth, rounded nearest (halves away from zero) to three places."""
    certain = Decimal(f"{score * of_a_point:.{CERTAIN_DIGITS}g}")
    return certain.quantize(PLACES, ROUND_HALF_UP)


def _tie(entry: Entry) -> tuple[int, bytes]:
    return entry.reached, entry.user_id.encode()
