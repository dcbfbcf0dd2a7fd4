"""Suspensions: by an admin's word, or by themselves after too many suspicious declines."""

from processors.engine.decision import Refusal
from processors.engine.derived import derive, derived
from processors.engine.lots import note_due
from processors.engine.rules import Scene
from schemas import parts
from schemas.accounts import Head
from schemas.moments import DAY, END_OF_TIME, write
from schemas.parts import Suspension


def suspend(scene: Scene) -> Refusal | None:
    """Suspend the member, until a moment or until an end is said; a later end stays.

    An end that is not after the action suspends nobody.
    """
    _suspend_until(scene, scene.draft.head, scene.facts.get("until", END_OF_TIME))
    return None


def unsuspend(scene: Scene) -> Refusal | None:
    """End a suspension now; the time before stays one in which nothing was earned."""
    head, now = scene.draft.head, scene.action.occurred_at
    spans = [(start, min(now, until)) for start, until in parts.SUSPENSION.read(head).spans]
    parts.SUSPENSION.write(head, Suspension(0, [span for span in spans if span[0] < span[1]]))
    return None


def run_out(head: Head) -> None:
    """Let the suspension be over whose end has come. Its time stays, and that of any other."""
    parts.SUSPENSION.write(head, Suspension(0, parts.SUSPENSION.read(head).spans))


def stands_suspended(scene: Scene) -> bool:
    """Tell whether a suspension of the member is not over when the action happened."""
    return scene.action.occurred_at < parts.SUSPENSION.read(scene.draft.head).until


def is_suspended(scene: Scene, *, long_ago: bool) -> bool:
    """Tell whether the member is suspended, or was when the action happened.

    While a suspension stands nothing earns that happened before its end, nor before its beginning:
    outcomes follow the order of the log. One that is over is not asked about what happened longer
    ago than actions may come late, since it may be forgotten by then.
    """
    if parts.SUSPENSION.name not in scene.draft.head.parts:
        return False
    if stands_suspended(scene):
        return True
    spans, at = parts.SUSPENSION.read(scene.draft.head).spans, scene.action.occurred_at
    return not long_ago and any(start <= at < until for start, until in spans)


def suspect(scene: Scene) -> None:
    """Count a suspicious decline on the account as it will be declined; suspend at the last one."""
    rule, head = scene.rules.suspicion, scene.declined.head
    if rule is None:
        return
    day, counted = scene.day.start, parts.SUSPICION.read(head)
    times = counted[day] = counted.get(day, 0) + 1
    recent = {each: n for each, n in counted.items() if each >= scene.forget_before - DAY}
    parts.SUSPICION.write(head, recent)
    if times < rule.times:
        return
    until = scene.action.occurred_at + rule.length
    _suspend_until(scene, head, until)
    if scene.rules.suspend_type is not None:
        derive(
            scene,
            derived(
                scene,
                scene.rules.suspend_type,
                scene.action.user_id,
                {"until": write(until), "reason": "suspicion"},
                "suspend",
            ),
        )


def _suspend_until(scene: Scene, head: Head, until: int) -> None:
    start = scene.action.occurred_at
    if until <= start:
        return
    before = parts.SUSPENSION.read(head)
    spans = [span for span in before.spans if span[1] > scene.forget_before]
    last = max(until, before.until)
    parts.SUSPENSION.write(head, Suspension(last, _joined([*spans, (start, until)])))
    note_due(head, last)


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join those that touch, the earliest first: what is suspended again and again stays small."""
    joined: list[tuple[int, int]] = []
    for start, until in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(until, joined[-1][1]))
        else:
            joined.append((start, until))
    return joined
