"""Achievements: badges, rewards and unlocks, each given once for what it is given for."""

from processors.engine import lots
from processors.engine.awards import tell
from processors.engine.decision import Refusal
from processors.engine.derived import derive, derived
from processors.engine.lots import AVAILABLE
from processors.engine.numbers import show
from processors.engine.rules import BadgeRule, Scene, UnlockRule
from schemas import parts
from schemas.moments import write
from schemas.parts import Boost, Unlocked
from schemas.results import AchievementUnlocked, Declined

CLAIMED, EARNED, DELIVERED = "CLAIMED", "EARNED", "DELIVERED"


def grant_badges(scene: Scene) -> None:
    """Grant every badge, and every level of one, that this action reaches."""
    head = scene.draft.head
    held = head.badges
    measure, value = None, 0
    for badge in scene.kind.badges:
        level = held.get(badge.name, 0)
        if level >= badge.most:
            continue
        if badge.measure is None:
            reached = badge.when is not None and badge.when(scene.facts, scene)
        else:
            if badge.measure is not measure:  # Most badges in a row have one measure.
                measure = badge.measure
                value = measure(head)
            reached = value >= badge.levels[level]
        if reached:
            _grant(scene, badge, level)


def _grant(scene: Scene, badge: BadgeRule, level: int) -> None:
    """Grant every level of a badge that is reached, the first of which is known to be."""
    head = scene.draft.head
    value = None if badge.measure is None else badge.measure(head)
    for each, at in enumerate(badge.levels[level:], level + 1):
        if value is not None and value < at:
            break
        head.badges = {**head.badges, badge.name: each}
        suffix = f"badge-{badge.name}" if each == 1 else f"badge-{badge.name}-{each}"
        tell_achievement(scene, suffix, badge.name, "badge", level=each)


def reach_rewards(scene: Scene) -> None:
    """Give every reward whose value is reached and that the member does not have."""
    rewards = parts.REWARDS.read(scene.draft.head)
    for name, reward in scene.rules.rewards.items():
        if reward.measure is None or name in rewards:
            continue
        if reward.measure(scene.draft.head) >= reward.at:
            _give(scene, name, asks_pool=reward.at_most is not None)


def _give(scene: Scene, name: str, *, asks_pool: bool) -> None:
    rewards = parts.REWARDS.read(scene.draft.head)
    rewards[name] = CLAIMED if asks_pool else EARNED
    parts.REWARDS.write(scene.draft.head, rewards)
    if not asks_pool:
        _tell_reward(scene, name, EARNED)
    elif scene.rules.claim_type is not None:
        derive(
            scene,
            derived(
                scene,
                scene.rules.claim_type,
                f"reward:{name}",
                {"member": scene.action.user_id},
                f"claim-{name}",
            ),
        )


def grant_reward(scene: Scene) -> Refusal | None:
    """Give a reward by hand, or as its pool answers."""
    name = scene.facts["reward"]
    reward = scene.rules.rewards.get(name)
    if reward is None:
        return _unknown("reward", name, scene.rules.rewards)
    state = parts.REWARDS.read(scene.draft.head).get(name)
    if "#" in scene.action.id and state in (None, CLAIMED):
        _give(scene, name, asks_pool=False)
    elif state is not None:
        return Refusal(Declined.ONCE_ONLY, f"reward: {name} is {state}")
    else:
        _give(scene, name, asks_pool=reward.at_most is not None)
    return None


def deliver_reward(scene: Scene) -> Refusal | None:
    """Note that a reward was delivered."""
    name = scene.facts["reward"]
    if name not in scene.rules.rewards:
        return _unknown("reward", name, scene.rules.rewards)
    rewards = parts.REWARDS.read(scene.draft.head)
    if rewards.get(name) == DELIVERED:
        return Refusal(Declined.ONCE_ONLY, f"reward: {name} was delivered")
    if rewards.get(name) != EARNED:
        return Refusal(Declined.CONDITION, f"reward: {name} was not earned")
    rewards[name] = DELIVERED
    parts.REWARDS.write(scene.draft.head, rewards)
    _tell_reward(scene, name, DELIVERED)
    return None


def claim_reward(scene: Scene, answer: str) -> Refusal | None:
    """Count a recipient of a pool, and answer the member who asked."""
    name = scene.action.user_id.partition(":")[2]
    reward = scene.rules.rewards.get(name)
    if reward is None:
        return _unknown("reward", name, scene.rules.rewards)
    recipients = parts.RECIPIENTS.read(scene.draft.head)
    if reward.at_most is not None and recipients >= reward.at_most:
        return Refusal(Declined.LIMIT_REACHED, f"{name} went to {recipients}, and no more")
    parts.RECIPIENTS.write(scene.draft.head, recipients + 1)
    derive(
        scene,
        derived(scene, answer, scene.facts["member"], {"reward": name}),
    )
    return None


def buy_unlock(scene: Scene) -> Refusal | None:
    """Unlock something for its cost."""
    name = scene.facts["unlock"]
    refusal = _refuse_unlock(scene, name)
    if refusal is not None:
        return refusal
    unlock = scene.rules.unlocks[name]
    currency, cost = unlock.currency, unlock.cost
    purse = scene.draft.head.purses.get(currency, [0])
    if purse[AVAILABLE] < cost:
        message = f"{name} costs {cost} {currency}, {purse[AVAILABLE]} available"
        return Refusal(Declined.INSUFFICIENT_BALANCE, message)
    touched, _ = lots.take(scene.draft, currency, cost, scene.rules.reversible_for)
    lots.purse_of(scene.draft, currency)[AVAILABLE] -= cost
    tell(
        scene,
        name="unlock",
        kind="redeem",
        action=scene.action.type,
        currency=currency,
        points=-cost,
        touched=touched,
        rule=f"{scene.rules.version}/unlock",
        why=[(f"cost of {name}", show(cost, scene.rules.scales[currency]))],
    )
    _unlock(scene, name, unlock)
    return None


def give_unlock(scene: Scene) -> Refusal | None:
    """Unlock something as a gift."""
    name = scene.facts["unlock"]
    refusal = _refuse_unlock(scene, name)
    if refusal is None:
        _unlock(scene, name, scene.rules.unlocks[name])
    return refusal


def _refuse_unlock(scene: Scene, name: str) -> Refusal | None:
    unlock = scene.rules.unlocks.get(name)
    if unlock is None:
        return _unknown("unlock", name, scene.rules.unlocks)
    had = parts.UNLOCKS.read(scene.draft.head).get(name)
    if had is None or unlock.repeatable:
        return None
    if had.until and had.until <= scene.action.occurred_at:
        return None
    return Refusal(Declined.ONCE_ONLY, f"unlock: {name} is unlocked")


def _unlock(scene: Scene, name: str, unlock: UnlockRule) -> None:
    head = scene.draft.head
    unlocks = parts.UNLOCKS.read(head)
    times = unlocks[name].times + 1 if name in unlocks else 1
    until = 0 if unlock.expires is None else unlock.expires(scene)
    if unlock.boost is not None:
        until = _boost(scene, *unlock.boost)
    unlocks[name] = Unlocked(times, until)
    parts.UNLOCKS.write(head, unlocks)
    tell_achievement(
        scene,
        f"unlock-{name}",
        name,
        "unlock",
        level=times,
        payload=unlock.payload,
        expires=until or None,
    )


def _boost(scene: Scene, currency: str, millionths: int, length: int) -> int:
    """Begin a boost, or let the one that has not ended go on for longer; return its end.

    One that is bought late lengthens it too, and never lets it begin before it was paid for.
    """
    now = scene.action.occurred_at
    boosts = parts.BOOSTS.read(scene.draft.head)
    running = boosts.get(currency)
    goes_on = running is not None and running.millionths == millionths and now < running.until
    if running is not None and goes_on:
        boost = Boost(millionths, running.from_, running.until + length)
    else:
        boost = Boost(millionths, now, now + length)
    boosts[currency] = boost
    parts.BOOSTS.write(scene.draft.head, boosts)
    return boost.until


def _unknown(fact: str, name: str, known: object) -> Refusal:
    names = ", ".join(sorted(known)) if isinstance(known, dict) else ""
    return Refusal(Declined.CONDITION, f"{fact}: there is no {name}, but {names or 'none'}")


def _tell_reward(scene: Scene, name: str, state: str) -> None:
    reward = scene.rules.rewards[name]
    tell_achievement(scene, f"reward-{name}", name, "reward", state=state, payload=reward.payload)


def tell_achievement(
    scene: Scene,
    suffix: str,
    achievement: str,
    kind: str,
    *,
    level: int = 1,
    state: str = EARNED,
    payload: object = None,
    expires: int | None = None,
) -> None:
    """Tell that an achievement changed its state; `<id>#suffix` is the record's id."""
    record = AchievementUnlocked(
        id=f"{scene.action.id}#{suffix}",
        program=scene.action.program,
        user_id=scene.action.user_id,
        achievement=achievement,
        kind=kind,  # type: ignore[arg-type]  # one of its kinds
        level=level,
        state=state,  # type: ignore[arg-type]  # one of its states
        payload=payload,
        expires_at=None if expires is None else write(expires),
        actor=None if kind == "badge" else scene.facts.get("created_by"),
        occurred_at=scene.moment,
    )
    scene.achievements = [*scene.achievements, record]
