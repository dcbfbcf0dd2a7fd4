"""Members of one program and what they do, drawn from whatever source of chance is handed in.

The simulated year lives on it with one long source, the properties with a short one for each step.
"""

import itertools
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

from schemas.moments import DAY

Body = dict[str, Any]
Facts = dict[str, Any]
Deed = Callable[["Life", str], Body]
"""Makes an action of a member."""

SETTLING: Final = (
    "EXPIRATION",
    "HOLD_END",
    "RESERVE_LAPSE",
    "LOOKUP_LAPSE",
    "SUSPENSION_END",
)
PERIODS: Final = ("PERIOD_OPEN", "PERIOD_CLOSE", "PERIOD_RESTATE", "BADGE_CHECK", "EXPIRY_NOTICE")
INTERNAL: Final = {"WEEKLY_WINNER", "TIER_REVIEW", *PERIODS, *SETTLING}
"""Types that only jobs say."""
_REMEMBERED: Final = 60
_FLATTENED: Final = 10
_NEWCOMERS: Final = 0.15


class Life:
    """The members of a program: who signed up so far, and what happened that others may refer to."""

    def __init__(self, program: str, deeds: Mapping[Deed, float], members: int) -> None:
        self.program = program
        self.deeds = deeds
        self.random = Random(0)
        self.now = 0
        self.said = 0
        self.signed_up = 0
        # What follows from what was done: the rest of a burst, the other half of a redemption.
        self.waiting: deque[Body] = deque()
        # The last few awards, codes, payments, reservations, sign-ups.
        self.kept: dict[str, deque[tuple[str, ...]]] = defaultdict(
            lambda: deque(maxlen=_REMEMBERED)
        )
        # By member: when the last report of a machine ended.
        self.reported: dict[str, int] = {}
        self.weights = list(
            itertools.accumulate(1 / (place + _FLATTENED) for place in range(members))
        )
        self._weighed = list(itertools.accumulate(deeds.values()))

    def act(self, random: Random, now: int) -> Body:
        """Let somebody do something."""
        self.random, self.now = random, now
        if self.waiting and random.random() < 0.8:
            return self.waiting.popleft()
        (deed,) = random.choices(list(self.deeds), cum_weights=self._weighed)
        return deed(self, self.member())

    def member(self) -> str:
        """Pick a member: a few come often, most rarely; some are newcomers."""
        if self.signed_up and self.random.random() < _NEWCOMERS:
            return self.newcomer(self.random.randint(1, self.signed_up))
        (place,) = self.random.choices(range(len(self.weights)), cum_weights=self.weights)
        return f"u-{place:04d}"

    def newcomer(self, number: int) -> str:
        """Name the so-manieth member that signed up."""
        return f"n-{number:05d}"

    def chance(self, share: float) -> bool:
        """Say yes in this share of all cases."""
        return self.random.random() < share

    def say(self, user: str, kind: str, data: Facts | None = None, at: int | None = None) -> Body:
        """Put an action into its envelope, with an id of its own."""
        self.said += 1
        return {
            "id": f"{self.program[:1]}{self.program[-1:]}-{self.said:07d}",
            "program": self.program,
            "user_id": user,
            "type": kind,
            "occurred_at": self.now if at is None else at,
            "data": data or {},
        }

    def award(self, body: Body) -> Body:
        """Remember an action that may be reversed."""
        self.kept["awards"].append((body["user_id"], body["id"]))
        return body

    def recall(self, what: str) -> tuple[str, ...] | None:
        """Pick one of the last few."""
        return self.random.choice(self.kept[what]) if self.kept[what] else None

    def days(self, most: float) -> int:
        """Pick a stretch of time, in milliseconds, up to so many days."""
        return int(self.random.random() * most * DAY)
