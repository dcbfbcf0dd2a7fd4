"""Awards: from a rule and the facts to points, and from points to a posting on the account."""

from typing import Final

from msgspec import structs

from processors.engine import lots, paths
from processors.engine.decision import Refusal
from processors.engine.limits import left
from processors.engine.lots import AVAILABLE, HELD, IN_LOTS, LIFETIME, Entry
from processors.engine.numbers import UNITS_MAX, show
from processors.engine.rules import SIGNED, Award, AwardRule, Scene
from schemas import parts
from schemas.accounts import Head
from schemas.moments import write
from schemas.parts import Held
from schemas.results import Declined, Lot, Posting, Score

_EMPTY_PURSE: Final = [0, 0]
_SURELY_FITS: Final = UNITS_MAX // 4  # Whatever three columns of it come to.
_COUNT_FOR_LIFE: Final = ("earn", "adjust")


def award(rule: AwardRule, scene: Scene, limited: Refusal | None) -> Award | Refusal:
    """Compute what a rule gives, or say why nothing.

    `limited` is what the limits of the action type say; a rule that is not active, or gave its one
    award, says so first.
    """
    moment = scene.action.occurred_at
    for era in rule.eras:
        if moment < era.end:
            break
    if era.sums is None:
        return Refusal(Declined.INACTIVE, f"{rule.name} is not active at {scene.moment}")
    if rule.once and rule.name in parts.GIVEN_ONCE.read(scene.draft.head):
        return Refusal(Declined.ONCE_ONLY, f"{rule.name} gives once")
    if limited is None and (rule.when or rule.minimum or scene.kind.last_guards):
        limited = _conditions(rule, scene)
    if limited is not None:
        return limited
    step = None if rule.ladder is None else scene.draft.head.steps.get(rule.ladder)
    computed = (era.sums.get(step) or era.sums[None])(scene.facts, scene)
    if computed is None:
        return Refusal(Declined.CONDITION, f"{rule.name}: something its points need is missing")
    if computed.points == 0:
        message = f"{computed.why[-2:][0][1]} rounds to 0"
        return Refusal(Declined.ROUNDS_TO_ZERO, message)
    return _fitting(rule, scene, computed)


def _fitting(rule: AwardRule, scene: Scene, computed: Award) -> Award | Refusal:
    """Return what of a sum is given, or may be taken."""
    given: Award | Refusal = computed
    if computed.points < 0 and (rule.kind not in SIGNED or rule.hold is not None):
        # Less than nothing would turn what the posting moves around: who sends would be given.
        message = f"{rule.name} comes to {computed.points}, less than 0"
        return Refusal(Declined.CONDITION, message)
    if rule.takes:
        given = _affordable(rule, scene, computed)
    elif scene.kind.points_limits or rule.max_points:
        given = trim(computed, rule, scene)
    if isinstance(given, Award) and not -UNITS_MAX <= given.points <= UNITS_MAX:
        return too_much(rule.currency)
    return given


def overflow(head: Head) -> Refusal | None:
    """Refuse what leaves an account with more, or owing more, than a purse takes.

    What is held and reserved counts where it will be settled, so that settling never leads beyond.
    """
    for currency, purse in head.purses.items():
        if min(purse) >= -_SURELY_FITS and max(purse) <= _SURELY_FITS:
            continue
        available, lifetime, _, held, reserved = (*purse, 0, 0, 0)[:5]
        most = max(available + reserved, lifetime) + held
        if min(available, lifetime) < -UNITS_MAX or most > UNITS_MAX:
            return too_much(currency)
    return None


def too_much(currency: str) -> Refusal:
    """Refuse more of a currency than a posting moves or an account holds."""
    message = f"{currency} would come to more than {UNITS_MAX} of the smallest unit"
    return Refusal(Declined.LIMIT_REACHED, message)


def _conditions(rule: AwardRule, scene: Scene) -> Refusal | None:
    if rule.when is not None and not rule.when(scene.facts, scene):
        return Refusal(Declined.CONDITION, f"{rule.name}: {rule.when_text} does not hold")
    for least in rule.minimum:
        if scene.facts.get(least.fact, 0) < least.units:
            message = f"{least.fact} is less than {least.text}"
            return Refusal(Declined.BELOW_MINIMUM, message)
    for guard in scene.kind.last_guards:
        refusal = guard(scene)
        if refusal is not None:
            return refusal
    return None


def _affordable(rule: AwardRule, scene: Scene, computed: Award) -> Award | Refusal:
    purse = scene.draft.head.purses.get(rule.currency, _EMPTY_PURSE)
    if computed.points <= purse[AVAILABLE]:
        return computed
    message = f"{computed.points} {rule.currency} asked for, {purse[AVAILABLE]} available"
    return Refusal(Declined.INSUFFICIENT_BALANCE, message)


def trim(computed: Award, rule: AwardRule, scene: Scene) -> Award | Refusal:
    """Cut an award to the most per action and to what the limits of its periods still give."""
    points, why = computed.points, computed.why
    scale = scene.rules.scales[rule.currency]
    if rule.max_points is not None and points > rule.max_points:
        points = rule.max_points
        why = [*why, (f"at most {show(points, scale)} an action", show(points, scale))]
    # Limits of points speak of the first currency.
    first = rule.currency == scene.rules.currency
    for limit in scene.kind.points_limits if first else ():
        rest = left(scene, limit)
        if points > rest:
            points = rest
            why = [*why, (f"at most {limit.text}", show(points, scale))]
    if points <= 0 < computed.points:
        return Refusal(Declined.DAILY_LIMIT, f"{scene.kind.type} gives {limit.text}")
    return structs.replace(computed, points=points, why=why)


def post(rule: AwardRule, scene: Scene, given: Award) -> None:
    """Book an award on the draft and tell its posting."""
    if rule.once:
        once = parts.GIVEN_ONCE.read(scene.draft.head)
        parts.GIVEN_ONCE.write(scene.draft.head, [*once, rule.name])
    if rule.path_xp:
        paths.gain(scene, rule.action, given.bare)
    if rule.takes:
        _take(rule, scene, given)
    elif rule.hold is not None and (due := _held_until(rule, scene)) is not None:
        _hold(rule, scene, given, due)
    else:
        _earn(rule, scene, given)


def _earn(rule: AwardRule, scene: Scene, given: Award) -> None:
    rules, action, facts, head = scene.rules, scene.action, scene.facts, scene.draft.head
    points = given.points
    counts = points if rule.kind in _COUNT_FOR_LIFE else 0
    purses = head.purses = head.purses.copy()
    purse = purses[rule.currency] = purses.get(rule.currency, _EMPTY_PURSE).copy()
    owed = purse[AVAILABLE]
    touched: list[Lot] = []
    if points < 0:
        touched, _ = lots.take(scene.draft, rule.currency, -points, rules.reversible_for)
        purse = head.purses[rule.currency]
    balance = purse[AVAILABLE] = owed + points
    lifetime = purse[LIFETIME] = purse[LIFETIME] + counts
    head.sequence += 1
    scores: list[Score] = []
    if rule.columns is not None and counts:
        scores = rules.boards.score(
            head, scene.day, points, rule.columns, scene.forget_before, rule.category
        )
    posting_id = f"{action.id}#{rule.name}"
    expires = None if rule.expires is None else rule.expires(scene)
    expires_at = None if expires is None else write(expires)
    # A negative balance swallows points first; the rest is a lot.
    opened = points if owed >= 0 else balance
    if opened > 0:
        touched = [(posting_id, opened, expires_at)]
    if points > 0 and (rule.reversible or expires is not None):
        _keep(rule, scene, posting_id, points, max(opened, 0), expires)
    scene.postings.append(
        Posting(
            posting_id,
            action.id,
            action.program,
            action.user_id,
            rule.action,
            rule.kind,
            rule.currency,
            points,
            counts,
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
            touched,
            scores,
            rule.ref,
            None if rule.reason is None else facts.get(rule.reason),
            scene.kind.reference(facts),
            given.why,
            rule.scale,
        )
    )
    if rules.tallies is not None:
        _tally(scene, rule.columns)


def _tally(scene: Scene, columns: str | None) -> None:
    """Score the posting made last on boards that are more than a sum of points."""
    posting, tallies = scene.postings[-1], scene.rules.tallies
    if columns is None or tallies is None:
        return
    all_time = columns.endswith("all_time")
    scores = tallies.score(
        scene.draft.head, scene.day, posting, scene.forget_before, all_time=all_time
    )
    if scores:
        posting.scores = [*posting.scores, *scores]


def _keep(
    rule: AwardRule, scene: Scene, posting_id: str, points: int, opened: int, expires: int | None
) -> None:
    """Keep an award that expires or may be reversed."""
    if expires is not None:
        purse = scene.draft.head.purses[rule.currency]
        if len(purse) <= IN_LOTS:
            purse.append(0)
        purse[IN_LOTS] += opened
    entry = Entry(
        posting_id,
        rule.currency,
        points,
        points if rule.reversible else 0,
        opened if expires is not None else 0,
        scene.action.occurred_at,
        expires,
    )
    lots.note_award(scene.draft, entry, scene.rules.reversible_for, scene.forget_before)


def _take(rule: AwardRule, scene: Scene, given: Award) -> None:
    touched, _ = lots.take(scene.draft, rule.currency, given.points, scene.rules.reversible_for)
    scene.draft.head.purses[rule.currency][AVAILABLE] -= given.points
    tell(
        scene,
        name=rule.name,
        kind=rule.kind,
        action=rule.action,
        currency=rule.currency,
        points=-given.points,
        base=given.base,
        multiplier=given.multiplier,
        touched=touched,
        category=rule.category,
        actor=None if rule.actor is None else scene.facts.get(rule.actor),
        reason=None if rule.reason is None else scene.facts.get(rule.reason),
        rule=rule.ref,
        why=given.why,
        columns=rule.columns,
    )


def _held_until(rule: AwardRule, scene: Scene) -> int | None:
    """Return the moment at which the award's hold is due; None where it is not held."""
    assert rule.hold is not None
    if rule.hold.until is None:
        return scene.action.occurred_at + (rule.hold.length or 0)
    return None if rule.hold.until(scene.facts, scene) else scene.day.end


def _hold(rule: AwardRule, scene: Scene, given: Award, due: int) -> None:
    draft = scene.draft
    purse = lots.purse_of(draft, rule.currency)
    purse[HELD] += given.points
    held = Held(
        id=f"{scene.action.id}#{rule.name}",
        rule=rule.name,
        type=scene.kind.type,
        currency=rule.currency,
        points=given.points,
        occurred_at=scene.action.occurred_at,
        day=scene.day.start,
        due_at=due,
        forfeits=rule.hold is not None and rule.hold.forfeits,
        expires_at=None if rule.expires is None else rule.expires(scene),
        columns=rule.columns,
    )
    parts.HOLDS.write(draft.head, [*parts.HOLDS.read(draft.head), held])
    lots.note_due(draft.head, due)
    tell(
        scene,
        name=rule.name,
        kind="hold",
        action=rule.action,
        currency=rule.currency,
        points=given.points,
        base=given.base,
        multiplier=given.multiplier,
        expires=held.expires_at,
        category=rule.category,
        rule=rule.ref,
        why=given.why,
    )


def tell(
    scene: Scene,
    *,
    name: str,
    kind: str,
    action: str,
    currency: str,
    points: int,
    rule: str,
    why: list[tuple[str, str]],
    lifetime_points: int = 0,
    base: float | None = None,
    multiplier: float | None = None,
    touched: list[Lot] | None = None,
    scores: list[Score] | None = None,
    expires: int | None = None,
    category: str | None = None,
    actor: str | None = None,
    reason: str | None = None,
    columns: str | None = "all",
) -> None:
    """Tell a posting of the draft as it stands now; its id is the action's with `#name`.

    `columns` names the boards that it may score on, None is none.
    """
    rules, said, head = scene.rules, scene.action, scene.draft.head
    purse = head.purses.get(currency, _EMPTY_PURSE)
    head.sequence += 1
    posting = Posting(
        id=f"{said.id}#{name}",
        action_id=said.id,
        program=said.program,
        user_id=said.user_id,
        action=action,
        kind=kind,  # type: ignore[arg-type]  # one of Kind
        currency=currency,
        points=points,
        lifetime_points=lifetime_points,
        base_points=base,
        multiplier=multiplier,
        balance=purse[AVAILABLE],
        lifetime=purse[LIFETIME],
        tier=head.steps.get(rules.tier_ladder) or rules.first_tier,
        category=category,
        sequence=head.sequence,
        actor=actor,
        occurred_at=scene.moment,
        expires_at=None if expires is None else write(expires),
        lots=touched or [],
        scores=scores or [],
        rule=rule,
        reason=reason,
        reference=scene.kind.reference(scene.facts),
        why=why,
        scale=rules.scales.get(currency, 0),
    )
    scene.postings.append(posting)
    if rules.tallies is not None:
        _tally(scene, columns)


def move(scene: Scene, what: str, scores: list[Score], why: str) -> None:
    """Tell a posting that moves the member on boards and nothing else; `what` names it and its rule."""
    rules = scene.rules
    tell(
        scene,
        name=f"move_{what}",
        kind="move",
        action=scene.action.type,
        currency=rules.currency,
        points=0,
        scores=scores,
        rule=f"{rules.version}/{what}",
        why=[(why, "0")],
    )
