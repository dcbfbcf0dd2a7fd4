"""What the book keeps of one subject: everything, for ever, in plain dictionaries."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple


class Line(NamedTuple):
    """One signed change of a balance, as the book books it."""

    action: str
    rule: str
    kind: str
    currency: str
    points: int
    lifetime_points: int
    balance: int
    lifetime: int
    tier: str | None  # held before the action
    occurred_at: int


class Climb(NamedTuple):
    """A step on a ladder, up or down."""

    action_id: str
    ladder: str
    old: str
    new: str


class Outcome(NamedTuple):
    """What became of an action: `posted`, `accepted`, `declined` or `rejected`, and why."""

    what: str
    reason: str | None = None
    lines: tuple[Line, ...] = ()

    def __str__(self) -> str:
        """`posted 20`, or `declined cooling_down`."""
        points = " + ".join(f"{line.points} {line.currency}" for line in self.lines)
        return " ".join(filter(None, (self.what, points, self.reason)))


class Waiting(NamedTuple):
    """A look-up of a code that nobody owned yet; `since` is its append time, epoch ms."""

    referred_user: str
    since: int
    version: str


@dataclass
class Standing:
    """A member's score in one period of a board.

    `part` is where on a split board the member stands with it: a country, a tier; empty on a board
    that is not split, None where the member has no part yet and so no place. `tie` is when the
    score was reached, epoch ms.
    """

    part: str | None
    score: int = 0
    tie: int = 0


@dataclass
class Member:
    """One subject's account in one program."""

    program: str
    subject: str
    # The first outcome of every action id.
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    balance: Counter[str] = field(default_factory=Counter)
    lifetime: Counter[str] = field(default_factory=Counter)
    steps: dict[str, str] = field(default_factory=dict)
    climbs: list[Climb] = field(default_factory=list)
    country: str | None = None
    badges: set[str] = field(default_factory=set)
    # Per action type: the moments of the accepted ones, in the order they were decided.
    accepted: dict[str, list[int]] = field(default_factory=dict)
    # What limits have used up, by (action type, period).
    times: Counter[tuple[str, str]] = field(default_factory=Counter)
    points: Counter[tuple[str, str]] = field(default_factory=Counter)
    # By action type: values of the fact that it pays once for.
    paid_for: dict[str, set[str]] = field(default_factory=dict)
    # By (board's name in the document, period).
    standings: dict[tuple[str, str], Standing] = field(default_factory=dict)
    # Of a `code:` subject: its owner, and who waits for one.
    owner: str | None = None
    waiting: list[Waiting] = field(default_factory=list)

    def count(self, kind: str) -> int:
        """How many actions of a type were accepted."""
        return len(self.accepted.get(kind, ()))


class Declined(Exception):  # noqa: N818  a verdict, no error
    """A valid action gets nothing; `reason` is one of `actions.declined`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
