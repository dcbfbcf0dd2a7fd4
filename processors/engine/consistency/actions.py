"""Action types: their facts, what reads them, and what their effects need."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from processors.engine.consistency.words import Flaw, Place, numbers_of, too_exact, unknown
from processors.engine.facts import fact_scale
from schemas.accounts import SET_MEMBERS_MAX
from schemas.program_actions import ActionType
from schemas.program_facts import Fact
from schemas.program_words import Part
from schemas.programs import Program

_NEEDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("join_path", "leave_path", "primary_path"), "paths"),
    **dict.fromkeys(("unlock", "grant_unlock"), "unlocks"),
    **dict.fromkeys(
        ("claim_reward", "grant_reward", "deliver_reward", "resolve_rewards"), "rewards"
    ),
    **dict.fromkeys(("open_period", "close_period", "restate_period"), "boards"),
}
"""By effect, the part of the program that it is about."""
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "answer": ("look_up_code", "register_code", "claim_reward"),
    "own_code": ("look_up_code", "register_code"),
    "moves": ("payment",),
    "answers": ("payment",),
}
"""By word, the effects that it belongs to."""


def action_flaws(program: Program, name: str) -> Iterator[Flaw]:
    """Check the facts, limits, what is kept and the effect of an action type."""
    action, place = program.actions[name], ("actions", name)
    for fact, said in action.facts.items():
        yield from _fact((*place, "facts", fact), said)
    yield from _names(action, place)
    yield from _typed(action, place)
    yield from _kept(program, name)
    limit = action.limits.once_per
    if limit is not None and "at_most" not in limit.model_fields_set:
        message = f"the set has no bound: say `at_most`, {SET_MEMBERS_MAX:,} values or fewer"
        yield Flaw((*place, "limits", "once_per"), message)
    yield from _effect(program, action, place)


def _fact(place: Place, said: Fact) -> Iterator[Flaw]:
    scale = fact_scale(said)
    bounds = {"least": said.least, "most": said.most, "default": said.default}
    for word, number in bounds.items():
        if number is not None and scale is None:
            yield Flaw((*place, word), f"`{word}: {number}` is of a number, the fact is no number")
        elif number is not None:
            yield from too_exact((*place, word), number, scale or 0)
    if said.nonzero and scale is None:
        yield Flaw((*place, "nonzero"), "`nonzero` is of a number, the fact is no number")
    yield from _within(place, said)


def _within(place: Place, said: Fact) -> Iterator[Flaw]:
    least, most, default = said.least, said.most, said.default
    if least is not None and most is not None and least > most:
        yield Flaw(place, f"no number is at least {least} and at most {most}")
    elif default is not None:
        low, high = default if least is None else least, default if most is None else most
        if not low <= default <= high or (said.nonzero and default == Decimal(0)):
            yield Flaw((*place, "default"), f"the default {default} is itself not allowed")


def _names(action: ActionType, place: Place) -> Iterator[Flaw]:
    for where, fact in _facts_used(action):
        yield from unknown((*place, *where), "fact", fact, action.facts)


def _facts_used(action: ActionType) -> Iterator[tuple[Place, str]]:
    """Yield every fact that parts of an action type name, and where."""
    keep, once_per = action.keep, action.limits.once_per
    for number, fact in enumerate(action.reference):
        yield ("reference", number), fact
    if once_per is not None:
        yield ("limits", "once_per", "fact"), once_per.fact
    yield from _facts_said(action, (), ("referred", "referral", "day_of"))
    for word, facts in (("totals", keep.totals), ("distinct", keep.distinct)):
        yield from ((("keep", word, fact), fact) for fact in facts)
    for word, names in (("previous", keep.previous), ("memory", keep.memory)):
        yield from ((("keep", word, number), fact) for number, fact in enumerate(names))
    for name, rule in action.rules.items():
        yield from _facts_said(rule, ("rules", name), ("actor", "reason"))


def _facts_said(part: Part, place: Place, words: Iterable[str]) -> Iterator[tuple[Place, str]]:
    for word in words:
        fact = getattr(part, word)
        if fact is not None:
            yield (*place, word), fact


def _typed(action: ActionType, place: Place) -> Iterator[Flaw]:
    """Check facts that must be of one type."""
    types = (("referred", "member"), ("referral", "code"), ("day_of", "moment"))
    for word, wanted in types:
        name = getattr(action, word)
        fact = action.facts.get(name or "")
        if fact is None:
            continue
        if fact.type != wanted:
            message = f"{name} is of the type {fact.type}, `{word}` asks for a {wanted}"
            yield Flaw((*place, word), message)
        elif word == "day_of" and not fact.required:
            yield Flaw((*place, word), f"{name} may be missing: say `required: yes`")


def _kept(program: Program, name: str) -> Iterator[Flaw]:
    action = program.actions[name]
    place, numbers = ("actions", name, "keep"), numbers_of(action)
    for fact, periods in action.keep.totals.items():
        if fact in action.facts and fact not in numbers:
            said = action.facts[fact].type
            yield Flaw((*place, "totals", fact), f"{fact} is a {said}: only numbers have totals")
        if not periods:
            message = "no period is said; there is day, week, month, year, ever"
            yield Flaw((*place, "totals", fact), message)
    for number, fact in enumerate(action.keep.memory):
        for other, each in program.actions.items():
            if other == name:
                break
            if fact in each.keep.memory and _type(each, fact) != _type(action, fact):
                message = f"{other} keeps {fact} as a {_type(each, fact)}, here it is a {_type(action, fact)}"
                yield Flaw((*place, "memory", number), message)


def _type(action: ActionType, fact: str) -> str | None:
    return action.facts[fact].type if fact in action.facts else None


def _effect(program: Program, action: ActionType, place: Place) -> Iterator[Flaw]:
    effect = action.effect or ""
    needed = _NEEDS.get(effect)
    if needed is not None and not getattr(program, needed):
        yield Flaw((*place, "effect"), f"{effect} is about `{needed}`, of which there are none")
    for word, effects in _WORDS.items():
        if getattr(action, word) and effect not in effects:
            yield Flaw((*place, word), f"`{word}` belongs to the effect {' or '.join(effects)}")
    if effect in ("look_up_code", "claim_reward") and action.answer is None:
        yield Flaw((*place, "effect"), f"{effect} needs an `answer` to derive")
    effects_there = {each.effect for each in program.actions.values()}
    if effect == "look_up_code" and "register_code" not in effects_there:
        yield Flaw(
            (*place, "effect"),
            "no code ever gets an owner: add an action with `effect: register_code`",
        )
    if effect == "tier_review" and not any(
        ladder.qualification for ladder in program.ladders.values()
    ):
        yield Flaw((*place, "effect"), "tier_review needs a ladder with `qualification`")
    if effect == "payment":
        yield from _payment(action, place)


def _payment(action: ActionType, place: Place) -> Iterator[Flaw]:
    """Check that every status can be reached from `new`."""
    if "new" not in action.moves:
        yield Flaw((*place, "effect"), "payment needs `moves`, and in it what may follow `new`")
        return
    taken = {status for following in action.moves.values() for status in following}
    for status in action.moves:
        if status not in {"new", *taken}:
            message = f"no status leads to {status}; there is {', '.join(sorted(taken))}"
            yield Flaw((*place, "moves", status), message)
    for status in action.answers:
        yield from unknown((*place, "answers", status), "status in `moves`", status, taken)
