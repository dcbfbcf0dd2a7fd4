"""The words of a score: how its board makes one score of many, and what else is said of the change."""

from functools import lru_cache
from typing import Final, NamedTuple

SUM: Final = "sum"
BEST: Final = "best"
LAST: Final = "last"
DECAY: Final = "decay:"
EXACT: Final = 1 << 53
"""The largest score a double holds exactly."""
USUAL_WORDS: Final = frozenset({None, "quiet", "leaves", "hidden", "hidden leaves"})
"""Words of boards that are plain sums."""


class Way(NamedTuple):
    """How a board makes one score of many, `sum`, `best`, `last` or `decay:0.9:day`; whether ties are said."""

    operator: str = SUM
    tied: bool = False


USUAL: Final = Way()


class Words(NamedTuple):
    """The words of a score, read.

    `tie` is a tie value that was said, `number` the day, week or month of a change that decays.
    """

    quiet: bool = False
    leaves: bool = False
    hidden: bool = False
    way: Way = USUAL
    tie: int | None = None
    number: int = 0


@lru_cache(maxsize=65_536)
def read_words(words: str | None) -> Words:
    """Read the words of a score. Raises ValueError for one that nobody knows."""
    operator, tie, number, plain = SUM, None, 0, set[str]()
    for word in (words or "").split():
        name, _, said = word.partition(":")
        if name == "tie":
            tie = int(said)
        elif name == "decay":
            factor, count, per = said.split(":")
            operator, number = f"{DECAY}{factor}:{per}", int(count)
        elif name in (BEST, LAST):
            operator = name
        elif name in ("quiet", "leaves", "hidden"):
            plain.add(name)
        else:
            raise ValueError(f"no word of a score is {word!r}")
    way = Way(operator, tie is not None)
    return Words("quiet" in plain, "leaves" in plain, "hidden" in plain, way, tie, number)
