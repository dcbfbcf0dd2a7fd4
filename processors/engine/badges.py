"""Badges: granted once, when a measure first reaches a value; earned ones are kept."""

from collections.abc import Sequence

from processors.engine.rules import Scene
from schemas.results import AchievementUnlocked


def grant_badges(scene: Scene) -> Sequence[AchievementUnlocked]:
    """Grant the draft the badges that this action earns."""
    head, granted = scene.draft.head, []
    purse = head.purses.get(scene.rules.currency)
    lifetime = 0 if purse is None else purse[1]
    for badge in scene.kind.badges:
        value = lifetime if badge.counted is None else head.counts.get(badge.counted, 0)
        if value >= badge.at and badge.name not in head.badges:
            head.badges = {**head.badges, badge.name: 1}
            granted.append(_unlocked(scene, badge.name))
    return granted


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
