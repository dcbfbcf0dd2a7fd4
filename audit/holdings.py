"""What an account can have: lots, awards, holds, reservations, standings; each is replaced, never changed."""

from datetime import date
from typing import Any, NamedTuple

LotTold = tuple[str, int, int | None]
"""(id, points, expiry in epoch ms), as `lots` of a posting names it: put in, or less what was taken.

Where something is taken from the pool it is called `always`.
"""


class Waiting(NamedTuple):
    """A look-up of a code that nobody owned yet; `since` is its append time, epoch ms."""

    referred_user: str
    since: int
    version: str
    own_code: bool


class Standing(NamedTuple):
    """A member's score in one period of a board.

    `part` is where on a split board the member stands with it: a country, a tier, a category; empty
    on a board that is not split, None where the member has no part yet and so no place. `tie` is
    when the score was reached, epoch ms, unless the board's ties are otherwise. A score is whole but
    on a board with decay. `furthest` is the farthest from 0 that it ever was.
    """

    part: str | None
    score: int | float = 0
    tie: int = 0
    furthest: int | float = 0


class Lot(NamedTuple):
    """Points that expire together: what is left of them, and what expired already."""

    currency: str
    left: int
    expires_at: int
    expired: int = 0


class Award(NamedTuple):
    """A rule's `earn`, as a reversal finds it."""

    action_id: str
    type: str
    rule: str
    lot: str  # the id of its posting, and of its lot if it expires
    currency: str
    points: int
    occurred_at: int
    expires: bool
    category: str | None
    scores: str
    reversed: int = 0
    # Of `reversed`: what had expired and so took nothing.
    reversed_expired: int = 0


class Hold(NamedTuple):
    """An award that is held, under the id of its posting."""

    type: str
    rule: str
    day: date
    currency: str
    points: int
    due: int
    forfeits: bool
    # What was said when it was made.
    expires_at: int | None
    scores: str
    category: str | None


class Reservation(NamedTuple):
    """Points set aside, lot by lot."""

    currency: str
    lots: tuple[LotTold, ...]
    due: int


class Boost(NamedTuple):
    """A factor on a currency's awards from one moment until, not including, another."""

    factor: Any
    since: int
    until: int


class Review(NamedTuple):
    """The last review that stepped down: the window's points, and the lifetime at that time."""

    points: int
    lifetime: int
