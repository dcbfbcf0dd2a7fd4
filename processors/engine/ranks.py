"""Badges that are held while a member stands high enough: the job looks at the board and says so."""

from processors.engine.achievements import tell_achievement
from processors.engine.decision import Refusal
from processors.engine.rules import Scene
from schemas.results import Declined


def check_badge(scene: Scene) -> Refusal | None:
    """Give a badge that begins to hold, take one back that holds no more; else nothing changes."""
    name, holds, head = scene.facts["badge"], scene.facts["holds"], scene.draft.head
    if name not in scene.rules.ranked_badges:
        return Refusal(Declined.CONDITION, f"badge: there is no {name} that is held for a rank")
    if holds == (name in head.badges):
        return None
    head.badges = {badge: level for badge, level in head.badges.items() if badge != name}
    if holds:
        head.badges[name] = 1
    tell_achievement(scene, f"badge-{name}", name, "badge", state="EARNED" if holds else "REVOKED")
    return None
