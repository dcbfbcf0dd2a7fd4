"""One action before the book, with all that is known of it and what has come of it so far."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from audit.members import Line, Member
from audit.periods import local_day, period_name, read_instant
from audit.reading import Said
from audit.rules import Document, Version, moment_of

Facts = dict[str, Any]

PERIOD_OF = {
    "day": "daily",
    "week": "weekly",
    "month": "monthly",
    "quarter": "quarterly",
    "year": "yearly",
}


class Derived(NamedTuple):
    """An action that another one gives rise to; `facts` is its data as text, sorted by name."""

    program: str
    subject: str
    type: str
    facts: str
    version: str


@dataclass
class Case:
    """A valid action, its facts, its type as the program declares it, and its subject so far.

    The member is a draft, which counts only when the action is not declined.
    """

    member: Member
    said: Said
    facts: Facts
    kind: Document
    version: Version
    # Whether the member's counts, streaks and what is kept contain this action already.
    noted: bool = False
    # Days and last day of the streaks that it raises, by streak.
    raised: dict[str, tuple[int, date]] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    follows: list[Derived] = field(default_factory=list)
    # The ladder on which a review takes the member one step down.
    stepped_down: str | None = None
    # Whether any board changed without points.
    moved: bool = False

    @property
    def limits(self) -> Document:
        """What refuses or trims this type of action."""
        limits: Document = self.kind.get("limits", {})
        return limits

    @property
    def rules(self) -> Document:
        """The rules of this type of action, by name."""
        rules: Document = self.kind.get("rules", {})
        return rules

    @property
    def effect(self) -> str | None:
        """What the type does besides points."""
        effect: str | None = self.kind.get("effect")
        return effect

    @property
    def moment(self) -> int:
        """When it happened, epoch ms."""
        return self.said.occurred_at

    @property
    def counted_at(self) -> int:
        """The moment whose day it counts for, epoch ms: the fact that `day_of` names, else its own."""
        told = self.facts.get(self.kind.get("day_of", ""))
        return self.moment if told is None else instant(told)

    @property
    def day(self) -> date:
        """The day it counts for."""
        return local_day(self.counted_at, self.version.zone)

    def instant(self, fact: str) -> int:
        """Epoch ms of a moment fact that was sent."""
        return instant(self.facts[fact])

    def period(self, unit: str) -> str:
        """Name of the day, week, month or year that it counts for; `ever` is all of time."""
        return period_name(PERIOD_OF.get(unit, "all_time"), self.day)

    @property
    def first_moment(self) -> int:
        """The first moment of the day it counts for, epoch ms."""
        return moment_of(self.day.isoformat(), self.version.zone)

    def part(self, name: str) -> Document:
        """A part of the program file: `ladders`, `boards`, ...; empty when it has none."""
        part: Document = (self.version.document or {}).get(name, {})
        return part

    def currency(self, named: str | None = None) -> str:
        """The currency a rule, board or ladder speaks of: the one it names, else the first."""
        return named or next(iter(self.part("currencies")))

    def unit(self, currency: str) -> int:
        """How many of the currency's smallest units one point has."""
        form: Document = self.part("currencies")[currency] or {}
        return int(10 ** form.get("scale", 0))

    def posting_id(self, name: str) -> str:
        """The id of what comes of this action under a name."""
        return f"{self.said.id}#{name}"


def instant(told: int | str) -> int:
    """Epoch ms of a moment fact that was found to be one."""
    return (read_instant(told) or 0) if isinstance(told, str) else told


def as_text(value: object) -> str:
    """A fact as text; a number by its shortest digits."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return str(value).lower() if isinstance(value, bool) else str(value)


def derived(program: str, subject: str, kind: str, facts: Facts, version: str | None) -> Derived:
    """Make a derived action comparable: a number, or a moment, is one however it is written."""
    told = {name: _plain(value) for name, value in facts.items() if value is not None}
    return Derived(program, subject, kind, str(sorted(told.items())), version or "")


def _plain(value: object) -> object:
    moment = read_instant(value) if isinstance(value, str) else None
    if moment is not None:
        return moment
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else as_text(value)
    return value
