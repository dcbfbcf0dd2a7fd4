"""What the book keeps of one subject: everything, for ever, in plain dictionaries.

Values in the containers are never changed, only replaced; so a copy of the containers is a draft.
"""

import copy
from collections import Counter
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any, NamedTuple, Self

from audit.holdings import Award, Boost, Hold, Lot, LotTold, Reservation, Review, Standing, Waiting

MOST_UNITS = 2**53
"""No posting moves more of a currency's smallest unit, and no account holds or owes more."""


class Line(NamedTuple):
    """One signed change of an account, as the book books it."""

    id: str
    action: str
    rule: str
    kind: str
    currency: str
    points: int
    lifetime_points: int
    balance: int
    lifetime: int
    tier: str | None  # held when it was booked, before the ladders follow the action
    occurred_at: int
    # Told only where something is given: see audit.posting.
    expires_at: int | None
    lots: tuple[LotTold, ...]


class Climb(NamedTuple):
    """A step on a ladder, up or down."""

    action_id: str
    ladder: str
    old: str
    new: str


class Achievement(NamedTuple):
    """A badge, reward or unlock that changed its state."""

    id: str
    kind: str
    name: str
    level: int
    state: str


class Outcome(NamedTuple):
    """What became of an action: `posted`, `accepted`, `declined` or `rejected`, and why."""

    what: str
    reason: str | None = None
    lines: tuple[Line, ...] = ()

    def __str__(self) -> str:
        """`posted 20`, or `declined cooling_down`."""
        points = " + ".join(f"{line.points} {line.currency}" for line in self.lines)
        return " ".join(filter(None, (self.what, points, self.reason)))


@dataclass
class Member:
    """One subject's account in one program."""

    program: str
    subject: str
    # The first outcome of every action id.
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    climbs: list[Climb] = field(default_factory=list)
    achievements: list[Achievement] = field(default_factory=list)
    # As `periods.closed` and `notifications.send` have them.
    periods: list[dict[str, Any]] = field(default_factory=list)
    notifications: list[dict[str, Any]] = field(default_factory=list)
    erased: bool = False

    balance: Counter[str] = field(default_factory=Counter)
    lifetime: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    reserved: Counter[str] = field(default_factory=Counter)
    # By id, in the order of award; those that are used up stay, so that they can be restored.
    lots: dict[str, Lot] = field(default_factory=dict)
    awards: dict[str, Award] = field(default_factory=dict)
    holds: dict[str, Hold] = field(default_factory=dict)
    reservations: dict[str, Reservation] = field(default_factory=dict)

    steps: dict[str, str] = field(default_factory=dict)
    # Grants that were given, by (ladder, step).
    granted: set[tuple[str, str]] = field(default_factory=set)
    reviews: dict[str, Review] = field(default_factory=dict)

    country: str | None = None
    profile: dict[str, Any] = field(default_factory=dict)
    badges: dict[str, int] = field(default_factory=dict)
    # CLAIMED, EARNED or DELIVERED.
    rewards: dict[str, str] = field(default_factory=dict)
    # By unlock: how often, and until when (None: for ever).
    unlocks: dict[str, tuple[int, int | None]] = field(default_factory=dict)
    boosts: dict[str, Boost] = field(default_factory=dict)
    paths: set[str] = field(default_factory=set)
    primary_path: str | None = None
    # In the order in which paths were first joined.
    path_xp: Counter[str] = field(default_factory=Counter)

    counts: Counter[str] = field(default_factory=Counter)
    # Per action type: the moments of the accepted ones, in the order they were decided.
    accepted: dict[str, tuple[int, ...]] = field(default_factory=dict)
    # The moments of all accepted ones that came over `actions`, corrections by admins left out.
    from_outside: tuple[int, ...] = ()
    # What limits have used up, by (action type, period).
    times: Counter[tuple[str, str]] = field(default_factory=Counter)
    points: Counter[tuple[str, str]] = field(default_factory=Counter)
    # By action type: values of the fact that it pays once for.
    paid_for: dict[str, frozenset[str]] = field(default_factory=dict)
    # Rules that give once to a member and did, by (action type, rule).
    given_once: set[tuple[str, str]] = field(default_factory=set)
    # Days, and the last of them, by streak.
    streaks: dict[str, tuple[int, date]] = field(default_factory=dict)
    # By streak: the first moment of its last day, epoch ms.
    last_days: dict[str, int] = field(default_factory=dict)
    # By (action type, fact, period), (action type, fact), fact.
    totals: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    distinct: dict[tuple[str, str], frozenset[Any]] = field(default_factory=dict)
    previous: dict[tuple[str, str], Any] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)

    suspended_until: int | None = None
    # From when until when it was or will be, all that ever were.
    suspensions: list[tuple[int, int]] = field(default_factory=list)
    suspicions: Counter[date] = field(default_factory=Counter)
    # Whether boards were told to show the member no longer.
    hidden: bool = False
    # When it first signed up, kept where a board's ties look at it.
    signed_up: int | None = None
    # By (board's name in the document, period, category or path).
    standings: dict[tuple[str, str, str], Standing] = field(default_factory=dict)
    # Of those that were left: the same key -> the farthest from 0 that one of them ever was.
    left: dict[tuple[str, str, str], int | float] = field(default_factory=dict)

    # Of a `code:` or `payment:` subject: its owner; who waits for one.
    owner: str | None = None
    waiting: list[Waiting] = field(default_factory=list)
    # Of a `payment:`: its status, and the id of what it derived last.
    status: str = "new"
    answered: str | None = None
    # Of a `reward:` pool.
    recipients: int = 0
    # Of a `period:`: what was said of it.
    period: set[str] = field(default_factory=set)

    def draft(self) -> Self:
        """A copy that may be changed and thrown away."""
        return replace(
            self, **{each.name: copy.copy(getattr(self, each.name)) for each in fields(self)}
        )

    def is_listed(self, moment: int) -> bool:
        """Whether boards show the member: who is suspended, erased, or wants it so, is on none."""
        wants = self.profile.get("listed", True)
        return bool(wants) and moment >= (self.suspended_until or 0) and not self.erased

    def is_overfull(self) -> bool:
        """Whether more of a currency is here, or owed, than an account takes, or will be once settled."""
        for currency in {*self.balance, *self.lifetime, *self.held}:
            held, reserved = self.held[currency], self.reserved[currency]
            available, lifetime = self.balance[currency], self.lifetime[currency]
            most = max(available + reserved + held, lifetime + held)
            if most > MOST_UNITS or min(available, lifetime) < -MOST_UNITS:
                return True
        return False

    def emptied(self) -> Self:
        """The account after its erasure: what was said of it stays said, nothing else stays."""
        return type(self)(
            self.program,
            self.subject,
            outcomes=self.outcomes,
            climbs=self.climbs,
            achievements=self.achievements,
            notifications=self.notifications,
            standings=self.standings,
            left=self.left,
            hidden=self.hidden,
            erased=True,
        )


class Declined(Exception):  # noqa: N818  a verdict, no error
    """A valid action gets nothing; `reason` is one of `actions.declined`."""

    def __init__(self, reason: str, *, suspicious: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.suspicious = suspicious
