"""Climbing: what follows when a ladder's measure has moved - its step, its boards, its grants, reviews."""

from processors.engine.awards import move, tell
from processors.engine.decision import Refusal
from processors.engine.ladders import Ladder, held, put_on
from processors.engine.lots import purse_of
from processors.engine.numbers import POWERS, show
from processors.engine.rules import Scene
from schemas import parts
from schemas.results import Declined

REVIEW_SCALE = 6
"""Decimals of the fact `points` of a review."""


def climb_ladders(scene: Scene) -> None:
    """Bring every ladder to the step that its measure reaches now."""
    head = scene.draft.head
    reviewed = head.parts and parts.REVIEWED.name in head.parts
    for ladder in scene.rules.ladders:
        value = ladder.measure(head)
        bounds = ladder.bounds.get(head.steps.get(ladder.name))
        if reviewed and ladder.name in parts.REVIEWED.read(head):
            _climb_reviewed(scene, ladder, value)
        elif bounds is None:
            if ladder.currency in head.purses or value:
                _climb(scene, ladder, ladder.step_at(value), value)
        elif not bounds[0] <= value < bounds[1]:
            _climb(scene, ladder, ladder.step_at(value), value)


def _climb(scene: Scene, ladder: Ladder, step: str, value: int) -> None:
    actor = scene.postings[-1].actor if scene.postings else None
    changes = put_on(scene, ladder, step, value, actor)
    if changes:
        scene.tiers = [*scene.tiers, *changes]
        move_between(scene, ladder.name)
        _grant(scene, ladder)


def move_between(scene: Scene, split: str) -> None:
    """Move the member between the boards of a split, if another part of it holds now."""
    boards, head = scene.rules.boards, scene.draft.head
    scores = boards.move(head, split, scene.action.occurred_at)
    if scores:
        move(scene, split, scores, f"now on {split} {boards.place(head, split)}")


def _grant(scene: Scene, ladder: Ladder) -> None:
    """Give what the steps up to the one held grant, each once for ever."""
    if not ladder.grants:
        return
    head = scene.draft.head
    granted = parts.GRANTED.read(head)
    before, now = granted.get(ladder.name, 0), ladder.steps.index(held(ladder, head.steps))
    if now <= before:
        return
    granted[ladder.name] = now
    parts.GRANTED.write(head, granted)
    for place in range(before + 1, now + 1):
        name = f"{ladder.name}_{ladder.steps[place]}".lower()
        for number, (currency, points) in enumerate(ladder.grants.get(place, ())):
            _give(scene, f"{name}_{currency}" if number else name, currency, points)


def _give(scene: Scene, name: str, currency: str, points: int) -> None:
    rules, draft = scene.rules, scene.draft
    purse = purse_of(draft, currency)
    owed = purse[0]
    purse[0] += points
    purse[1] += points
    opened = points if owed >= 0 else max(purse[0], 0)
    posting_id = f"{scene.action.id}#{name}"
    columns = f"{currency} all"
    scores = rules.boards.score(draft.head, scene.day, points, columns, scene.forget_before, None)
    shown = show(points, rules.scales[currency])
    tell(
        scene,
        name=name,
        kind="earn",
        action=scene.action.type,
        currency=currency,
        points=points,
        lifetime_points=points,
        touched=[(posting_id, opened, None)] if opened else [],
        scores=scores,
        rule=f"{rules.version}/{name}",
        why=[(name.replace("_", " "), shown)],
    )


def review(scene: Scene) -> Refusal | None:
    """Take a member one step down where the points of the window no longer reach the step held."""
    facts, rules, head = scene.facts, scene.rules, scene.draft.head
    ladder = next((each for each in rules.ladders if each.name == facts["ladder"]), None)
    if ladder is None:
        return Refusal(Declined.CONDITION, f"ladder: there is no {facts['ladder']}")
    power = POWERS[REVIEW_SCALE - rules.scales[ladder.currency]]
    points = facts["points"] // power
    reviewed = parts.REVIEWED.read(head)
    place = ladder.steps.index(held(ladder, head.steps))
    if place and points < ladder.thresholds[place]:
        scene.tiers = [
            *scene.tiers,
            *put_on(scene, ladder, ladder.steps[place - 1], points, None),
        ]
        reviewed[ladder.name] = points
    elif ladder.name in reviewed:
        reviewed[ladder.name] = points
    parts.REVIEWED.write(head, reviewed)
    if scene.tiers:
        move_between(scene, ladder.name)
    return None


def _climb_reviewed(scene: Scene, ladder: Ladder, value: int) -> None:
    """After a step down the way up is by the window's points and what was earned since."""
    head = scene.draft.head
    reviewed = parts.REVIEWED.read(head)
    window = reviewed[ladder.name] + sum(
        posting.lifetime_points for posting in scene.postings if posting.currency == ladder.currency
    )
    by_measure, by_window = ladder.step_at(value), ladder.step_at(window)
    rank = ladder.steps.index
    step = min(by_measure, max(held(ladder, head.steps), by_window, key=rank), key=rank)
    if rank(by_window) >= rank(by_measure):
        del reviewed[ladder.name]
    else:
        reviewed[ladder.name] = window
    parts.REVIEWED.write(head, reviewed)
    _climb(scene, ladder, step, value)
