"""Periods: what the subject of a board's period accepts, and what follows when it has ended.

The subject is `period:<board>:<period>`, like `period:region:US:weekly:2025-W49`. Jobs say that a
period began, has ended with a result, and what came late; each is taken once for ever, whatever its
id, so of two jobs that close a period at once the first names the winners.
"""

from collections.abc import Sequence
from typing import Any, Final

from processors.engine.decision import Refusal
from processors.engine.derived import derive, derived
from processors.engine.numbers import POWERS
from processors.engine.period_checks import (
    OFFSET_SCALE,
    wrong_changes,
    wrong_period,
    wrong_result,
)
from processors.engine.rules import Scene
from schemas import parts
from schemas.moments import ALL_TIME, END_OF_TIME, write
from schemas.parts import Period
from schemas.results import Declined, PeriodRecord

AVERAGE_SCALE: Final = 3


def bounds(scene: Scene, period: str) -> tuple[int, int]:
    """Return the first moment of a period and the first after it; `all_time` is the campaign's."""
    rules = scene.rules
    return (rules.begins, rules.ends) if period == ALL_TIME else rules.calendar.bounds(period)


def too_early(scene: Scene, period: str) -> str:
    """Say why it is too early to speak of a period; nothing when its moment has come."""
    starts, ends = bounds(scene, period)
    if scene.kind.opens:
        return f"{period} has not begun" if starts > scene.action.append_time else ""
    return f"{period} has not ended" if ends > scene.action.append_time else ""


def open_period(scene: Scene) -> Refusal | None:
    """Note that a period began."""
    head = scene.draft.head
    state = parts.PERIOD.read(head)
    if state.opened or state.closed:
        return _once_only(scene, "has begun")
    if wrong := wrong_period(scene):
        return Refusal(Declined.CONDITION, wrong)
    parts.PERIOD.write(head, Period(opened=True))
    _tell(scene, "opened")
    return None


def close_period(scene: Scene) -> Refusal | None:
    """Take the result of a period that has ended, and reward its winners."""
    head, facts = scene.draft.head, scene.facts
    state = parts.PERIOD.read(head)
    if state.closed:
        return _once_only(scene, "was closed")
    if wrong := wrong_period(scene) or wrong_result(scene):
        return Refusal(Declined.CONDITION, wrong)
    state.closed = True
    parts.PERIOD.write(head, state)
    _tell(
        scene,
        "closed",
        participants=facts["participants"],
        points=facts["points"],
        average=_fixed(facts["average"]),
        median=_fixed(facts["median"]),
        winners=_placed(facts["winners"]),
        top=_placed(facts["top"]) if _has_snapshot(scene) else [],
        positions=_offsets(scene),
        keep_until=write(facts["keep_until"]) if "keep_until" in facts else None,
    )
    _derive_prizes(scene)
    _derive_rewards(scene)
    return None


def restate_period(scene: Scene) -> Refusal | None:
    """Tell how the scores of a closed period differ from its result, which stays as it is."""
    head, facts = scene.draft.head, scene.facts
    state = parts.PERIOD.read(head)
    if state.restated:
        return _once_only(scene, "was restated")
    if wrong := wrong_period(scene) or wrong_changes(scene, closed=state.closed):
        return Refusal(Declined.CONDITION, wrong)
    state.restated = True
    parts.PERIOD.write(head, state)
    _tell(scene, "restated", changed=facts["changed"], changes=facts["changes"])
    return None


def _once_only(scene: Scene, what: str) -> Refusal:
    return Refusal(Declined.ONCE_ONLY, f"{scene.action.user_id.partition(':')[2]} {what} already")


def _has_snapshot(scene: Scene) -> bool:
    close = scene.rules.close
    return scene.facts["period"] != ALL_TIME or close is None or close.snapshot


def _derive_prizes(scene: Scene) -> None:
    """Derive the action that the board's row gives the winners of such a period."""
    board, period = scene.facts["board"], scene.facts["period"]
    row = scene.rules.periods[board.partition(":")[0]]
    rule = row.winners.get(period.partition(":")[0])
    if rule is None:
        return
    for place, (member, score) in enumerate(scene.facts["winners"][: rule.places], 1):
        data = {"place": place, "period": period, "board": board, "score": score}
        name = f"{rule.action.lower()}-{place}"
        derive(scene, derived(scene, rule.action, member, data, name))


def _derive_rewards(scene: Scene) -> None:
    """Grant the winners of a campaign the rewards for its first so many."""
    close = scene.rules.close
    if close is None or close.grant is None or scene.facts["period"] != ALL_TIME:
        return
    for reward, most in close.rewards:
        for place, (member, _) in enumerate(scene.facts["winners"][:most], 1):
            name = f"{close.grant.lower()}-{reward}-{place}"
            derive(scene, derived(scene, close.grant, member, {"reward": reward}, name))


def _tell(
    scene: Scene,
    kind: str,
    *,
    participants: int = 0,
    points: int = 0,
    average: str = "0.000",
    median: str = "0.000",
    winners: list[tuple[int, str, int]] | None = None,
    top: list[tuple[int, str, int]] | None = None,
    positions: dict[str, int] | None = None,
    keep_until: str | None = None,
    changed: int = 0,
    changes: list[tuple[str, int | None, int | None]] | None = None,
) -> None:
    """Tell of the period; a campaign without a beginning or an end has none here."""
    board, period = scene.facts["board"], scene.facts["period"]
    starts, ends = bounds(scene, period)
    record = PeriodRecord(
        id=f"{scene.action.id}#{kind}",
        program=scene.action.program,
        board=board,
        period=period,
        kind=kind,  # type: ignore[arg-type]  # one of its kinds
        starts_at=write(starts) if starts else None,
        ends_at=write(ends) if ends < END_OF_TIME else None,
        participants=participants,
        points=points,
        average=average,
        median=median,
        winners=winners or [],
        top=top or [],
        positions=positions or {},
        keep_until=keep_until,
        changed=changed,
        changes=changes or [],
        occurred_at=scene.moment,
    )
    scene.periods = [*scene.periods, record]


def _placed(ranking: Sequence[tuple[str, int]]) -> list[tuple[int, str, int]]:
    return [(place, member, score) for place, (member, score) in enumerate(ranking, 1)]


def _offsets(scene: Scene) -> dict[str, int]:
    positions: dict[str, Any] = scene.facts["positions"]
    return {place: units // POWERS[OFFSET_SCALE] for place, units in positions.items()}


def _fixed(units: int) -> str:
    """Write a number of three decimals with all of them."""
    whole, rest = divmod(abs(units), POWERS[AVERAGE_SCALE])
    return f"{'-' * (units < 0)}{whole}.{rest:0{AVERAGE_SCALE}d}"
