"""Ladders and levels: their measures are there, their steps rise, their grants are whole points."""

from collections.abc import Iterator
from itertools import pairwise

from processors.engine.boards import CATEGORY, COUNTRY, PATH, TEAM
from processors.engine.consistency.words import (
    Flaw,
    Place,
    currency,
    unknown,
)
from processors.engine.factors import BOOSTS, PATHS, PROMOTIONS
from processors.engine.formulas import FormulaError
from processors.engine.ladders import of_level
from schemas.programs import Ladder, Levels, Program

MOST = 1 << 53


def ladder_flaws(program: Program) -> Iterator[Flaw]:
    """Check every ladder, and the levels of paths."""
    for name, ladder in program.ladders.items():
        place = ("ladders", name)
        if name in (COUNTRY, CATEGORY, PATH, TEAM, PROMOTIONS, BOOSTS, PATHS):
            yield Flaw(place, f"{name} has a meaning of its own: give the ladder another name")
        yield from currency((*place, "currency"), ladder.currency, program)
        measures = ("lifetime", "balance", *(f"count({action})" for action in program.actions))
        yield from unknown((*place, "measure"), "measure", ladder.measure, measures)
        yield from _steps(program, place, ladder)
        if ladder.levels is not None:
            yield from _levels(program, (*place, "levels"), ladder.levels, _scale(program, ladder))
    yield from _path_levels(program)
    yield from _qualifications(program)


def _scale(program: Program, ladder: Ladder) -> int:
    if ladder.measure.startswith("count("):
        return 0
    of = program.currencies.get(program.currency_of(ladder))
    return 0 if of is None else of.scale


def _steps(program: Program, place: Place, ladder: Ladder) -> Iterator[Flaw]:
    if not ladder.steps and ladder.levels is None:
        yield Flaw(place, "the ladder is empty: give it `steps` or `levels`")
    if ladder.steps and ladder.levels is not None:
        yield Flaw((*place, "levels"), "a ladder has either `steps` or `levels`, not both")
    for number, (low, high) in enumerate(pairwise(ladder.steps), 1):
        if low.at >= high.at:
            message = f"{high.name} at {high.at} does not rise over {low.name} at {low.at}"
            yield Flaw((*place, "steps", number), message)
    names = [step.name for step in ladder.steps]
    for number, step in enumerate(ladder.steps):
        where = (*place, "steps", number)
        if step.name in names[:number]:
            yield Flaw(where, f"{step.name} is written twice")
        if abs(step.at) > MOST:
            yield Flaw((*where, "at"), f"{step.at} lies beyond ±2^53")
        if step.grants and not number:
            yield Flaw((*where, "grants"), "the first step grants nothing: everybody begins on it")
        for of in step.grants:
            yield from currency((*where, "grants", of), of, program)


def _levels(program: Program, place: Place, levels: Levels, scale: int) -> Iterator[Flaw]:
    """Check the formulas of levels at every level: thresholds rise, grants give something."""
    at = _values((*place, "at"), levels.at, levels.most, scale)
    yield from [at] if isinstance(at, Flaw) else _rising((*place, "at"), at)
    for of, text in levels.grants.items():
        where = (*place, "grants", of)
        known = program.currencies.get(of)
        if known is None:
            yield from currency(where, of, program)
            continue
        points = _values(where, text, levels.most, known.scale)
        if isinstance(points, Flaw):
            yield points
        elif any(each <= 0 for each in points[1:]):
            level = next(level for level, each in enumerate(points[1:], 2) if each <= 0)
            yield Flaw(where, f"`{text}` grants nothing at level {level}: {points[level - 1]}")
    for level in levels.ranks:
        if not 1 <= level <= levels.most:
            message = f"there is no level {level}: there are 1 to {levels.most}"
            yield Flaw((*place, "ranks", level), message)


def _values(place: Place, text: int | str, most: int, scale: int) -> list[int] | Flaw:
    """Compute a formula over `n` for every level, in units."""
    try:
        units = of_level(text, scale, most)
    except FormulaError as wrong:
        return Flaw(place, wrong.said, wrong.column)
    except ValueError as wrong:
        return Flaw(place, str(wrong))
    return [units(level) for level in range(1, most + 1)]


def _rising(place: Place, thresholds: list[int]) -> Iterator[Flaw]:
    for level, (low, high) in enumerate(pairwise(thresholds), 1):
        if low >= high:
            message = f"level {level + 1} at {high} does not rise over level {level} at {low}"
            yield Flaw(place, message)
            return
    if max(abs(thresholds[0]), abs(thresholds[-1])) > MOST:
        yield Flaw(place, f"level {len(thresholds)} at {thresholds[-1]} lies beyond ±2^53")


def _path_levels(program: Program) -> Iterator[Flaw]:
    levels, place = program.path_levels, ("path_levels",)
    if levels is None:
        return
    scale = program.currencies[program.first_currency].scale
    yield from _levels(program, place, levels, scale)
    if levels.grants:
        yield Flaw((*place, "grants"), "levels of paths grant nothing: leave `grants` out")
    if not program.paths:
        yield Flaw(place, "there are no `paths` whose levels these could be")


def _qualifications(program: Program) -> Iterator[Flaw]:
    reviewed = any(action.effect == "tier_review" for action in program.actions.values())
    for name, ladder in program.ladders.items():
        if ladder.qualification is not None and not reviewed:
            message = "nobody looks whether it is reached: add an action with `effect: tier_review`"
            yield Flaw(("ladders", name, "qualification"), message)
