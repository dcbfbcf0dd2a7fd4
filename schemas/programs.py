"""A program file: the vocabulary in which a points scheme is written, and its published form.

The models say which words exist, which values they take and what they mean; docs/rules.md tells it to
authors. Action types and their rules are in `schemas.program_actions`.
"""

from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Literal

import msgspec
from pydantic import AfterValidator, Field, model_validator

from schemas import moments
from schemas.moments import Per, PeriodKind
from schemas.program_actions import ActionType, Formula, Notify, Rate, Rule
from schemas.program_standard import with_standard
from schemas.program_words import (
    Duration,
    FixedSpan,
    MomentText,
    Number,
    Part,
    RuleName,
    Span,
    TypeName,
    Word,
    known_zone,
    named_like,
)

StepName = Annotated[
    str,
    Field(max_length=64),
    AfterValidator(named_like(r"[A-Z][A-Z0-9_]*", "a step is named in capitals, like GOLD")),
]
Percent = Annotated[Number, Field(gt=0, le=100)]


def _rising(bands: dict[str, Decimal]) -> dict[str, Decimal]:
    """Refuse a band that adds nobody to the one before it."""
    for (small, least), (large, most) in pairwise(bands.items()):
        if least >= most:
            raise ValueError(
                f"{large}: {most} does not rise over {small}: {least}; write the smallest first"
            )
    return bands


class Currency(Part):
    """What points are counted in."""

    scale: Annotated[int, Field(ge=0, le=6)] = 0
    rounding: Literal["floor", "nearest"] = "floor"


class Step(Part):
    """One step of a ladder, held from this value of its measure on; grants by currency."""

    name: StepName
    at: int
    multiplier: Number = Decimal(1)
    icon: str | None = None
    colour: str | None = None
    grants: dict[Word, Annotated[int, Field(gt=0)]] = {}


class Rank(Part):
    """What levels from one on are called and look like."""

    name: str
    icon: str | None = None
    colour: str | None = None


class Levels(Part):
    """Steps 1 to `most` by formulas over `n`, the level."""

    most: Annotated[int, Field(gt=0, le=1_000)]
    at: Formula
    grants: dict[Word, Formula] = {}
    ranks: dict[int, Rank] = {}


class Ladder(Part):
    """Thresholds on a measure, in rising order; the first step holds whatever lies below."""

    measure: str = "lifetime"  # or `balance`, `count(ACTION)`.
    currency: str | None = None
    steps: list[Step] = []
    levels: Levels | None = None
    qualification: FixedSpan | None = None
    notify: Notify | None = None


class Streak(Part):
    """Consecutive days with an accepted action of a type."""

    action: TypeName
    restarts: str | None = None


class Path(Part):
    """A way to specialise: factors on the awards of some actions."""

    multipliers: dict[TypeName, Number]


class Promotion(Part):
    """A dated factor on the awards of some actions; without `actions` on all that multiply by it."""

    name: RuleName
    factor: Annotated[Number, Field(gt=0)]
    actions: list[TypeName] | None = None
    segment: str | None = None
    from_: Annotated[MomentText, Field(alias="from")]
    until: MomentText


class Decay(Part):
    """What is left of a point after each whole day, ISO week or month since it was scored."""

    factor: Annotated[Number, Field(gt=0, lt=1)]
    per: Per


class Winners(Part):
    """The first so many of a period that ended, and the action that each of them gets."""

    places: Annotated[int, Field(gt=0, le=100)]
    action: TypeName


class Board(Part):
    """A leaderboard, in one copy per period and, with a split, per part."""

    # What is scored: `points`, `balance`, `earned`, `spent`, `referrals`, `count(ACTION)`, `path_xp`.
    measure: str = "points"
    currency: str | None = None
    split: str | None = None  # `country`, `category`, `path`, `team`, or the name of a ladder.
    operator: Literal["sum", "best", "last"] = "sum"
    # Who of equal scores stands first: who reached it earlier, who signed up earlier, the lesser id.
    ties: Literal["reached", "signup", "id"] = "reached"
    decay: Decay | None = None
    periods: Annotated[list[PeriodKind], Field(min_length=1)]
    # Whether `leaderboard.updated` is sent: for all periods, none, or these.
    ranks: bool | list[PeriodKind] = True
    # How long after its end a period's board stays.
    keep: dict[PeriodKind, FixedSpan] = {}
    # Who stands on a period's board when it begins: nobody, or at 0 who stood on the one before.
    opening: Literal["empty", "carry"] = "empty"
    winners: dict[PeriodKind, Winners] = {}


class Close(Part):
    """The end of a campaign: the board whose first members, at most so many, are its winners."""

    board: Word
    most: Annotated[int, Field(gt=0, le=1_000)]
    snapshot: bool = True  # Whether the result holds the top of the board.


class Standing(Part):
    """Where a member stands on a board's all_time: among the first so many, or so many of a hundred."""

    board: Word
    top: Annotated[int, Field(gt=0)] | None = None
    percent: Annotated[int, Field(gt=0, le=100)] | None = None


class Badge(Part):
    """An achievement granted once per level and kept; one of a rank is held while that is true."""

    measure: str | None = None  # `lifetime`, `balance`, `count(ACTION)`, `streak(name)`.
    at: Annotated[int, Field(gt=0)] | None = None
    levels: list[Annotated[int, Field(gt=0)]] = []
    when: str | None = None
    rank: Standing | None = None
    notify: Notify | None = None


class Reward(Part):
    """Something given to those who reach a value, to the first of a campaign, or by hand.

    With `at_most` to so many.
    """

    type: Literal["FEATURE", "ACCESS", "DIGITAL", "CUSTOM"]
    measure: str | None = None
    at: Annotated[int, Field(gt=0)] | None = None
    manual: bool = False
    # To so many winners of the campaign, when it closes.
    top: Annotated[int, Field(gt=0)] | None = None
    payload: Any = None
    at_most: Annotated[int, Field(gt=0)] | None = None
    notify: Notify | None = None


class Boost(Part):
    """A factor on all awards of a currency for a while."""

    currency: str
    factor: Annotated[Number, Field(gt=0)]
    for_: Annotated[FixedSpan, Field(alias="for")]


class Unlock(Part):
    """Something bought with points."""

    cost: Annotated[int, Field(gt=0)]
    currency: str | None = None
    repeatable: bool = False
    boost: Boost | None = None
    payload: Any = None
    expires: Span | None = None


class Suspicion(Part):
    """So many suspicious declines within a day suspend the member."""

    times: Annotated[int, Field(gt=0, le=1_000)]
    suspend: FixedSpan


class Program(Part):
    """A whole points scheme, in force for what happens from `effective_from` on."""

    program: Annotated[
        str,
        Field(max_length=64),
        AfterValidator(
            named_like(r"[a-z][a-z0-9-]*", "a program is named in small letters, like my-shop")
        ),
    ]
    effective_from: MomentText
    title: str | None = None
    description: str | None = None
    timezone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    accept_late: FixedSpan | Literal["unlimited"] = Duration(milliseconds=7 * moments.DAY)
    # A campaign's first moment, and the first after it.
    starts: MomentText | None = None
    ends: MomentText | None = None
    close: Close | None = None
    rate: Rate | None = None
    suspicion: Suspicion | None = None
    reversible_for: FixedSpan = Duration(milliseconds=180 * moments.DAY)
    reserve_for: FixedSpan = Duration(milliseconds=30 * moments.MINUTE)
    # How long before points expire the job says EXPIRY_NOTICE.
    expiry_notice: FixedSpan | None = None
    currencies: Annotated[dict[Word, Currency], Field(min_length=1)]
    ladders: dict[Word, Ladder] = {}
    streaks: dict[Word, Streak] = {}
    paths: dict[Word, Path] = {}
    path_levels: Levels | None = None
    stacking: Literal["multiply", "best"] = "multiply"
    promotions: list[Promotion] = []
    tables: dict[Word, dict[str, Number | str]] = {}
    boards: dict[Word, Board] = {}
    # What the best are called, by the percentage of a board's members that they are the first of.
    standings: Annotated[dict[Word, Percent], AfterValidator(_rising)] = {}
    badges: dict[Word, Badge] = {}
    rewards: dict[Word, Reward] = {}
    unlocks: dict[Word, Unlock] = {}
    actions: Annotated[dict[TypeName, ActionType], Field(min_length=1)]
    # Worked examples, run by `laurel rules check`; their form is told in processors/engine/examples.
    examples: list[dict[str, Any]] = []

    @model_validator(mode="before")
    @classmethod
    def _with_standard_actions(cls, written: Any) -> Any:  # noqa: ANN401 - pydantic's own signature
        """Add the action types that a program has without saying so."""
        return with_standard(written) if isinstance(written, dict) else written

    @property
    def first_currency(self) -> str:
        """The name of the currency that everything has which names none."""
        return next(iter(self.currencies))

    def currency_of(self, item: Rule | Ladder | Board | Unlock) -> str:
        """Return the name of the currency of an item of this program."""
        return item.currency or self.first_currency


class PublishedVersion(msgspec.Struct, frozen=True):
    """A program's version on the topic `rules`.

    It is seen by actions appended `lead_ms` or more after it. Without a document the program is
    stopped for what happens from `effective_from` on.
    """

    program: str
    version: str  # `program@effective_from`, also the record's key.
    effective_from: int
    lead_ms: int
    document: dict[str, Any] | None
    published_at: str
    published_by: str


def parse_program(document: object) -> Program:
    """Read a program file's content. Raises pydantic.ValidationError naming every wrong place."""
    return Program.model_validate(document)


def effective_moment(program: Program) -> int:
    """Return the moment from which a version holds; a bare date begins in the program's zone."""
    return moment_in(program.effective_from, moments.calendar_of(program.timezone))


def version_name(program: Program) -> str:
    """Name a version, `program@effective_from`."""
    return f"{program.program}@{program.effective_from}"


def moment_in(text: str, calendar: moments.Calendar) -> int:
    """Read RFC 3339 or a bare date, which is its first moment in that calendar."""
    date = moments.read_date(text)
    return moments.read(text) if date is None else calendar.start_of(date)


def publish(
    document: dict[str, Any], *, lead_ms: int, published_at: int, published_by: str
) -> PublishedVersion:
    """Make the published form of a program file. Raises pydantic.ValidationError."""
    program = parse_program(document)
    return PublishedVersion(
        program=program.program,
        version=version_name(program),
        effective_from=effective_moment(program),
        lead_ms=lead_ms,
        document=document,
        published_at=moments.write(published_at),
        published_by=published_by,
    )


encode_published = msgspec.json.Encoder().encode
read_published = msgspec.json.Decoder(PublishedVersion).decode
"""Read a record of the topic `rules`. Raises msgspec.DecodeError."""
