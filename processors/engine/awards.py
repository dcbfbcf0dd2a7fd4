"""Awards: from a rule and the facts to points, and from points to a posting on the account."""

from typing import Final

from msgspec import structs

from processors.engine.decision import Refusal
from processors.engine.limits import left
from processors.engine.rules import Award, AwardRule, Scene
from schemas.results import Declined, Lot, Posting, Score

_EMPTY_PURSE: Final = [0, 0]


def award(rule: AwardRule, scene: Scene, limited: Refusal | None) -> Award | Refusal:
    """Compute what a rule gives, or say why nothing.

    `limited` is what the limits of the action type say; a rule that is not active says so first.
    """
    moment = scene.action.occurred_at
    for era in rule.eras:
        if moment < era.end:
            break
    if era.sums is None:
        return Refusal(Declined.INACTIVE, f"{rule.name} is not active at {scene.moment}")
    if limited is None and (rule.minimum or scene.kind.last_guards):
        limited = _conditions(rule, scene)
    if limited is not None:
        return limited
    step = None if rule.ladder is None else scene.draft.head.steps.get(rule.ladder)
    computed = (era.sums.get(step) or era.sums[None])(scene.facts)
    if computed.points == 0:
        message = f"{computed.why[-2:][0][1]} rounds to 0"
        return Refusal(Declined.ROUNDS_TO_ZERO, message)
    return trim(computed, rule, scene) if scene.kind.points_limits or rule.max_points else computed


def _conditions(rule: AwardRule, scene: Scene) -> Refusal | None:
    for least in rule.minimum:
        if scene.facts.get(least.fact, 0) < least.units:
            message = f"{least.fact} is less than {least.text}"
            return Refusal(Declined.BELOW_MINIMUM, message)
    for guard in scene.kind.last_guards:
        refusal = guard(scene)
        if refusal is not None:
            return refusal
    return None


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
    rules, action, facts, head = scene.rules, scene.action, scene.facts, scene.draft.head
    points = given.points
    purses = head.purses = head.purses.copy()
    purse = purses[rule.currency] = purses.get(rule.currency, _EMPTY_PURSE).copy()
    owed = purse[0]
    balance = purse[0] = owed + points
    lifetime = purse[1] = purse[1] + points
    head.sequence += 1
    scores: list[Score] = []
    if rule.columns is not None:
        scores = rules.boards.score(head, scene.day, points, rule.columns, scene.forget_before)
    posting_id = f"{action.id}#{rule.name}"
    expires_at = None if rule.expires is None else rule.expires(scene)
    # A negative balance swallows points first; the rest is a lot.
    opened = points if owed >= 0 else balance
    lots: list[Lot] = [(posting_id, opened, expires_at)] if opened > 0 else []
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
        given.base,
        given.multiplier,
        balance,
        lifetime,
        head.steps.get(rules.tier_ladder) or rules.first_tier,
        rule.category,
        head.sequence,
        None if rule.actor is None else facts.get(rule.actor),
        scene.moment,
        expires_at,
        lots,
        scores,
        rule.ref,
        None if rule.reason is None else facts.get(rule.reason),
        scene.kind.reference(facts),
        given.why,
    )


def move(scene: Scene, split: str, scores: list[Score]) -> Posting:
    """Book a member's move between the boards of a split on the draft and return its posting."""
    rules, action, head = scene.rules, scene.action, scene.draft.head
    balance, lifetime = (head.purses.get(rules.currency) or _EMPTY_PURSE)[:2]
    head.sequence += 1
    return Posting(
        id=f"{action.id}#move_{split}",
        action_id=action.id,
        program=action.program,
        user_id=action.user_id,
        action=action.type,
        kind="move",
        currency=rules.currency,
        points=0,
        lifetime_points=0,
        base_points=None,
        multiplier=None,
        balance=balance,
        lifetime=lifetime,
        tier=head.steps.get(rules.tier_ladder) or rules.first_tier,
        category=None,
        sequence=head.sequence,
        actor=None,
        occurred_at=scene.moment,
        expires_at=None,
        lots=[],
        scores=scores,
        rule=f"{rules.version}/{split}",
        reason=None,
        reference=scene.kind.reference(scene.facts),
        why=[(f"now on {split} {rules.boards.place(head, split)}", "0")],
    )
