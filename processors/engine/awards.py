"""Awards: from a rule and the facts to points, and from points to a posting on the account."""

from typing import Any

import msgspec
from msgspec import structs

from processors.engine.decision import Refusal
from processors.engine.ladders import held
from processors.engine.limits import left
from processors.engine.numbers import plain, show
from processors.engine.rules import AwardRule, Plan, Scene
from schemas.results import Declined, Lot, Posting, Score

Why = list[tuple[str, str]]


class Award(msgspec.Struct, frozen=True, gc=False):
    """Points that a rule gives, and the sum that leads to them."""

    points: int
    base: int  # In units of the rule's base scale.
    multiplier: int | float
    why: Why


def award(rule: AwardRule, scene: Scene, refusal: Refusal | None) -> Award | Refusal:
    """Compute what a rule gives, or say why nothing.

    `refusal` is what the limits of the action type have said; a rule that is not active says so first.
    """
    plan = plan_at(rule, scene)
    if plan is None:
        return Refusal(Declined.INACTIVE, f"{rule.name} is not active at {scene.moment}")
    if refusal is not None:
        return refusal
    for least in rule.minimum:
        if scene.facts.get(least.fact, 0) < least.units:
            message = f"{least.fact} is less than {least.text}"
            return Refusal(Declined.BELOW_MINIMUM, message)
    for guard in scene.kind.last_guards:
        refusal = guard(scene)
        if refusal is not None:
            return refusal
    computed = compute(rule, plan, scene.facts)
    if computed.points == 0:
        message = f"{computed.why[-2][1] if len(computed.why) > 1 else 0} rounds to 0"
        return Refusal(Declined.ROUNDS_TO_ZERO, message)
    return trim(computed, rule, scene) if scene.kind.points_limits or rule.max_points else computed


def plan_at(rule: AwardRule, scene: Scene) -> Plan | None:
    """Return how a rule computes at the moment of the action and on the step held before it."""
    moment = scene.action.occurred_at
    for era in rule.eras:
        if moment < era.end:
            break
    if era.plans is None:
        return None
    step = None if rule.ladder is None else scene.draft.head.steps.get(rule.ladder)
    return era.plans.get(step) or era.plans[None]


def compute(rule: AwardRule, plan: Plan, facts: dict[str, Any]) -> Award:
    """Compute exactly: base, times each factor in order, one rounding at the end."""
    units = base = rule.base(facts)
    scale = rule.base_scale
    why = [(rule.base_text, show(units, scale))]
    for label, factor, decimals in plan.factors:
        units *= factor
        scale += decimals
        why.append((label, show(units, scale)))
    if plan.divisor != 1:
        units = rule.round(units, plan.divisor)
        why.append((rule.rounding, show(units, rule.currency_scale)))
    return Award(units, base, plan.multiplier, why)


def trim(computed: Award, rule: AwardRule, scene: Scene) -> Award | Refusal:
    """Cut an award to the most per action and to what the limits of its periods still give."""
    points, why = computed.points, computed.why
    if rule.max_points is not None and points > rule.max_points:
        points = rule.max_points
        why = [*why, (f"at most {points} an action", str(points))]
    for limit in scene.kind.points_limits:
        rest = left(scene, limit)
        if points > rest:
            points = rest
            why = [*why, (f"at most {limit.text}", str(points))]
    if points <= 0 < computed.points:
        return Refusal(Declined.DAILY_LIMIT, f"{scene.kind.type} gives {limit.text}")
    return structs.replace(computed, points=points, why=why)


def post(rule: AwardRule, scene: Scene, given: Award) -> Posting:
    """Book an award on the draft and return its posting."""
    action, head = scene.action, scene.draft.head
    points = given.points
    purse = head.purses.get(rule.currency) or [0, 0]
    balance, lifetime = purse[0] + points, purse[1] + points
    expires_at = None if rule.expires is None else rule.expires(scene)
    scores: list[Score] = []
    if rule.scores != "none":
        boards = scene.rules.boards
        scores = boards.score(head, scene.day, points, rule.scores, scene.forget_before)
    head.purses = {**head.purses, rule.currency: [balance, lifetime, *purse[2:]]}
    head.sequence += 1
    posting_id = f"{action.id}#{rule.name}"
    return Posting(
        posting_id,
        action.id,
        action.program,
        action.user_id,
        action.type,
        rule.kind,
        rule.currency,
        points,
        points,
        plain(given.base, rule.base_scale),
        given.multiplier,
        balance,
        lifetime,
        tier(scene),
        rule.category,
        head.sequence,
        None if rule.actor is None else scene.facts.get(rule.actor),
        scene.moment,
        expires_at,
        _new_lot(posting_id, points, purse[0], expires_at),
        scores,
        rule.ref,
        None if rule.reason is None else scene.facts.get(rule.reason),
        scene.kind.reference(scene.facts),
        given.why,
    )


def tier(scene: Scene) -> str | None:
    """Return the step held on the program's first ladder."""
    for ladder in scene.rules.ladders:
        return held(ladder, scene.draft.head.steps)
    return None


def _new_lot(posting_id: str, points: int, owed: int, expires_at: str | None) -> list[Lot]:
    """Return the lot that an award opens: its points, less what a negative balance swallows."""
    opened = points + min(owed, 0)
    return [(posting_id, opened, expires_at)] if opened > 0 else []


def move(scene: Scene, split: str, scores: list[Score]) -> Posting:
    """Book a member's move between the boards of a split on the draft and return its posting."""
    action, head = scene.action, scene.draft.head
    currency = scene.rules.currency
    balance, lifetime = (head.purses.get(currency) or [0, 0])[:2]
    head.sequence += 1
    return Posting(
        id=f"{action.id}#move_{split}",
        action_id=action.id,
        program=action.program,
        user_id=action.user_id,
        action=action.type,
        kind="move",
        currency=currency,
        points=0,
        lifetime_points=0,
        base_points=None,
        multiplier=None,
        balance=balance,
        lifetime=lifetime,
        tier=tier(scene),
        category=None,
        sequence=head.sequence,
        actor=None,
        occurred_at=scene.moment,
        expires_at=None,
        lots=[],
        scores=scores,
        rule=f"{scene.rules.version}/{split}",
        reason=None,
        reference=scene.kind.reference(scene.facts),
        why=[(f"now on {split} {scene.rules.boards.place(head, split)}", "0")],
    )
