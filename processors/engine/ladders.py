"""Ladders: steps held by the value of a measure, recomputed after every action in both directions."""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import msgspec

from processors.engine.formulas import NumberTerms, lifted, read_formula
from processors.engine.source import compiled
from schemas import parts
from schemas.accounts import Head
from schemas.programs import Currency, Levels, Program
from schemas.results import TierChanged

if TYPE_CHECKING:
    from processors.engine.rules import Scene

UNBOUNDED: Final = 1 << 63
"""Beyond every value of a measure."""
_COLUMNS: Final = ("balance", "lifetime")


class Ladder(msgspec.Struct, frozen=True, gc=False):
    """A bound ladder: its steps in rising order, and the values from which each is held."""

    name: str
    currency: str
    measure: Callable[[Head], int]
    steps: tuple[str, ...]
    thresholds: tuple[int, ...]
    # By step: from this value, up to but not including that one, it is held.
    bounds: dict[str | None, tuple[int, int]]
    # By step, as its place from 0: what it grants, as (currency, units).
    grants: Mapping[int, tuple[tuple[str, int], ...]] = {}

    def step_at(self, value: int) -> str:
        """Return the step held at this value of the measure; below all thresholds the first."""
        return self.steps[max(bisect_right(self.thresholds, value) - 1, 0)]


def bind_ladders(program: Program) -> tuple[Ladder, ...]:
    """Bind the ladders of a program, in the order of the file."""
    return tuple(_bind_ladder(program, name) for name in program.ladders)


def _bind_ladder(program: Program, name: str) -> Ladder:
    ladder, currencies = program.ladders[name], program.currencies
    currency = program.currency_of(ladder)
    scale = 0 if ladder.measure.startswith("count(") else currencies[currency].scale
    measure = bind_measure(ladder.measure, currency)
    if ladder.levels is not None:
        return bind_levels(name, ladder.levels, currency, measure, currencies, scale)
    steps = tuple(step.name for step in ladder.steps)
    grants = {
        place: tuple((of, units * 10 ** currencies[of].scale) for of, units in step.grants.items())
        for place, step in enumerate(ladder.steps)
        if place and step.grants
    }
    return _ladder(
        name, currency, measure, steps, [step.at * 10**scale for step in ladder.steps], grants
    )


def bind_levels(
    name: str,
    levels: Levels,
    currency: str,
    measure: Callable[[Head], int],
    currencies: Mapping[str, Currency],
    scale: int,
) -> Ladder:
    """Bind a ladder of the steps `1` to `most`, whose thresholds and grants are formulas over `n`."""
    threshold = of_level(levels.at, scale, levels.most)
    granted = {
        of: of_level(text, currencies[of].scale, levels.most) for of, text in levels.grants.items()
    }
    places = range(levels.most)
    grants = {
        place: tuple((of, units(place + 1)) for of, units in granted.items())
        for place in places
        if place and granted
    }
    steps = tuple(str(place + 1) for place in places)
    return _ladder(
        name, currency, measure, steps, [threshold(place + 1) for place in places], grants
    )


def _ladder(
    name: str,
    currency: str,
    measure: Callable[[Head], int],
    steps: tuple[str, ...],
    thresholds: list[int],
    grants: Mapping[int, tuple[tuple[str, int], ...]],
) -> Ladder:
    ends = pairwise([-UNBOUNDED, *thresholds[1:], UNBOUNDED])
    bounds: dict[str | None, tuple[int, int]] = dict(zip(steps, ends, strict=True))
    return Ladder(name, currency, measure, steps, tuple(thresholds), bounds, grants)


def of_level(text: int | str, scale: int, most: int) -> Callable[[int], int]:
    """Compile a formula over `n`, 1 to `most`, in units of a currency with so many decimals.

    Raises FormulaError, and ValueError when it has more decimals.
    """
    formula = lifted(read_formula(str(text), NumberTerms({"n": 0}, most)), scale)
    if formula.scale > scale:
        raise ValueError(f"`{text}` has {formula.scale} decimals, its currency {scale or 'none'}")
    lines = ["def units(n):", "    facts = {'n': n}", f"    return {formula.source}"]
    return compiled("units", lines, {})


@cache
def bind_measure(measure: str, currency: str) -> Callable[[Head], int]:
    """Return what reads a measure of a head: `lifetime`, `balance`, `count(ACTION)`, `streak(name)`."""
    if measure in _COLUMNS:
        column = _COLUMNS.index(measure)

        def purse(head: Head) -> int:
            found = head.purses.get(currency)
            return found[column] if found else 0

        return purse
    word, _, name = measure.removesuffix(")").partition("(")
    if word == "count":
        return lambda head: head.counts.get(name, 0)

    def streak(head: Head) -> int:
        found = parts.STREAKS.read(head).get(name)
        return found.days if found else 0

    return streak


def held(ladder: Ladder, steps: dict[str, str]) -> str:
    """Return the step an account holds; a new account holds the first one."""
    step = steps.get(ladder.name)
    return step if step is not None and step in ladder.steps else ladder.steps[0]


def climb(scene: "Scene", ladder: Ladder, value: int, actor: str | None) -> list[TierChanged]:
    """Give the draft the step that `value` reaches; tell the change, if the account held another."""
    return put_on(scene, ladder, ladder.step_at(value), value, actor)


def put_on(
    scene: "Scene", ladder: Ladder, new: str, value: int, actor: str | None
) -> list[TierChanged]:
    """Give the draft a step; tell the change, if the account held another.

    Its threshold is the one that was reached going up, or is no longer reached going down.
    """
    head, action = scene.draft.head, scene.action
    old = held(ladder, head.steps)
    if old == new and head.steps.get(ladder.name) == new:
        return []
    head.steps = {**head.steps, ladder.name: new}
    if old == new:
        return []
    up = ladder.steps.index(new) > ladder.steps.index(old)
    changed = TierChanged(
        id=f"{action.id}#{ladder.name}",
        program=action.program,
        user_id=action.user_id,
        ladder=ladder.name,
        old=old,
        new=new,
        direction="up" if up else "down",
        value=value,
        threshold=ladder.thresholds[ladder.steps.index(new if up else old)],
        actor=actor,
        occurred_at=scene.moment,
    )
    return [changed]
