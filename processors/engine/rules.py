"""A version of a program, bound: what `decide` looks up instead of reading the program file.

Everything here is made once per version by `processors.engine.bind` and never changes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from processors.engine.boards import Boards
from processors.engine.decision import Refusal
from processors.engine.facts import FactReader
from processors.engine.ladders import Ladder
from processors.engine.tallies import Tallies
from schemas.accounts import Account, Head
from schemas.actions import Action, Derived
from schemas.moments import Calendar, Day, PeriodKind
from schemas.results import (
    AchievementUnlocked,
    Kind,
    Notification,
    PeriodRecord,
    Posting,
    TierChanged,
)

SIGNED: Final = ("earn", "adjust")
"""Kinds of rules whose points may be less than 0, unless they are held."""


class Scene(msgspec.Struct, gc=False):
    """One action being decided, and what has come of it so far.

    The draft is this decision's own copy of the account: steps of the engine change it, nobody else
    has seen it. `declined` is the account if the action is declined: it remembers the id, nothing
    else. `day` is the day that counts for limits, in the program's zone, `moment` the text of
    `occurred_at`. What ended before `forget_before` can have no further action and may be dropped.
    """

    rules: "Rules"
    kind: "ActionRules"
    action: Action
    facts: dict[str, Any]
    draft: Account
    declined: Account
    day: Day
    moment: str
    forget_before: int
    postings: list[Posting]
    derived: list[Derived]
    # The action is not counted on the draft yet: formulas add it.
    open: bool = True
    # Points that the rules of this action have given so far.
    awarded: int = 0
    # What formulas have read so far, by what was asked.
    memo: dict[tuple[str, ...], Any] | None = None
    tiers: Sequence[TierChanged] = ()
    achievements: Sequence[AchievementUnlocked] = ()
    periods: Sequence[PeriodRecord] = ()
    notifications: Sequence[Notification] = ()


Guard = Callable[[Scene], Refusal | None]
"""Says why an action may give nothing now, or None."""

Note = Callable[[Scene], None]
"""Notes on the draft what a limit counts, once the action is accepted."""

Effect = Callable[[Scene], Refusal | None]
"""Changes the draft beyond points and tells what follows in the scene; or says why it may not be."""

Condition = Callable[[Mapping[str, Any], Scene], bool]
"""Tells whether a condition of a program holds."""


class Award(msgspec.Struct, frozen=True, gc=False):
    """Points that a rule gives, and the sum that leads to them."""

    points: int
    base: int | float
    multiplier: int | float
    why: list[tuple[str, str]]
    # The sum without the factor of the primary path, before rounding: units and their decimals.
    bare: tuple[int, int] = (0, 0)


Sum = Callable[[Mapping[str, Any], Scene], Award | None]
"""Computes a rule: base points, times each factor, rounded once; None where a term is missing."""


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
    type: str  # The action type it belongs to.
    action: str  # What its postings call the action.
    currency: str
    scale: int
    takes: bool  # Its points leave the balance, which has to have them.
    ladder: str | None
    eras: tuple[Era, ...]
    once: bool
    when: Condition | None
    when_text: str
    minimum: tuple[Minimum, ...]
    max_points: int | None
    expires: Callable[[Scene], int] | None
    hold: "HoldRule | None"
    reversible: bool
    columns: str | None  # Which boards it scores on: a name of theirs.
    category: str | None
    path_xp: bool
    actor: str | None
    reason: str | None


class HoldRule(msgspec.Struct, frozen=True, gc=False):
    """How an award is held: for so long, or until a condition holds on its day."""

    length: int | None
    until: Condition | None
    forfeits: bool


class PointsLimit(NamedTuple):
    """At most so many points per period by one action type."""

    period: PeriodKind
    most: int
    text: str  # `30 a day`


Shown = tuple[str, Any]
"""A value as people read it in a text, and as JSON has it."""

Show = Callable[[Any, Calendar], Shown]
"""Shows a fact as the engine has it, dates in the program's zone."""


class Notice(NamedTuple):
    """What a member is told: the kind of it, texts with places, and the names in those."""

    type: str
    title: str
    message: str
    names: frozenset[str]
    # Of an action: what shows its facts.
    shows: Mapping[str, Show]


class ActionRules(msgspec.Struct, frozen=True, gc=False):
    """What a version knows of one action type."""

    type: str
    ref: str
    outside: bool  # It may come over `actions`.
    inside: bool  # It may come over `actions.internal`.
    read_facts: FactReader
    fact_names: tuple[str, ...]
    reference: Callable[[Mapping[str, Any]], dict[str, object]]
    # A job's action may not speak of a period of these facts before its end.
    periods: tuple[str, ...]
    opens: bool  # It says that a period began: it may not before that.
    # It is known, but nothing follows from it.
    idle: bool
    suspendable: bool  # Suspended members may not.
    never_late: bool
    keeps_id: bool  # For ever, for it may come at any time.
    campaign: bool  # Only from a campaign's start until its end.
    day_of: str | None  # The moment fact whose day counts.
    first_only: bool
    limits: tuple[Guard, ...]
    # Those of them that refuse rules of other currencies than the first, too.
    limits_elsewhere: tuple[Guard, ...]
    # Asked after the conditions of each rule.
    last_guards: tuple[Guard, ...]
    awards: tuple[AwardRule, ...]
    points_limits: tuple[PointsLimit, ...]
    effect: Effect | None
    derives: Callable[[Scene], None] | None
    # Derives what is said to the sender of a credit that cannot be booked.
    returns: "Callable[[Rules, Action], Derived | None] | None"
    notes: tuple[Note, ...]
    # The streaks it raises, and the condition on which each begins anew.
    streaks: Mapping[str, Condition | None]
    holds: bool  # It has rules that hold until a condition.
    badges: "tuple[BadgeRule, ...]"  # Those that it may earn.
    notice: Notice | None  # What is told of an accepted one.
    moves_in: bool  # What was reached elsewhere is told to nobody.


class Rules(msgspec.Struct, frozen=True, gc=False):
    """A version of a program, bound."""

    program: str
    version: str
    calendar: Calendar
    accept_late: int  # Milliseconds; more than there are accept any.
    currency: str
    actions: Mapping[str, ActionRules]
    ladders: tuple[Ladder, ...]
    # The first ladder, whose step every posting names, and its first step.
    tier_ladder: str
    first_tier: str | None
    boards: Boards
    tallies: Tallies | None
    scales: Mapping[str, int]
    begins: int
    ends: int
    reversible_for: int
    reserve_for: int
    # By name, across action types: what reversals and releases look up.
    awards: Mapping[str, AwardRule]
    path_ladders: Mapping[str, Ladder]
    # By path and action: its factor in millionths.
    path_factors: Mapping[str, Mapping[str, int]]
    streaks: frozenset[str]
    badges: Mapping[str, int]  # How many levels each has.
    ranked_badges: frozenset[str]  # Those that are held for a rank, while it is true.
    rewards: "Mapping[str, RewardRule]"
    unlocks: "Mapping[str, UnlockRule]"
    suspicion: "SuspicionRule | None"
    # The types that the engine derives by itself, where the program has them.
    suspend_type: str | None
    claim_type: str | None
    look_up_type: str | None
    answer_types: frozenset[str]  # What owners of codes get, as soon as there is one.
    # By board, without its part of a split.
    periods: "Mapping[str, PeriodsRule]"
    close: "CloseRule | None"
    # What is told, by (`tier`, ladder), (`badge`, badge), (`reward`, reward).
    notices: Mapping[tuple[str, str], Notice]


Measure = Callable[[Head], int]
"""Reads a value of an account."""


class BadgeRule(msgspec.Struct, frozen=True, gc=False):
    """A badge: a level for each value that its measure reaches, or one when its condition holds."""

    name: str
    levels: tuple[int, ...]
    most: int  # How many levels there are.
    measure: Measure | None
    when: Condition | None


class RewardRule(NamedTuple):
    """A reward, and from which value of its measure on it is earned; None is by hand."""

    type: str
    measure: Measure | None
    at: int
    at_most: int | None
    payload: object


class UnlockRule(NamedTuple):
    """Something that is bought, in units of its currency."""

    cost: int
    currency: str
    repeatable: bool
    boost: tuple[str, int, int] | None  # currency, millionths, milliseconds
    payload: object
    expires: Callable[[Scene], int] | None


class SuspicionRule(NamedTuple):
    """After so many suspicious declines of a day a member is suspended for so long."""

    times: int
    length: int


class WinnersRule(NamedTuple):
    """The action that the first so many of a period get."""

    places: int
    action: str


class PeriodsRule(NamedTuple):
    """The kinds of periods that a board has, and by kind who wins one."""

    is_split: bool
    kinds: frozenset[PeriodKind]
    winners: Mapping[str, WinnersRule]


class CloseRule(NamedTuple):
    """The end of a campaign: its board, how many win, and which rewards go to how many of them."""

    board: str
    most: int
    snapshot: bool
    rewards: tuple[tuple[str, int], ...]
    grant: str | None  # The type that grants them, where the program has one.
