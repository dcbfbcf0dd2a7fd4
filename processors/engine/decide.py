"""decide: one action, one account, one outcome. No clock, no I/O, no randomness, no logging."""

from typing import Final

from processors.engine.achievements import grant_badges, reach_rewards
from processors.engine.awards import award, overflow, post
from processors.engine.climbing import climb_ladders
from processors.engine.decision import Decision, Refusal
from processors.engine.members import turn
from processors.engine.notices import notify
from processors.engine.paths import level
from processors.engine.periods import too_early
from processors.engine.rules import ActionRules, Award, AwardRule, Guard, Rules, Scene
from processors.engine.settle import release_of_day, settle
from processors.engine.suspensions import is_suspended, suspect
from processors.engine.tallying import begin_tallies, tally_action
from schemas import parts
from schemas.accounts import Account, draft, draft_remembering
from schemas.actions import Action, Derived
from schemas.envelopes import Rejection
from schemas.moments import DAY, MINUTE, SECOND, write
from schemas.results import AcceptedAction, Declined, DeclinedAction, Rejected

AHEAD_MAX: Final = 5 * MINUTE
"""How long before it happened the broker may have taken an action: clocks differ."""
GRACE: Final = DAY
"""How much longer than needed the past is kept: a re-keyed record may come that much later."""

FOR_EVER: Final = 1 << 48
"""A moment that never lies long ago."""

Given = list[tuple[AwardRule, Award]]


def decide(  # noqa: C901, PLR0912  # a straight list of guards
    rules: Rules, account: Account, action: Action
) -> Decision:
    """Decide an action by a version of its program, on the account it is keyed by.

    Neither argument is changed. Refusals are checked in the order of `Rejected` and `Declined`; the
    first that holds is the outcome. A declined action leaves its id on the account, nothing else; a
    rejected one leaves nothing.
    """
    kind = rules.actions.get(action.type)
    if kind is None:
        message = f"{rules.version} knows no action {action.type}"
        return _reject(account, action, Rejected.UNKNOWN_ACTION, message)
    if not (kind.inside if action.internal else kind.outside):
        message = f"{action.type} may not come over actions{'.internal' * action.internal}"
        return _reject(account, action, Rejected.NOT_ALLOWED, message)
    if account.head.parts and parts.ERASED.name in account.head.parts:
        return _erased(rules, account, action)
    facts = kind.read_facts(action.data)
    if isinstance(facts, str):
        return _reject(account, action, Rejected.BAD_FACT, facts)
    lateness = action.append_time - action.occurred_at
    if lateness < -AHEAD_MAX:
        message = f"it happened {-lateness // SECOND} s after it came"
        return _reject(account, action, Rejected.FROM_THE_FUTURE, message)

    forget_before = action.append_time - rules.accept_late - GRACE
    after = _remembering(kind, account, action, forget_before)
    counted_at = action.occurred_at
    if kind.day_of is not None:
        counted_at = facts[kind.day_of]
        # What was counted on a day is dropped once nothing may come for it any more.
        lateness = max(lateness, action.append_time - counted_at)
    day, moment = rules.calendar.day(counted_at), write(action.occurred_at)
    left = after or account
    scene = Scene(rules, kind, action, facts, left, left, day, moment, forget_before, [], [])
    if after is None:
        return _decline(scene, Refusal(Declined.DUPLICATE, f"{action.id} was decided before"))
    due_at = after.head.due_at
    if kind.effect is not None or (due_at is not None and due_at <= action.occurred_at):
        scene.draft = draft(after)
        settle(scene)
    refusal = _refused(scene, lateness)
    if refusal is not None:
        return _decline(scene, refusal)
    limited = _limited(scene, kind.limits) if kind.limits else None
    elsewhere = limited
    if limited is not None and kind.limits_elsewhere is not kind.limits:
        elsewhere = _limited(scene, kind.limits_elsewhere)
    given: Given = []
    refusal = None if kind.awards else limited or _limited(scene, kind.last_guards)
    for rule in kind.awards:
        result = award(rule, scene, limited if rule.currency == rules.currency else elsewhere)
        if isinstance(result, Award):
            given.append((rule, result))
            if not rule.takes and rule.currency == rules.currency:
                scene.awarded += result.points
            if kind.first_only:
                break
        elif rule.takes:
            return _decline(scene, result)
        else:
            refusal = refusal or result
    if refusal is not None and not given:
        return _decline(scene, refusal)
    decision = _apply(scene, given)
    refusal = overflow(decision.account.head) if decision.postings else None
    if refusal is None:
        return decision
    # Too late for the draft: what is left of a declined action is made anew.
    scene.declined = _remembering(kind, account, action, forget_before) or account
    return _decline(scene, refusal)


def _remembering(
    kind: ActionRules, account: Account, action: Action, forget_before: int
) -> Account | None:
    """Return a draft that remembers the action's id; None where the account does already.

    Kafka's transaction delivers a derived action once; any other id is remembered.
    """
    if "#" in action.id:
        return draft(account)
    return draft_remembering(account, action.id, _kept_from(kind, action), forget_before)


def _kept_from(kind: ActionRules, action: Action) -> int:
    """Return the moment from which an id is kept for as long as an action may come late."""
    return FOR_EVER if kind.keeps_id else action.append_time


def _refused(scene: Scene, lateness: int) -> Refusal | None:
    """Say why an action may not be looked at by its rules, in the order of `Declined`."""
    rules, kind, action = scene.rules, scene.kind, scene.action
    outside = not action.internal
    long_ago = outside and lateness > rules.accept_late
    if outside and kind.suspendable and is_suspended(scene, long_ago=long_ago):
        return Refusal(Declined.SUSPENDED, f"{action.user_id} is suspended")
    if long_ago and not kind.never_late:
        happened = lateness == action.append_time - action.occurred_at
        what = "it happened" if happened else f"its {kind.day_of}"
        return Refusal(Declined.TOO_LATE, f"it came {lateness // SECOND} s after {what}")
    for fact in kind.periods:
        if fact in scene.facts and (early := too_early(scene, scene.facts[fact])):
            return Refusal(Declined.TOO_EARLY, early)
    if kind.idle:
        return Refusal(Declined.NO_RULE, f"{rules.version} gives nothing for it")
    if outside and kind.campaign and not rules.begins <= action.occurred_at < rules.ends:
        return Refusal(Declined.INACTIVE, f"{rules.program} does not run at {scene.moment}")
    return None


def _limited(scene: Scene, guards: tuple[Guard, ...]) -> Refusal | None:
    """Return what the guards of the action type say, the first refusal of their order."""
    for guard in guards:
        refusal = guard(scene)
        if refusal is not None:
            return refusal
    return None


def _apply(scene: Scene, given: Given) -> Decision:
    """Change the draft and tell the results, in the order in which they stand in the log."""
    kind, head, tallies = scene.kind, scene.draft.head, scene.rules.tallies
    before = None if tallies is None else begin_tallies(scene, tallies)
    if kind.holds:
        release_of_day(scene)
    for rule, result in given:
        post(rule, scene, result)
    counts = head.counts = head.counts.copy()
    counts[kind.type] = counts.get(kind.type, 0) + 1
    refusal = kind.effect(scene) if kind.effect is not None else None
    if refusal is not None:
        return _decline(scene, refusal)
    if parts.ERASED.name not in scene.draft.head.parts:
        _follow(scene)
        if tallies is not None and before is not None:
            tally_action(scene, tallies, before)
    if kind.notice is not None or scene.tiers or scene.achievements:
        notify(scene)
    outcome = "posted" if scene.postings else "accepted"
    return Decision(
        scene.draft,
        outcome,  # type: ignore[arg-type]  # one of Outcome
        scene.postings,
        scene.tiers,
        scene.achievements,
        scene.periods,
        scene.notifications,
        scene.derived,
        None if scene.postings else _accepted(scene),
    )


def _follow(scene: Scene) -> None:
    """Let everything follow that an accepted action may bring about; nothing refuses it any more."""
    kind = scene.kind
    for note in kind.notes:
        note(scene)
    scene.open = False
    climb_ladders(scene)
    if kind.effect is not None or scene.draft.head.parts:
        _follow_rarely(scene)
    if kind.badges:
        grant_badges(scene)
    if scene.rules.rewards:
        reach_rewards(scene)
    if kind.derives is not None:
        kind.derives(scene)


def _follow_rarely(scene: Scene) -> None:
    """Let follow what needs an effect, or something that few accounts have."""
    turn(scene)
    if scene.rules.path_ladders and parts.PATHS.name in scene.draft.head.parts:
        level(scene)


def _accepted(scene: Scene) -> AcceptedAction:
    action = scene.action
    return AcceptedAction(
        id=f"{action.id}#accepted",
        action_id=action.id,
        program=action.program,
        user_id=action.user_id,
        action=action.type,
        reference=scene.kind.reference(scene.facts),
        occurred_at=scene.moment,
        rule=scene.kind.ref,
    )


def _reject(account: Account, action: Action, reason: Rejected, message: str) -> Decision:
    rejection = Rejection(reason, message, action.id, action.program, action.user_id)
    return Decision(account, "rejected", rejection=rejection)


def _erased(rules: Rules, account: Account, action: Action) -> Decision:
    """Refuse what comes for an erased account; a credit goes back to its sender."""
    decision = _reject(account, action, Rejected.NOT_ALLOWED, f"{action.user_id} was erased")
    decision.derived = _given_back(rules, action)
    return decision


def _given_back(rules: Rules, action: Action) -> list[Derived]:
    """Return what gives a credit that cannot be booked back to its sender."""
    returns = rules.actions[action.type].returns
    back = None if returns is None else returns(rules, action)
    return [] if back is None else [back]


def _decline(scene: Scene, refusal: Refusal) -> Decision:
    action = scene.action
    scene.derived.clear()
    if refusal.suspicious:
        suspect(scene)
    if scene.kind.returns is not None and refusal.reason is not Declined.DUPLICATE:
        scene.derived += _given_back(scene.rules, action)
    name = "dup" if refusal.reason is Declined.DUPLICATE else "declined"
    declined = DeclinedAction(
        id=f"{action.id}#{name}",
        action_id=action.id,
        program=action.program,
        user_id=action.user_id,
        action=action.type,
        reason=refusal.reason,
        message=refusal.message,
        retry_at=None if refusal.retry_at is None else write(refusal.retry_at),
        reference=scene.kind.reference(scene.facts),
        occurred_at=scene.moment,
        rule=scene.kind.ref,
    )
    return Decision(scene.declined, "declined", declined=declined, derived=scene.derived)
