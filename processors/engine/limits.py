"""Limits: what an action type may be used for, counted in the account.

`head.usage` counts times and points by "ACTION period"; a period's entry is dropped when no action
of it can be accepted any more. Cooldowns keep the moments of accepted actions in a row of their
own, `once per` a set of digests.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Mapping
from typing import Final, Literal

import msgspec

from processors.engine.decision import Refusal
from processors.engine.numbers import KEPT_MAX, within
from processors.engine.rules import Guard, Note, PointsLimit, Scene
from schemas import moments
from schemas.accounts import DIGEST_BYTES, digest, holds
from schemas.moments import PeriodKind
from schemas.program_actions import ActionType, OncePer, Rate
from schemas.results import Declined

PERIODS: Final[Mapping[str, PeriodKind]] = {
    "day": "daily",
    "week": "weekly",
    "month": "monthly",
    "year": "yearly",
}
TIMES_MAX: Final = 7_000
"""The most moments a cooldown keeps: 63,000 bytes. What lies before the oldest then counts as too near."""

_read_moments = msgspec.msgpack.Decoder(list[int]).decode


def bind_limits(
    name: str, action: ActionType, scale: int | None, also_counted: Collection[PeriodKind]
) -> tuple[tuple[Guard, ...], tuple[Note, ...]]:
    """Make the guards of an action type's limits, in the order of `Declined`, and what notes their use.

    `scale` is that of the currency that limits of points speak of, None where they are left out;
    formulas read `also_counted`.
    """
    limits = action.limits
    guards: list[Guard] = []
    notes: list[Note] = []
    counted: list[str] = [*limits.times, *limits.points]
    if limits.once:
        guards.append(_once(name, limits.once, action.referral))
        counted += [] if limits.once == "ever" else [limits.once]
    if limits.once_per:
        guards.append(_once_per(name, limits.once_per))
        notes.append(_note_member(name, limits.once_per.fact))
    if limits.cooldown:
        guards.append(_cooldown(name, limits.cooldown.milliseconds))
        notes.append(_note_time(name, limits.cooldown.milliseconds))
    guards += [_times(name, period, most) for period, most in limits.times.items()]
    if scale is not None:
        guards += [_points(name, period, most, scale) for period, most in limits.points.items()]
    periods = dict.fromkeys([*(PERIODS[word] for word in counted), *sorted(also_counted)])
    if periods:
        notes.append(_note_usage(name, tuple(periods)))
    if limits.rate is not None:
        guards.append(_rate(f"rate.{name}", name, limits.rate))
        notes.append(_note_rate(f"rate.{name}", limits.rate))
    return tuple(guards), tuple(notes)


def points_limits(action: ActionType, scale: int) -> tuple[PointsLimit, ...]:
    """Return the limits that trim an award."""
    return tuple(
        PointsLimit(PERIODS[period], most * 10**scale, f"{most} a {period}")
        for period, most in action.limits.points.items()
    )


def program_rate(rate: Rate) -> tuple[Guard, Note]:
    """Make the guard and the note of the rate of a member's actions of all types."""
    return _rate("rate", "a member", rate), _note_rate("rate", rate)


def _rate(row: str, whose: str, rate: Rate) -> Guard:
    length, most = rate.per.milliseconds, rate.times

    def guard(scene: Scene) -> Refusal | None:
        times = _moments_in(scene, row)
        at = bisect_right(times, scene.action.occurred_at)
        times.insert(at, scene.action.occurred_at)
        for first in range(max(at - most, 0), min(at, len(times) - most - 1) + 1):
            if times[first + most] - times[first] < length:
                message = f"{whose}: {most} within {length // moments.SECOND} s at most"
                return Refusal(Declined.RATE_LIMITED, message, suspicious=rate.suspicious)
        return None

    return guard


def _note_rate(row: str, rate: Rate) -> Note:
    length = rate.per.milliseconds

    def note(scene: Scene) -> None:
        times = _moments_in(scene, row)
        insort(times, scene.action.occurred_at)
        first = max(
            bisect_left(times, _asked_since(scene, scene.kind.type) - length),
            len(times) - TIMES_MAX,
        )
        scene.draft.put(row, msgspec.msgpack.encode(times[first:]))

    return note


def _asked_since(scene: Scene, kind: str) -> int:
    """Return how far back limits of an action type may be asked.

    What answers a look-up comes as late as the look-up came, and as it waited on top of that.
    """
    waits = kind in scene.rules.answer_types
    return scene.forget_before - scene.rules.accept_late * waits


def _moments_in(scene: Scene, row: str) -> list[int]:
    stored = scene.draft.row(row)
    return _read_moments(stored) if stored else []


def left(scene: Scene, limit: PointsLimit) -> int:
    """Return how many points a limit still gives in the period of the action."""
    return limit.most - _used(scene, limit.period)[1] - scene.awarded


def _used(scene: Scene, period: PeriodKind) -> list[int]:
    key = f"{scene.kind.type} {scene.day.names[period]}"
    return scene.draft.head.usage.get(key, [0, 0])


def _once(name: str, word: str, referral: str | None) -> Guard:
    each = "" if word == "ever" else f" a {word}"

    def guard(scene: Scene) -> Refusal | None:
        counts = scene.draft.head.counts
        done = counts.get(name, 0) if word == "ever" else _used(scene, PERIODS[word])[0]
        if not done:
            return None
        if referral is not None and referral in scene.facts:
            return Refusal(
                Declined.ALREADY_REFERRED, f"{name} was done before, a code comes too late"
            )
        return Refusal(Declined.ONCE_ONLY, f"{name} counts once{each}")

    return guard


def _once_per(name: str, limit: OncePer) -> Guard:
    row, fact = _set_row(name, limit.fact), limit.fact

    def guard(scene: Scene) -> Refusal | None:
        members = scene.draft.row(row)
        if members and holds(members, digest(str(scene.facts.get(fact)))):
            return Refusal(Declined.ONCE_ONLY, f"{name} counts once per {fact}")
        return None

    return guard


def bind_last_guards(name: str, action: ActionType) -> tuple[Guard, ...]:
    """Make the guards that come after the conditions of a rule, in the order of `Declined`."""
    guards: list[Guard] = []
    if action.referred is not None:
        guards.append(_another(action.referred))
    if action.limits.once_per is not None:
        guards.append(_room(name, action.limits.once_per))
    return tuple(guards)


def _another(fact: str) -> Guard:
    def guard(scene: Scene) -> Refusal | None:
        if scene.facts.get(fact) != scene.action.user_id:
            return None
        return Refusal(Declined.SELF_REFERRAL, f"{fact} is {scene.action.user_id} itself")

    return guard


def _room(name: str, limit: OncePer) -> Guard:
    row, size = _set_row(name, limit.fact), limit.at_most * DIGEST_BYTES

    def guard(scene: Scene) -> Refusal | None:
        if len(scene.draft.row(row)) < size:
            return None
        message = f"{name} counts for {limit.at_most} different {limit.fact} at most"
        return Refusal(Declined.LIMIT_REACHED, message)

    return guard


def _note_member(name: str, fact: str) -> Note:
    row = _set_row(name, fact)

    def note(scene: Scene) -> None:
        scene.draft.put(row, scene.draft.row(row) + digest(str(scene.facts.get(fact))))

    return note


def _set_row(name: str, fact: str) -> str:
    return f"set.{name}.{fact}"


def _cooldown(name: str, length: int) -> Guard:
    row = f"times.{name}"

    def guard(scene: Scene) -> Refusal | None:
        times = _moments_in(scene, row)
        moment = scene.action.occurred_at
        at = bisect_left(times, moment + length) - 1
        if at >= 0 and times[at] > moment - length:
            retry_at = times[at] + length
        elif len(times) >= TIMES_MAX and moment < times[0]:
            retry_at = times[0] + length
        else:
            return None
        message = f"{name} needs {length // moments.SECOND} s between two of it"
        return Refusal(Declined.COOLING_DOWN, message, retry_at)

    return guard


def _note_time(name: str, length: int) -> Note:
    row = f"times.{name}"

    def note(scene: Scene) -> None:
        times = _moments_in(scene, row)
        insort(times, scene.action.occurred_at)
        still_near = bisect_left(times, _asked_since(scene, scene.kind.type) - length)
        first = max(still_near, len(times) - TIMES_MAX)
        scene.draft.put(row, msgspec.msgpack.encode(times[first:]))

    return note


def _times(name: str, word: Literal["day", "week", "month", "year"], most: int) -> Guard:
    period = PERIODS[word]

    def guard(scene: Scene) -> Refusal | None:
        if _used(scene, period)[0] < most:
            return None
        return Refusal(Declined.DAILY_LIMIT, f"{name} counts {most} times a {word}")

    return guard


def _points(
    name: str, word: Literal["day", "week", "month", "year"], most: int, scale: int
) -> Guard:
    period = PERIODS[word]
    units = most * 10**scale

    def guard(scene: Scene) -> Refusal | None:
        if _used(scene, period)[1] < units:
            return None
        return Refusal(Declined.DAILY_LIMIT, f"{name} gives {most} points a {word}")

    return guard


def _note_usage(name: str, periods: tuple[PeriodKind, ...]) -> Note:
    def note(scene: Scene) -> None:
        usage = dict(scene.draft.head.usage)
        for period in periods:
            key = f"{name} {scene.day.names[period]}"
            if key not in usage:
                _drop_past(usage, scene)
            times, awarded = usage.get(key, (0, 0))
            usage[key] = [times + 1, within(awarded + max(scene.awarded, 0), KEPT_MAX)]
        scene.draft.head.usage = usage

    return note


def _drop_past(usage: dict[str, list[int]], scene: Scene) -> None:
    """Drop the periods that ended too long ago for any action of theirs to be accepted."""
    for key in list(usage):
        kind, _, period = key.rpartition(" ")
        if scene.rules.calendar.bounds(period)[1] < _asked_since(scene, kind):
            del usage[key]
