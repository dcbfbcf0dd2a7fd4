"""What an action type leads to: derived actions, answers, returns, and that none leads back to itself."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from processors.engine.consistency.words import (
    ENGINE,
    Flaw,
    Place,
    needs,
    numbers_of,
    suspicions,
    unknown,
)
from processors.engine.derived import names_in
from schemas.program_actions import ActionType, Derive
from schemas.programs import Program

_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
_WHOLE: Final = re.compile(r"\{([^{}]*)\}")
_ANSWERED: Final[Mapping[str, tuple[str, ...]]] = {
    "look_up_code": ("referred_user", "code"),
    "register_code": ("referred_user", "code"),
    "claim_reward": ("reward",),
}
"""By effect, the facts that its answer gets."""
_RETURNED: Final = ("from", "amount")


def following_flaws(program: Program, name: str) -> Iterator[Flaw]:
    """Check what an action type derives: it is there, may be derived, and gets the facts it needs."""
    action, place = program.actions[name], ("actions", name)
    yield from _answers(program, action, place)
    yield from _returns(program, action, place)
    memory = {f"memory.{fact}" for each in program.actions.values() for fact in each.keep.memory}
    known = {*action.facts, *memory, "user_id", "id"}
    derived = _derived_besides(program, action)
    for number, row in enumerate(action.derives):
        where = (*place, "derives", number)
        yield from derivable(program, (*where, "action"), row.action, row.data)
        if row.action in derived:
            yield Flaw(where, f"{derived[row.action]}: their ids would be one")
        derived[row.action] = f"{row.action} is derived twice"
        for fact in sorted(names_in(row)):
            yield from unknown(where, "fact", fact, known)
        if row.action in program.actions:
            yield from _data(action, program.actions[row.action], row, where)


def _derived_besides(program: Program, action: ActionType) -> dict[str, str]:
    """Return the types that an action derives, or is answered with later, without `derives`."""
    answers = [action.answer, *action.answers.values()]
    besides: dict[str, str] = {}
    if action.effect == "look_up_code":
        # A look-up that waits is answered by who registers the code, or asked once more.
        registers = (each for each in program.actions.values() if each.effect == "register_code")
        answers += [each.answer for each in registers]
        besides["UNANSWERED"] = "a look-up that nobody answers derives one called so"
    elif action.effect == "register_code":
        answers = []
    return besides | {name: f"{name} is derived twice" for name in answers if name is not None}


def _answers(program: Program, action: ActionType, place: Place) -> Iterator[Flaw]:
    if action.answer is not None:
        facts = _ANSWERED.get(action.effect or "", ())
        yield from derivable(program, (*place, "answer"), action.answer, facts)
        answer = program.actions.get(action.answer)
        if action.effect == "claim_reward" and answer and answer.effect != "grant_reward":
            message = f"{action.answer} gives no reward: it needs `effect: grant_reward`"
            yield Flaw((*place, "answer"), message)
    for status, name in action.answers.items():
        facts = (*action.facts, "payment", "action_id")
        yield from derivable(program, (*place, "answers", status), name, facts)


def _returns(program: Program, action: ActionType, place: Place) -> Iterator[Flaw]:
    if action.returns is None:
        return
    where = (*place, "returns")
    yield from derivable(program, where, action.returns, _RETURNED)
    back = program.actions.get(action.returns)
    for name, each in ((place[1], action), (action.returns, back)):
        for fact in _RETURNED if each is not None else ():
            if fact not in each.facts:  # type: ignore[union-attr]
                yield Flaw(where, f"{name} needs the fact {fact}, or nothing can come back")


def derivable(program: Program, place: Place, name: str, facts: Iterable[str]) -> Iterator[Flaw]:
    """Check that an action type may be derived, and gets the facts it needs."""
    if name not in program.actions:
        yield from unknown(place, "action", name, program.actions)
        return
    if ENGINE not in program.actions[name].origin:
        yield Flaw(place, f"{name} is derived but does not have the origin engine")
    missing = needs(dict.fromkeys(facts), program, name)
    if missing:
        yield Flaw(place, f"{name} requires {', '.join(missing)}, which it does not get from here")


def _data(action: ActionType, derived: ActionType, row: Derive, place: Place) -> Iterator[Flaw]:
    """Check that what is sent has a fact that takes it."""
    numbers, sent = numbers_of(derived), numbers_of(action)
    for fact, text in row.data.items():
        where = (*place, "data", fact)
        yield from unknown(where, f"fact of {row.action}", fact, derived.facts)
        whole = _WHOLE.fullmatch(text)
        name = "" if whole is None else whole[1]
        if fact not in numbers or name.startswith("memory."):
            continue
        if name not in sent and not (numbers[fact] and _NUMBER.fullmatch(text)):
            yield Flaw(where, f"{fact} of {row.action} is a number, `{text}` is a text")
        elif sent.get(name, 0) > numbers[fact]:
            message = (
                f"{name} has {sent[name]} decimals, {fact} of {row.action} has {numbers[fact]}"
            )
            yield Flaw(where, message)


def circles(program: Program) -> Iterator[Flaw]:
    """An action that leads back to itself would go on for ever.

    A reward's claim leads to no circle: it is asked for once.
    """
    leads = {name: _leads(program, name) for name in program.actions}
    told = set[frozenset[str]]()
    for name in leads:
        path = _back(name, leads)
        if path and frozenset(path) not in told:
            told.add(frozenset(path))
            message = f"{' → '.join(path)}: an action may not lead back to itself"
            yield Flaw(("actions", name), message)


def _leads(program: Program, name: str) -> list[str]:
    action = program.actions[name]
    after = [row.action for row in action.derives]
    after += [each for each in (action.answer, action.returns) if each is not None]
    after += action.answers.values()
    suspicious = any(place[:2] == ("actions", name) for place in suspicions(program))
    if program.suspicion is not None and suspicious:
        after += [
            other
            for other, each in program.actions.items()
            if each.effect == "suspend" and ENGINE in each.origin
        ]
    return after


def _back(name: str, leads: Mapping[str, list[str]]) -> list[str]:
    """Return the shortest way from an action type back to itself; empty when there is none."""
    ways, seen = [[name]], set[str]()
    for way in ways:
        for after in leads.get(way[-1], ()):
            if after == name:
                return [*way, after]
            if after not in seen:
                seen.add(after)
                ways.append([*way, after])
    return []
