"""decide: one action, one account, one outcome. No clock, no I/O, no randomness, no logging."""

from typing import Final

from processors.engine.awards import award, move, post
from processors.engine.badges import grant_badges
from processors.engine.boards import COUNTRY
from processors.engine.decision import Decision, Refusal
from processors.engine.ladders import Ladder, climb
from processors.engine.rules import Award, AwardRule, Rules, Scene
from schemas.accounts import Account, draft, draft_remembering
from schemas.actions import Action, Derived
from schemas.envelopes import Rejection
from schemas.moments import DAY, END_OF_TIME, MINUTE, SECOND, write
from schemas.results import AcceptedAction, Declined, DeclinedAction, Posting, Rejected, TierChanged

AHEAD_MAX: Final = 5 * MINUTE
"""How long before it happened the broker may have taken an action: clocks differ."""
GRACE: Final = DAY
"""How much longer than needed the past is kept: a re-keyed record may come that much later."""

_NOWHERE: Final = (0, 0)

Given = list[tuple[AwardRule, Award]]


def decide(  # noqa: C901, PLR0911, PLR0912  # a straight list of guards
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
    facts = kind.read_facts(action.data)
    if isinstance(facts, str):
        return _reject(account, action, Rejected.BAD_FACT, facts)
    lateness = action.append_time - action.occurred_at
    if lateness < -AHEAD_MAX:
        message = f"it happened {-lateness // SECOND} s after it came"
        return _reject(account, action, Rejected.FROM_THE_FUTURE, message)

    late = rules.accept_late
    forget_before = -END_OF_TIME if late is None else action.append_time - late - GRACE
    # Kafka's transaction delivers a derived action once; any other id is remembered.
    after = (
        draft(account)
        if "#" in action.id
        else draft_remembering(account, action.id, action.append_time, forget_before)
    )
    day, moment = rules.calendar.day(action.occurred_at), write(action.occurred_at)
    scene = Scene(rules, kind, action, facts, after or account, day, moment, forget_before)
    if after is None:
        return _decline(scene, Refusal(Declined.DUPLICATE, f"{action.id} was decided before"))
    if late is not None and lateness > late and not action.internal:
        message = f"it came {lateness // SECOND} s after it happened"
        return _decline(scene, Refusal(Declined.TOO_LATE, message))
    for fact in kind.periods:
        if fact in facts and rules.calendar.bounds(facts[fact])[1] > action.append_time:
            return _decline(scene, Refusal(Declined.TOO_EARLY, f"{facts[fact]} has not ended"))
    if kind.idle:
        return _decline(scene, Refusal(Declined.NO_RULE, f"{rules.version} gives nothing for it"))
    limited = _limited(scene) if kind.limits else None
    given: Given = []
    refusal = None if kind.awards else limited
    for rule in kind.awards:
        result = award(rule, scene, limited)
        if isinstance(result, Award):
            given.append((rule, result))
            scene.awarded += result.points
        else:
            refusal = refusal or result
    if refusal is not None and not given:
        return _decline(scene, refusal)
    derived = kind.effect(scene) if kind.effect is not None else []
    if isinstance(derived, Refusal):
        return _decline(scene, derived)
    # The action is accepted: from here on nothing refuses it.
    return _apply(scene, given, derived)


def _limited(scene: Scene) -> Refusal | None:
    """Return what the limits of the action type say, the first refusal of their order."""
    for guard in scene.kind.limits:
        refusal = guard(scene)
        if refusal is not None:
            return refusal
    return None


def _apply(scene: Scene, given: Given, derived: list[Derived]) -> Decision:
    """Change the draft and tell the results, in the order in which they stand in the log."""
    kind, head = scene.kind, scene.draft.head
    counts = head.counts = head.counts.copy()
    counts[kind.type] = counts.get(kind.type, 0) + 1
    postings = []
    for rule, result in given:
        postings.append(post(rule, scene, result))  # a comprehension is a call more
    for note in kind.notes:
        note(scene)
    tiers: list[TierChanged] = []
    for ladder in scene.rules.ladders:
        purse = head.purses.get(ladder.currency)
        least, beyond = ladder.bounds.get(head.steps.get(ladder.name), _NOWHERE)
        if purse is not None and not least <= purse[1] < beyond:
            tiers += _climb(scene, ladder, purse[1], postings)
    if kind.effect is not None:
        _move(scene, COUNTRY, postings)
    achievements = grant_badges(scene) if kind.badges else ()
    if kind.derives is not None:
        derived = derived + kind.derives(scene)
    if postings:
        return Decision(scene.draft, "posted", postings, tiers, achievements, derived)
    return Decision(scene.draft, "accepted", (), tiers, achievements, derived, _accepted(scene))


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


def _climb(scene: Scene, ladder: Ladder, value: int, postings: list[Posting]) -> list[TierChanged]:
    """Take the step that a value reaches, and move between the boards of the ladder."""
    changes = climb(scene, ladder, value, postings[-1].actor if postings else None)
    if changes:
        _move(scene, ladder.name, postings)
    return changes


def _move(scene: Scene, split: str, postings: list[Posting]) -> None:
    """Move the member between the boards of a split, if another part of it holds now."""
    scores = scene.rules.boards.move(scene.draft.head, split, scene.action.occurred_at)
    if scores:
        postings.append(move(scene, split, scores))


def _reject(account: Account, action: Action, reason: Rejected, message: str) -> Decision:
    rejection = Rejection(reason, message, action.id, action.program, action.user_id)
    return Decision(account, "rejected", rejection=rejection)


def _decline(scene: Scene, refusal: Refusal) -> Decision:
    action = scene.action
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
    return Decision(scene.draft, "declined", declined=declined)
