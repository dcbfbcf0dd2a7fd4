"""Badges: granted once, when a measure first reaches a value; earned ones are kept."""

from collections.abc import Sequence

from processors.engine.rules import Scene
from schemas.results import AchievementUnlocked


def grant_badges(scene: Scene) -> Sequence[AchievementUnlocked]:
    """Grant the draft the badges that this action earns."""
    head, kind = scene.draft.head, scene.kind
    reached = []
    if kind.lifetime_badges:
        purse = head.purses.get(scene.rules.currency)
        lifetime = 0 if purse is None else purse[1]
        for at, name in kind.lifetime_badges:
            if lifetime < at:
                break
            if name not in head.badges:
                reached.append(name)
    for at, name in kind.count_badges:
        if head.counts[kind.type] >= at and name not in head.badges:
            reached.append(name)
    if reached:
        head.badges = {**head.badges, **dict.fromkeys(reached, 1)}
    return [_unlocked(scene, name) for name in reached] if reached else ()


def _unlocked(scene: Scene, badge: str) -> AchievementUnlocked:
    return AchievementUnlocked(
        id=f"{scene.action.id}#badge-{badge}",
        program=scene.action.program,
        user_id=scene.action.user_id,
        achievement=badge,
        kind="badge",
        level=1,
        state="EARNED",
        payload=None,
        expires_at=None,
        actor=None,
        occurred_at=scene.moment,
    )
