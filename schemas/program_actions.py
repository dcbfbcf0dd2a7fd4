"""Action types of a program file: facts, limits, rules, and what follows."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from schemas.accounts import SET_MEMBERS_MAX
from schemas.actions import Origin
from schemas.program_effects import EFFECT_FACTS, Effect
from schemas.program_facts import Fact
from schemas.program_words import (
    FixedSpan,
    MomentText,
    Number,
    Part,
    RuleName,
    Span,
    TypeName,
    Word,
    as_list,
    exact,
    told_apart,
)

PeriodWord = Literal["day", "week", "month", "year"]
Formula = Annotated[int | str, BeforeValidator(exact)]
"""Text of processors/engine/formulas, or a number."""


def _members(number: int) -> int:
    if not 0 < number <= SET_MEMBERS_MAX:
        raise ValueError(f"an account keeps 1 to {SET_MEMBERS_MAX:,} values, not {number:,}")
    return number


Members = Annotated[int, AfterValidator(_members)]
"""How many values a set holds at most."""


class OncePer(Part):
    """Once for every value of a fact; at most so many values are kept, further ones are refused."""

    fact: Word
    at_most: Members = SET_MEMBERS_MAX


class Rate(Part):
    """Never more accepted actions than `times` within less than `per`."""

    times: Annotated[int, Field(gt=0, le=1_000)]
    per: FixedSpan
    suspicious: bool = False


class Limits(Part):
    """What refuses or trims the awards of one action type."""

    once: Literal["ever", PeriodWord] | None = None
    once_per: OncePer | None = None
    cooldown: FixedSpan | None = None
    times: dict[PeriodWord, Annotated[int, Field(gt=0)]] = {}
    # In whole points of the first currency.
    points: dict[PeriodWord, Annotated[int, Field(gt=0)]] = {}
    rate: Rate | None = None


class Requirement(Part):
    """What must hold for any rule to give; where it does not, the decline may raise suspicion."""

    that: str
    suspicious: bool = False


class Keep(Part):
    """What an account keeps of the accepted actions of one type."""

    totals: dict[Word, list[Literal["ever", PeriodWord]]] = {}
    distinct: dict[Word, Members] = {}
    previous: list[Word] = []
    memory: list[Word] = []


class Table(Part):
    """Base points by the exact value of a whole-number fact."""

    fact: Word
    table: Annotated[dict[int, int], BeforeValidator(told_apart), Field(min_length=1)]


class Bands(Part):
    """A factor by where a number fact lies: from a bound on, or below one."""

    bands: Word
    from_: Annotated[dict[Number, Number], BeforeValidator(told_apart), Field(alias="from")] = {}
    below: Annotated[dict[Number, Number], BeforeValidator(told_apart)] = {}


class By(Part):
    """A factor: a number or formula, where a condition holds."""

    by: Number | str
    when: str | None = None


def _kind_of_multiplier(written: object) -> str:
    if isinstance(written, str):
        return "word"
    if isinstance(written, Bands) or (isinstance(written, dict) and "bands" in written):
        return "bands"
    by = isinstance(written, By) or (isinstance(written, dict) and {"by", "when"} & written.keys())
    return "by" if by else "table"


Multiplier = Annotated[
    Annotated[str, Tag("word")]
    | Annotated[Bands, Tag("bands")]
    | Annotated[By, Tag("by")]
    | Annotated[dict[str, dict[str, Number]], Tag("table"), Field(min_length=1, max_length=1)],
    Discriminator(_kind_of_multiplier),
]
"""A ladder's name, `promotions`, `boosts`, `paths`; bands; a formula; a ladder with factors of its own."""


class Hold(Part):
    """Held for a time, or until a condition holds; with `forfeit` lost when the period ends before."""

    for_: Annotated[FixedSpan | None, Field(alias="for")] = None
    until: str | None = None
    forfeit: Literal["day"] | None = None


def _hold(written: object) -> object:
    """Read `14 days` for what is held so long."""
    return {"for": written} if isinstance(written, str) else written


class EndOf(Part):
    """Expires when the period of the award ends."""

    end_of: Literal[PeriodWord, "quarter"]


def _expiry(written: object) -> object:
    """Read `end of month`."""
    if isinstance(written, str) and written.startswith("end of "):
        return {"end_of": written.removeprefix("end of ")}
    return written


Expiry = Annotated[
    Annotated[Span, Tag("span")] | Annotated[EndOf, Tag("end")],
    Discriminator(lambda said: "end" if isinstance(said, dict | EndOf) else "span"),
]


class Rule(Part):
    """One row: what an action of its type earns."""

    points: Annotated[
        Annotated[Formula, Tag("formula")] | Annotated[Table, Tag("table")],
        Discriminator(lambda said: "table" if isinstance(said, dict | Table) else "formula"),
    ]
    currency: str | None = None
    kind: Literal["earn", "adjust", "redeem", "send", "receive", "return"] = "earn"
    action: TypeName | None = None
    multiply: list[Multiplier] = []
    when: str | None = None
    once: Literal["ever"] | None = None
    max_points: Annotated[int, Field(gt=0)] | None = None
    # By fact: the least that the rule asks for.
    minimum: dict[Word, Number] = {}
    expires: Annotated[Expiry | None, BeforeValidator(_expiry)] = None
    hold: Annotated[Hold | None, BeforeValidator(_hold)] = None
    scores: Literal["all", "all_time", "none"] = "all"
    category: str | None = None
    path_xp: bool = False
    active: bool = True
    from_: Annotated[MomentText | None, Field(alias="from")] = None
    until: MomentText | None = None
    # Facts that say who did it and why.
    actor: Word | None = None
    reason: Word | None = None
    description: str | None = None


class Notify(Part):
    """What a member is told; `{name}` stands for a value. Nothing is told when one is missing."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    message: Annotated[str, Field(min_length=1, max_length=1_000)]


class Derive(Part):
    """An action for another subject; `{fact}`, `{user_id}`, `{id}`, `{memory.name}` stand for their values.

    Nothing is derived when one of them is missing, or `when` does not hold.
    """

    action: TypeName
    to: str
    when: str | None = None
    data: dict[Word, str] = {}


class ActionType(Part):
    """What may happen: who may say it, its facts, and what follows."""

    origin: Annotated[list[Origin], BeforeValidator(as_list), Field(min_length=1)]
    title: str | None = None
    description: str | None = None
    # With those of its effect.
    facts: dict[Word, Fact] = {}
    # Facts that the results repeat.
    reference: list[Word] = []
    limits: Limits = Limits()
    require: dict[Word, Requirement] = {}
    keep: Keep = Keep()
    day_of: Word | None = None
    match: Literal["all", "first"] = "all"
    while_suspended: bool = False
    # The fact that names the referred member, who must be another one.
    referred: Word | None = None
    # The fact that carries another member's code: a second sign-up with one is `already_referred`.
    referral: Word | None = None
    rules: dict[RuleName, Rule] = {}
    effect: Effect | None = None
    # What `look_up_code` or `claim_reward` derives for the owner or the member.
    answer: TypeName | None = None
    # Of `look_up_code`: whether owners may refer themselves.
    own_code: Literal["allowed"] | None = None
    # Of `reverse`: the types whose awards it takes back; of all if not said.
    reverses: list[TypeName] = []
    # Of `payment`: the statuses that may follow each status, first of all `new`; what some derive.
    moves: dict[str, list[str]] = {}
    answers: dict[str, TypeName] = {}
    derives: list[Derive] = []
    # What is derived for `{from}` when this credit cannot be booked.
    returns: TypeName | None = None
    # What the member is told when one is accepted.
    notify: Notify | None = None

    @model_validator(mode="before")
    @classmethod
    def _with_facts_of_effect(cls, written: Any) -> Any:  # noqa: ANN401 - pydantic's own signature
        """Add the facts that the effect brings."""
        effect = written.get("effect") if isinstance(written, dict) else None
        facts = written.get("facts", {}) if isinstance(written, dict) else None
        if not isinstance(effect, str) or effect not in EFFECT_FACTS or not isinstance(facts, dict):
            return written
        return written | {"facts": {**EFFECT_FACTS[effect], **facts}}

    @model_validator(mode="after")
    def _facts_of_effect_as_they_are(self) -> Self:
        for name, fact in EFFECT_FACTS.get(self.effect or "", {}).items():
            if self.facts[name].type != fact.type or self.facts[name].required < fact.required:
                raise ValueError(f"the fact {name} comes with {self.effect} and is a {fact.type}")
        return self
