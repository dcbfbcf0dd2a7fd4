"""What a program has beside actions and ladders: boards, badges, rewards, unlocks, paths, promotions."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from processors.engine.consistency.boards import board_flaws
from processors.engine.consistency.words import (
    ENGINE,
    Flaw,
    currency,
    suspicions,
    twice,
    unknown,
)
from schemas.moments import calendar_of
from schemas.programs import Program, moment_in

_ALL_BUT_ONE: Final = 2


def program_flaws(program: Program) -> Iterator[Flaw]:
    """Check every part that is no action and no ladder."""
    yield from _dates(program)
    yield from _tables(program)
    yield from _promotions(program)
    yield from board_flaws(program)
    yield from _badges(program)
    yield from _rewards(program)
    yield from _unlocks(program)
    for name, streak in program.streaks.items():
        yield from unknown(("streaks", name, "action"), "action", streak.action, program.actions)
    told = {
        rule.action or name
        for name, each in program.actions.items()
        for rule in each.rules.values()
    }
    for name, path in program.paths.items():
        for action in path.multipliers:
            place = ("paths", name, "multipliers", action)
            yield from unknown(place, "rule's action", action, told)
    yield from _suspicion(program)


def _dates(program: Program) -> Iterator[Flaw]:
    calendar = calendar_of(program.timezone)
    if program.starts is None or program.ends is None:
        return
    if moment_in(program.starts, calendar) >= moment_in(program.ends, calendar):
        yield Flaw(("ends",), f"the campaign ends at {program.ends}, before {program.starts}")


def _tables(program: Program) -> Iterator[Flaw]:
    for name, rows in program.tables.items():
        if not rows:
            yield Flaw(("tables", name), "the table is empty")
        elif len({isinstance(value, str) for value in rows.values()}) > 1:
            texts = [key for key, value in rows.items() if isinstance(value, str)]
            message = f"a table is all numbers or all texts; a text is that of {', '.join(texts)}"
            yield Flaw(("tables", name), message)


def _promotions(program: Program) -> Iterator[Flaw]:
    calendar = calendar_of(program.timezone)
    names = [promotion.name for promotion in program.promotions]
    yield from twice(("promotions",), names)
    for number, promotion in enumerate(program.promotions):
        place = ("promotions", number)
        if moment_in(promotion.from_, calendar) >= moment_in(promotion.until, calendar):
            message = (
                f"{promotion.name} ends before it begins: {promotion.until}, {promotion.from_}"
            )
            yield Flaw((*place, "until"), message)
        for at, action in enumerate(promotion.actions or ()):
            yield from unknown((*place, "actions", at), "action", action, program.actions)


def _badges(program: Program) -> Iterator[Flaw]:
    measures = [*_measures(program), *(f"streak({name})" for name in program.streaks)]
    for name, badge in program.badges.items():
        place = ("badges", name)
        if [badge.measure, badge.when, badge.rank].count(None) != _ALL_BUT_ONE:
            yield Flaw(place, "a badge has one of a `measure`, a condition `when` and a `rank`")
        if badge.measure is None:
            if badge.at is not None or badge.levels:
                yield Flaw(place, "`at` and `levels` are values of a `measure`, which is not there")
            continue
        yield from unknown((*place, "measure"), "measure", badge.measure, measures)
        if (badge.at is None) == (not badge.levels):
            yield Flaw(place, "a measure has either `at` or `levels`")
        for number, (low, high) in enumerate(pairwise(badge.levels), 1):
            if low >= high:
                yield Flaw((*place, "levels", number), f"{high} does not rise over {low}")


def _measures(program: Program) -> list[str]:
    return ["lifetime", "balance", *(f"count({name})" for name in program.actions)]


def _rewards(program: Program) -> Iterator[Flaw]:
    effects = {action.effect for action in program.actions.values()}
    for name, reward in program.rewards.items():
        place = ("rewards", name)
        if reward.measure is not None:
            yield from unknown((*place, "measure"), "measure", reward.measure, _measures(program))
        if (reward.measure is None) != (reward.at is None):
            yield Flaw(place, "a `measure` and the value `at` which it is reached go together")
        if reward.measure is None and not reward.manual and reward.top is None:
            message = "nobody gets it: give it a `measure` and `at`, or `top`, or say `manual: yes`"
            yield Flaw(place, message)
        if reward.manual and "grant_reward" not in effects:
            message = "nobody can give it by hand: add an action with `effect: grant_reward`"
            yield Flaw((*place, "manual"), message)
        if reward.at_most is not None and not _engines(program, "claim_reward"):
            message = "its pool cannot be asked: add an action with `effect: claim_reward` and the origin engine"
            yield Flaw((*place, "at_most"), message)


def _unlocks(program: Program) -> Iterator[Flaw]:
    for name, unlock in program.unlocks.items():
        place = ("unlocks", name)
        yield from currency((*place, "currency"), unlock.currency, program)
        if unlock.boost is not None:
            yield from currency((*place, "boost", "currency"), unlock.boost.currency, program)


def _engines(program: Program, effect: str) -> bool:
    return any(
        action.effect == effect and ENGINE in action.origin for action in program.actions.values()
    )


def _suspicion(program: Program) -> Iterator[Flaw]:
    asked = suspicions(program)
    if program.suspicion is None:
        for place in asked:
            message = "nothing follows from it: say `suspicion: {times, suspend}` for the program"
            yield Flaw((*place, "suspicious"), message)
        return
    if not asked:
        message = "nothing is suspicious: say `suspicious: yes` of a requirement or a rate"
        yield Flaw(("suspicion",), message)
    if not _engines(program, "suspend"):
        message = "nobody is told: add an action with `effect: suspend` and the origin engine"
        yield Flaw(("suspicion",), message)
