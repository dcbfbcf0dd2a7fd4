"""How a board makes one score of many: adding them, keeping the best or the last, or letting them decay."""

from datetime import date
from typing import NamedTuple

LANDMARK = date(2025, 1, 1)
"""What has decayed is told as it was worth in the day, week or month of this date."""
NEVER_SIGNED_UP = 2**48 - 1

Amount = int | float
Reached = tuple[Amount, int]
"""A score, and its tie value: the moment in ms at which it was reached, unless ties are otherwise."""


class Decay(NamedTuple):
    """What is left of a point after each whole day, week or month."""

    factor: float
    per: str


class Way(NamedTuple):
    """An operator, and the decay of a sum."""

    operator: str = "sum"
    decay: Decay | None = None


def counted_from_1970(day: date, per: str) -> int:
    """The number of the day, the ISO week or the month; those of 1970-01-01 are 0."""
    if per == "month":
        return (day.year - 1970) * 12 + day.month - 1
    monday = date.fromordinal(day.toordinal() - day.weekday())
    if per == "week":
        return (monday - date(1969, 12, 29)).days // 7
    return (day - date(1970, 1, 1)).days


def weight(decay: Decay, number: int) -> float:
    """What a point of the day of that number was worth at the landmark."""
    return float(decay.factor ** (counted_from_1970(LANDMARK, decay.per) - number))


def follow(way: Way, before: Reached | None, change: int, moment: int, number: int = 0) -> Reached:
    """The score after one more change, and the moment at which it was reached."""
    if way.operator != "sum":
        if before is not None and (
            change == before[0] or (way.operator == "best" and change < before[0])
        ):
            return before
        return (change, moment)
    score, since = before or (0, moment)
    added = change if way.decay is None else change * weight(way.decay, number)
    return (score + added, moment if change else since)


class Words(NamedTuple):
    """The fourth element of an entry of `scores`."""

    leaves: bool
    hidden: bool
    way: Way
    tie: int | None
    number: int


def read_words(told: str) -> Words:
    """Take the words of an entry apart."""
    words = told.split()
    said = {name: value for name, _, value in (word.partition(":") for word in words)}
    decay, number = None, 0
    if "decay" in said:
        factor, count, per = said["decay"].split(":")
        decay, number = Decay(float(factor), per), int(count)
    operator = next((word for word in words if word in ("best", "last")), "sum")
    tie = int(said["tie"]) if "tie" in said else None
    return Words("leaves" in words, "hidden" in words, Way(operator, decay), tie, number)
