"""A version of a program, bound: what `decide` looks up instead of reading the program file.

Everything here is made once per version by `processors.engine.bind` and never changes.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from processors.engine.boards import Boards
from processors.engine.decision import Refusal
from processors.engine.facts import FactReader
from processors.engine.ladders import Ladder
from schemas.accounts import Account
from schemas.actions import Action, Derived
from schemas.moments import Calendar, Day, PeriodKind
from schemas.results import Kind


class Scene(msgspec.Struct, gc=False):
    """One action being decided.

    The draft is this decision's own copy of the account: steps of the engine change it, nobody else
    has seen it. `day` is the day of `occurred_at` in the program's zone, `moment` its text.
    What ended before `forget_before` can have no further action and may be dropped.
    """

    rules: "Rules"
    kind: "ActionRules"
    action: Action
    facts: dict[str, Any]
    draft: Account
    day: Day
    moment: str
    forget_before: int
    # Points that the rules of this action have given so far.
    awarded: int = 0


Guard = Callable[[Scene], Refusal | None]
"""Says why an action may give nothing now, or None."""

Note = Callable[[Scene], None]
"""Notes on the draft what a limit counts, once the action is accepted."""

Effect = Callable[[Scene], "list[Derived] | Refusal"]
"""Changes the draft beyond points; what it derives for other subjects, or why it may not be."""


class Award(msgspec.Struct, frozen=True, gc=False):
    """Points that a rule gives, and the sum that leads to them."""

    points: int
    base: int | float
    multiplier: int | float
    why: list[tuple[str, str]]


Sum = Callable[[Mapping[str, Any]], Award]
"""Computes a rule from the facts: base points, times each factor, rounded once."""


class Era(msgspec.Struct, frozen=True, gc=False):
    """A stretch of time, until `end`; its sums by the step held, None while the rule is inactive."""

    end: int
    sums: Mapping[str | None, Sum] | None


class Minimum(NamedTuple):
    """The least that a rule asks for of a fact, in its units."""

    fact: str
    units: int
    text: str


class AwardRule(msgspec.Struct, frozen=True, gc=False):
    """One row of a program: what an action of its type earns."""

    name: str
    ref: str  # `loyalty@2025-01-01/purchase`
    kind: Kind
    currency: str
    ladder: str | None
    eras: tuple[Era, ...]
    minimum: tuple[Minimum, ...]
    max_points: int | None
    expires: Callable[[Scene], str] | None
    columns: str | None  # Which boards it scores on: a name of theirs.
    category: str | None
    actor: str | None
    reason: str | None


class PointsLimit(NamedTuple):
    """At most so many points per period by one action type."""

    period: PeriodKind
    most: int
    text: str  # `30 a day`


class ActionRules(msgspec.Struct, frozen=True, gc=False):
    """What a version knows of one action type."""

    type: str
    ref: str
    outside: bool  # It may come over `actions`.
    inside: bool  # It may come over `actions.internal`.
    read_facts: FactReader
    reference: Callable[[Mapping[str, Any]], dict[str, object]]
    # A job's action may not speak of a period of these facts before its end.
    periods: tuple[str, ...]
    # It is known, but nothing follows from it.
    idle: bool
    limits: tuple[Guard, ...]
    # Asked after the conditions of each rule.
    last_guards: tuple[Guard, ...]
    awards: tuple[AwardRule, ...]
    points_limits: tuple[PointsLimit, ...]
    effect: Effect | None
    derives: Callable[[Scene], list[Derived]] | None
    notes: tuple[Note, ...]
    # The badges it may earn; then by which values, (value, badge) rising, of the lifetime and of
    # this type's count.
    badges: frozenset[str]
    lifetime_badges: tuple[tuple[int, str], ...]
    count_badges: tuple[tuple[int, str], ...]


class Rules(msgspec.Struct, frozen=True, gc=False):
    """A version of a program, bound."""

    program: str
    version: str
    calendar: Calendar
    accept_late: int | None  # Milliseconds; None accepts any.
    currency: str
    actions: Mapping[str, ActionRules]
    ladders: tuple[Ladder, ...]
    # The first ladder, whose step every posting names, and its first step.
    tier_ladder: str
    first_tier: str | None
    boards: Boards
