"""A program file: the vocabulary in which a points scheme is written, and its published form.

The models say which words exist, which values they take and what they mean.
Numbers that decide amounts are exact: a float of YAML or JSON stands for its shortest decimal text.
"""

import re
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

import msgspec
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from schemas import moments
from schemas.accounts import SET_MEMBERS_MAX
from schemas.actions import Origin
from schemas.moments import PeriodKind

_DURATION: Final = re.compile(r"(\d{1,6}) (second|minute|hour|day|week|month|year)s?")
_MILLISECONDS: Final = {
    "second": moments.SECOND,
    "minute": moments.MINUTE,
    "hour": moments.HOUR,
    "day": moments.DAY,
    "week": 7 * moments.DAY,
}
_FACT_TYPE: Final = re.compile(
    r"decimal\([1-6]\)|integer|text|texts|flag|moment|period|member|code|country|timezone"
)
_RULE_NAME: Final = r"^[a-z][a-z0-9_]*$"
_TYPE_NAME: Final = r"^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$"


class Duration(BaseModel):
    """A length of time: exact milliseconds, or calendar months, which differ in length."""

    model_config = ConfigDict(frozen=True)

    milliseconds: int = 0
    months: int = 0


def _duration(written: object) -> object:
    """Read `60 minutes` or `1 year`."""
    if isinstance(written, Duration):
        return written
    parts = _DURATION.fullmatch(written) if isinstance(written, str) else None
    if parts is None:
        raise ValueError("a length of time is written like `60 minutes`, `7 days` or `1 year`")
    number, unit = int(parts[1]), parts[2]
    if unit in _MILLISECONDS:
        return Duration(milliseconds=number * _MILLISECONDS[unit])
    return Duration(months=number * (12 if unit == "year" else 1))


def _exact(written: object) -> object:
    """Take a number by its decimal text."""
    return str(written) if isinstance(written, float) else written


def _moment_text(written: str) -> str:
    """Accept a bare date or RFC 3339."""
    if moments.read_date(written) is None:
        moments.read(written)
    return written


def _fixed(length: Duration) -> Duration:
    if length.months:
        raise ValueError("months and years differ in length: say it in days, hours or minutes")
    return length


def _zone(name: str) -> str:
    moments.calendar_of(name)
    return name


def _as_list(written: object) -> object:
    return [written] if isinstance(written, str) else written


Span = Annotated[Duration, BeforeValidator(_duration)]
FixedSpan = Annotated[Duration, BeforeValidator(_duration), AfterValidator(_fixed)]
Number = Annotated[Decimal, BeforeValidator(_exact), Field(allow_inf_nan=False)]
MomentText = Annotated[str, AfterValidator(_moment_text)]
TypeName = Annotated[str, Field(pattern=_TYPE_NAME, max_length=128)]
RuleName = Annotated[str, Field(pattern=_RULE_NAME, max_length=64)]
Word = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=64)]


class Part(BaseModel):
    """A part of a program file: only words of the vocabulary, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Currency(Part):
    """What points are counted in."""

    scale: Annotated[int, Field(ge=0, le=6)] = 0
    rounding: Literal["floor", "nearest"] = "floor"


class Step(Part):
    """One step of a ladder, held from this value of its measure on."""

    name: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=64)]
    at: int
    multiplier: Number = Decimal(1)
    icon: str | None = None
    colour: str | None = None


class Ladder(Part):
    """Thresholds on a measure, in rising order; the first step holds whatever lies below."""

    measure: Literal["lifetime"] = "lifetime"
    currency: str | None = None
    steps: Annotated[list[Step], Field(min_length=1)]


class Promotion(Part):
    """A dated factor on the awards of some actions; without `actions` on all that multiply by it."""

    name: RuleName
    factor: Annotated[Number, Field(gt=0)]
    actions: list[TypeName] | None = None
    from_: Annotated[MomentText, Field(alias="from")]
    until: MomentText


class Board(Part):
    """A leaderboard of the points earned, in one copy per period and, with a split, per part."""

    measure: Literal["points"] = "points"
    currency: str | None = None
    split: str | None = None  # `country`, or the name of a ladder.
    periods: Annotated[list[PeriodKind], Field(min_length=1)]
    # Whether `leaderboard.updated` is sent: for all periods, none, or these.
    ranks: bool | list[PeriodKind] = True


class Badge(Part):
    """An achievement granted once, when a measure first reaches a value; it is never taken back."""

    measure: str  # `lifetime`, or `count(ACTION)`.
    at: Annotated[int, Field(gt=0)]


class Fact(Part):
    """A named value of an action's `data`."""

    type: Annotated[str, Field(pattern=f"^(?:{_FACT_TYPE.pattern})$")]
    required: bool = False
    unit: str | None = None
    least: Number | None = None
    most: Number | None = None
    nonzero: bool = False


class OncePer(Part):
    """Once for every value of a fact; at most so many values are kept, further ones are refused."""

    fact: Word
    at_most: Annotated[int, Field(gt=0, le=SET_MEMBERS_MAX)] = SET_MEMBERS_MAX


class Limits(Part):
    """What refuses or trims the awards of one action type."""

    once: Literal["ever", "day", "week", "month", "year"] | None = None
    once_per: OncePer | None = None
    cooldown: FixedSpan | None = None
    times: dict[Literal["day", "week", "month", "year"], Annotated[int, Field(gt=0)]] = {}
    points: dict[Literal["day", "week", "month", "year"], Annotated[int, Field(gt=0)]] = {}


class Table(Part):
    """Base points by the exact value of a whole-number fact."""

    fact: Word
    table: Annotated[dict[int, int], Field(min_length=1)]


class Rule(Part):
    """One row: what an action of its type earns."""

    points: int | str | Table
    currency: str | None = None
    kind: Literal["earn", "adjust"] = "earn"
    # A ladder's name (the multiplier of the step held), `promotions`, or a factor of its own per step.
    multiply: list[str | dict[str, dict[str, Number]]] = []
    max_points: Annotated[int, Field(gt=0)] | None = None
    # By fact: the least that the rule asks for.
    minimum: dict[Word, Number] = {}
    expires: Span | None = None
    scores: Literal["all", "all_time", "none"] = "all"
    category: str | None = None
    active: bool = True
    from_: Annotated[MomentText | None, Field(alias="from")] = None
    until: MomentText | None = None
    # Facts that say who did it and why.
    actor: Word | None = None
    reason: Word | None = None
    description: str | None = None


class Derive(Part):
    """An action for another subject; `{fact}` and `{user_id}` stand for their values.

    Nothing is derived when one of them is missing.
    """

    action: TypeName
    to: str
    data: dict[Word, str] = {}


class ActionType(Part):
    """What may happen: who may say it, its facts, and what follows."""

    origin: Annotated[list[Origin], BeforeValidator(_as_list), Field(min_length=1)]
    title: str | None = None
    description: str | None = None
    facts: dict[Word, Fact] = {}
    # Facts that the results repeat.
    reference: list[Word] = []
    limits: Limits = Limits()
    # The fact that names the referred member, who must be another one.
    referred: Word | None = None
    # The fact that carries another member's code: a second sign-up with one is `already_referred`.
    referral: Word | None = None
    rules: dict[RuleName, Rule] = {}
    effect: Literal["profile", "register_code", "look_up_code"] | None = None
    # What `look_up_code` derives for the owner of the code.
    answer: TypeName | None = None
    derives: list[Derive] = []


class Program(Part):
    """A whole points scheme, in force for what happens from `effective_from` on."""

    program: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=64)]
    effective_from: MomentText
    title: str | None = None
    description: str | None = None
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    accept_late: FixedSpan | Literal["unlimited"] = Duration(milliseconds=7 * moments.DAY)
    currencies: Annotated[dict[Word, Currency], Field(min_length=1)]
    ladders: dict[Word, Ladder] = {}
    stacking: Literal["multiply", "best"] = "multiply"
    promotions: list[Promotion] = []
    boards: dict[Word, Board] = {}
    badges: dict[str, Badge] = {}
    actions: Annotated[dict[TypeName, ActionType], Field(min_length=1)]
    # Worked examples, run by `laurel rules check`; their form is told in processors/engine/examples.
    examples: list[dict[str, Any]] = []


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
        version=f"{program.program}@{program.effective_from}",
        effective_from=effective_moment(program),
        lead_ms=lead_ms,
        document=document,
        published_at=moments.write(published_at),
        published_by=published_by,
    )


encode_published = msgspec.json.Encoder().encode
read_published = msgspec.json.Decoder(PublishedVersion).decode
"""Read a record of the topic `rules`. Raises msgspec.DecodeError."""
