"""Ladders: steps held by the value of a measure, recomputed after every action in both directions."""

from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import msgspec

from schemas import programs
from schemas.results import TierChanged

if TYPE_CHECKING:
    from processors.engine.rules import Scene

UNBOUNDED: Final = 1 << 63
"""Beyond every value of a measure."""


class Ladder(msgspec.Struct, frozen=True, gc=False):
    """A bound ladder: its steps in rising order, and the values from which each is held."""

    name: str
    currency: str
    steps: tuple[str, ...]
    thresholds: tuple[int, ...]
    # By step: from this value, up to but not including that one, it is held.
    bounds: dict[str | None, tuple[int, int]]

    def step_at(self, value: int) -> str:
        """Return the step held at this value of the measure; below all thresholds the first."""
        return self.steps[max(bisect_right(self.thresholds, value) - 1, 0)]


def bind_ladder(name: str, ladder: programs.Ladder, currency: str) -> Ladder:
    """Bind a ladder of a program; without a currency of its own it measures `currency`."""
    thresholds = tuple(step.at for step in ladder.steps)
    steps = tuple(step.name for step in ladder.steps)
    edges = pairwise((-UNBOUNDED, *thresholds[1:], UNBOUNDED))
    bounds: dict[str | None, tuple[int, int]] = dict(zip(steps, edges, strict=True))
    return Ladder(name, ladder.currency or currency, steps, thresholds, bounds)


def held(ladder: Ladder, steps: dict[str, str]) -> str:
    """Return the step an account holds; a new account holds the first one."""
    step = steps.get(ladder.name)
    return step if step is not None and step in ladder.steps else ladder.steps[0]


def climb(scene: "Scene", ladder: Ladder, value: int, actor: str | None) -> list[TierChanged]:
    """Give the draft the step that `value` reaches; tell the change, if the account held another.

    Its threshold is the one that was reached going up, or is no longer reached going down.
    """
    head, action = scene.draft.head, scene.action
    old, new = held(ladder, head.steps), ladder.step_at(value)
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
