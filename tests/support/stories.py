"""Stories for hypothesis: what a few members do in some weeks, in the order the broker took it."""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from math import prod
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st

from processors.engine import Decision, RuleBook
from schemas.moments import DAY, HOUR, MINUTE, read
from schemas.results import Posting
from tests.support.engine import Document, Engine, Outcome, changed, loyalty

ZONES: Final = ("UTC", "America/New_York", "Asia/Kolkata")
# Low thresholds, so that a story goes up and down over all of them.
THRESHOLDS: Final = {"BRONZE": 0, "SILVER": 60, "GOLD": 200, "PLATINUM": 900, "DIAMOND": 3_000}
BEGIN: Final = read("2025-11-27T00:00:00Z")
"""When stories begin: a Thursday; soon a week, a month and winter begin, and some go on to the year's end."""

Deed = tuple[str, Document]
"""(type, facts)."""


class Said(NamedTuple):
    """A record of one of the inputs."""

    id: str
    user: str
    type: str
    facts: Document
    at: int  # When it happened.
    came: int  # When the broker took it.

    @property
    def internal(self) -> bool:
        """Whether Laurel itself said it."""
        return self.type == "WEEKLY_WINNER"

    @property
    def value(self) -> bytes:
        """The record's bytes."""
        said = {"id": self.id, "program": "loyalty", "user_id": self.user, "type": self.type}
        return json.dumps(said | {"occurred_at": self.at, "data": self.facts}).encode()


_ADJUSTED: Final = {"reason": "r", "created_by": "otto"}
ALONE: Final[tuple[Deed, ...]] = (
    *(("SOCIAL_SHARE", {}) for _ in range(6)),
    *(("REVIEW", {"product_id": product}) for product in "abcdefgh"),
    *(("PURCHASE", {"order_value": value}) for value in ("99.99", "100", "2499.5", "7000.01", "0")),
    ("BIRTHDAY_BONUS", {}),
    *(("REFERRAL", {"referred_user": user}) for user in ("anna", "bert", "carl")),
    *(("PROFILE", {"country": country}) for country in ("US", "DE")),
    *(("MANUAL_ADJUSTMENT", {"points": points, **_ADJUSTED}) for points in (-700, -40, 55, 800)),
    *(("WEEKLY_WINNER", {"place": place, "period": "weekly:2025-W47"}) for place in (1, 2, 3)),
)
"""What members do that does not concern others; more of what has limits."""
ANY: Final[tuple[Deed, ...]] = (
    *ALONE,
    ("SIGNUP", {}),
    *(("SIGNUP", {"code": code}) for code in "AB"),
    *(("SIGNUP", {"referral_code": code}) for code in "AB"),
)
LIMITED: Final[tuple[Deed, ...]] = (
    *(("SOCIAL_SHARE", {}) for _ in range(8)),
    *(("REVIEW", {"product_id": product}) for product in "abcdefghijklmnopqrst"),
    *(("BIRTHDAY_BONUS", {}), ("SIGNUP", {})),
)
"""What has limits."""
_USERS: Final = ("anna", "anna", "bert")
# Hours until the next record; mostly few, so that limits are met.
_GAPS: Final = (*[0.1] * 12, *[0.5] * 8, *[59 / 60] * 3, *[1.0] * 11, *[2.0] * 3, 9.0, 30.0, 90.0)
_LATE: Final = (*[0] * 14, 10 * MINUTE, 3 * HOUR, 2 * DAY, 8 * DAY, -6 * MINUTE)


def stories(deeds: tuple[Deed, ...], most: int = 60) -> st.SearchStrategy[list[Said]]:
    """Return stories of such deeds, long ones as often as short ones.

    A step is one number that picks its user, deed, gap and lateness: quickly drawn and shrunk.
    """
    choices = (deeds, _USERS, _GAPS, _LATE)
    step = st.integers(0, prod(map(len, choices)) - 1)
    sizes = st.integers(0, most)
    steps = sizes.flatmap(lambda size: st.lists(step, min_size=size, max_size=size))
    return steps.map(lambda numbers: _in_order(_picked(number, choices) for number in numbers))


def _picked(number: int, choices: Sequence[Sequence[Any]]) -> list[Any]:
    """Pick one of each by the digits of a number."""
    picked = []
    for choice in choices:
        number, digit = divmod(number, len(choice))
        picked.append(choice[digit])
    return picked


def _in_order(steps: Iterable[list[Any]]) -> list[Said]:
    told, now = [], BEGIN
    for number, ((kind, facts), user, gap, late) in enumerate(steps):
        now += int(gap * HOUR)
        told.append(Said(f"{number}", user, kind, facts, now - late, now))
    return told


def program(zone: str) -> Document:
    """Return loyalty in this zone with the low thresholds."""
    document = loyalty(timezone=zone)
    steps = document["ladders"]["tier"]["steps"]
    low = [step | {"at": THRESHOLDS[step["name"]]} for step in steps]
    return changed(document, {"ladders": {"tier": {"steps": low}}})


@cache
def book(zone: str) -> RuleBook:
    """Return a book with that program; nobody adds to it."""
    engine = Engine()
    engine.publish(program(zone))
    return engine.book


class Told(NamedTuple):
    """A story that was played: the engine after it, and each record with all that came of it."""

    engine: Engine
    heard: list[tuple[Said, list[Outcome]]]

    @property
    def postings(self) -> list[Posting]:
        """Every posting, in order."""
        decisions = [
            each for _, heard in self.heard for each in heard if isinstance(each, Decision)
        ]
        return [posting for decision in decisions for posting in decision.postings]


def tell(story: list[Said], zone: str) -> Told:
    """Play a story; what is derived is decided at once."""
    engine = Engine(book(zone))
    heard = [
        (said, engine.hear_all(said.value, said.came, internal=said.internal)) for said in story
    ]
    return Told(engine, heard)
