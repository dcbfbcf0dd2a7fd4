"""What formulas read of an account while one action is decided: functions of its Scene.

Counts, streaks, totals and distinct values have the action in them; everything else is as it was
before. What is missing is None.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final

from processors.engine.ladders import Ladder, held
from processors.engine.rules import Scene
from schemas import parts
from schemas.accounts import DIGEST_BYTES, digest, holds
from schemas.moments import PeriodKind
from schemas.parts import Streak


def purse(scene: Scene, currency: str, column: int) -> int:
    """Return what is available (0) or the lifetime (1) of a currency, in its units."""
    found = scene.draft.head.purses.get(currency)
    return found[column] if found else 0


def count(scene: Scene, name: str) -> int:
    """Return how many actions of a type were accepted, this one included."""
    return scene.draft.head.counts.get(name, 0) + (scene.open and scene.kind.type == name)


def count_in(scene: Scene, name: str, period: PeriodKind) -> int:
    """Return the same for the period of this action."""
    used = scene.draft.head.usage.get(f"{name} {scene.day.names[period]}")
    return (used[0] if used else 0) + (scene.open and scene.kind.type == name)


def _once(read: Callable[..., Any]) -> Callable[..., Any]:
    """Let a reading be made once for a scene: nothing it reads changes until the action is accepted."""
    asked = read.__name__

    @functools.wraps(read)
    def reading(scene: Scene, *what: Any) -> Any:  # noqa: ANN401 - what the reading itself takes
        if not scene.open:
            return read(scene, *what)
        memo = scene.memo
        if memo is None:
            memo = scene.memo = {}
        key = (asked, *what)
        try:
            return memo[key]
        except KeyError:
            value = memo[key] = read(scene, *what)
            return value

    return reading


@_once
def streak(scene: Scene, name: str) -> int | None:
    """Return the days of a streak, raised by this action already; None before its last day."""
    found = parts.STREAKS.read(scene.draft.head).get(name)
    if found is not None and found.last > scene.day.start:
        return None  # An action of an earlier day is no day of the streak as it stands.
    if scene.open and name in scene.kind.streaks:
        return raised(scene, name, found).days
    if found is None or found.last < previous_day(scene):
        return 0
    return found.days


def raised(scene: Scene, name: str, found: Streak | None) -> Streak:
    """Return a streak with the day of this action in it; one of an earlier day changes nothing."""
    today = scene.day.start
    if found is not None and found.last > today:
        return found
    restarts = scene.kind.streaks[name]
    if restarts is not None and restarts(scene.facts, scene):
        return Streak(1, today)
    if found is None or found.last < previous_day(scene):
        return Streak(1, today)
    return found if found.last == today else Streak(found.days + 1, today)


def previous_day(scene: Scene) -> int:
    """Return the first moment of the day before that of this action."""
    return scene.rules.calendar.day(scene.day.start - 1).start


@_once
def weekday(scene: Scene) -> int:
    """Return the day of the week of this action, 1 to 7, whatever day it counts for."""
    return scene.rules.calendar.weekday(scene.action.occurred_at)


@_once
def hour_of_day(scene: Scene) -> int:
    """Return the hour of this action on the clocks of the program's zone, 0 to 23."""
    return scene.rules.calendar.hour_of_day(scene.action.occurred_at)


@_once
def distinct(scene: Scene, name: str, fact: str, at_most: int) -> int:
    """Return how many different values of a fact were kept, this action's included."""
    row = scene.draft.row(f"distinct.{name}.{fact}")
    known = len(row) // DIGEST_BYTES
    value = scene.facts.get(fact)
    if not scene.open or value is None or known >= at_most or holds(row, digest(str(value))):
        return known
    return known + 1


@_once
def total(scene: Scene, name: str, fact: str, period: PeriodKind) -> int:
    """Return the sum of a fact over the period of this action, this one included."""
    key = total_key(name, fact, scene.day.names[period])
    kept = parts.TOTALS.read(scene.draft.head).get(key, 0)
    return kept + int(scene.facts.get(fact, 0) if scene.open else 0)


def total_key(name: str, fact: str, period: str) -> str:
    """Return under which key a total is kept."""
    return f"{name}.{fact} {period}"


@_once
def previous(scene: Scene, name: str, fact: str) -> Any:  # noqa: ANN401 - any fact
    """Return the fact of the accepted action before this one."""
    return parts.PREVIOUS.read(scene.draft.head).get(f"{name}.{fact}")


@_once
def memory(scene: Scene, fact: str) -> Any:  # noqa: ANN401 - any fact
    """Return the first value of a fact that was ever sent."""
    return parts.MEMORY.read(scene.draft.head).get(fact)


def profile(scene: Scene, name: str) -> Any:  # noqa: ANN401 - a text or a moment
    """Return what the profile says."""
    head = scene.draft.head
    return head.country if name == "country" else head.profile.get(name)


def in_segment(scene: Scene, segment: str) -> bool:
    """Tell whether the member is in a segment."""
    return segment in scene.draft.head.profile.get("segments", ())


def step(scene: Scene, ladder: Ladder) -> str:
    """Return the name of the step that is held."""
    return held(ladder, scene.draft.head.steps)


def reached(scene: Scene, ladder: Ladder, step_name: str) -> bool:
    """Tell whether this step or a higher one is held."""
    steps = ladder.steps
    return steps.index(held(ladder, scene.draft.head.steps)) >= steps.index(step_name)


def walks(scene: Scene, path: str) -> bool:
    """Tell whether the member joined a path."""
    return path in parts.PATHS.read(scene.draft.head).joined


def primary(scene: Scene) -> str:
    """Return the primary path; empty when there is none."""
    return parts.PATHS.read(scene.draft.head).primary


def has_badge(scene: Scene, badge: str) -> bool:
    """Tell whether a badge was granted."""
    return badge in scene.draft.head.badges


def has_unlock(scene: Scene, name: str) -> bool:
    """Tell whether something is unlocked at the moment of this action."""
    found = parts.UNLOCKS.read(scene.draft.head).get(name)
    return found is not None and (not found.until or scene.action.occurred_at < found.until)


def boost(scene: Scene, currency: str) -> int:
    """Return the factor of the boost that holds for a currency, in millionths."""
    found = parts.BOOSTS.read(scene.draft.head).get(currency)
    if found is None or not found.from_ <= scene.action.occurred_at < found.until:
        return 1_000_000
    return found.millionths


NAMES: Final[Mapping[str, Callable[..., Any]]] = {
    function.__name__: function
    for function in (
        *(purse, count, count_in, streak, distinct, total, previous, memory, profile),
        *(in_segment, step, reached, walks, primary, has_badge, has_unlock, boost),
        *(weekday, hour_of_day),
    )
}
"""What the source of a formula may call."""
