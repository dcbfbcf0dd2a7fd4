"""Badges and rewards: what is reached for the first time is given, and nothing is given twice."""

import re

from audit.case import Case, derived
from audit.formula import holds
from audit.kept import streak_length
from audit.ladders import measured
from audit.members import Achievement, Declined
from audit.rules import Document

_OF_TYPE = re.compile(r"(count|streak)\((\w+)\)")
POOL = "reward:"


def grant_badges(case: Case, *, look_again: bool) -> None:
    """Grant every level of every badge that is reached now; nothing is ever taken back."""
    for name, badge in case.part("badges").items():
        if "rank" in badge:
            continue  # Somebody else looks where the member stands, and says it.
        reached = _badge_level(case, badge, look_again=look_again)
        for level in range(case.member.badges.get(name, 0) + 1, reached + 1):
            record = f"badge-{name}" if level == 1 else f"badge-{name}-{level}"
            told = Achievement(case.posting_id(record), "badge", name, level, "EARNED")
            case.member.achievements.append(told)
            case.member.badges[name] = level


def _badge_level(case: Case, badge: Document, *, look_again: bool) -> int:
    """Which level is reached: of a condition or single value 1, of `levels` the highest."""
    if "when" in badge and not holds(case, badge["when"]):
        return 0
    if "measure" not in badge:
        return int("when" in badge)
    if not (look_again or _may_reach(case, badge["measure"])):
        return 0
    value = _measured(case, badge["measure"])
    unit = _unit(case, badge["measure"])
    thresholds = [badge["at"]] if "at" in badge else badge["levels"]
    return max((n for n, at in enumerate(thresholds, 1) if value >= at * unit), default=0)


def _may_reach(case: Case, measure: str) -> bool:
    """Only an action of the type that is counted can reach a count, or a streak."""
    found = _OF_TYPE.fullmatch(measure)
    if found is None:
        return True
    if found[1] == "streak":
        return found[2] in case.raised
    return found[2] == case.said.type


def _measured(case: Case, measure: str) -> int:
    found = _OF_TYPE.fullmatch(measure)
    if found and found[1] == "streak":
        return streak_length(case, found[2]) or 0
    return measured(case, measure, case.currency())


def _unit(case: Case, measure: str) -> int:
    return 1 if _OF_TYPE.fullmatch(measure) else case.unit(case.currency())


def check_badge(case: Case) -> None:
    """Give a badge of a rank, or take it back, as a job says that it holds. Raises Declined."""
    name, holds_now = case.facts["badge"], case.facts["holds"]
    if "rank" not in case.part("badges").get(name, {}):
        raise Declined("condition")
    if holds_now == (name in case.member.badges):
        return
    if holds_now:
        case.member.badges[name] = 1
    else:
        del case.member.badges[name]
    state = "EARNED" if holds_now else "REVOKED"
    told = Achievement(case.posting_id(f"badge-{name}"), "badge", name, 1, state)
    case.member.achievements.append(told)


def reach_rewards(case: Case, *, look_again: bool) -> None:
    """Give what is reached at once, or ask the pool of which there are only so many."""
    for name, reward in case.part("rewards").items():
        measure = reward.get("measure")
        if measure is None or name in case.member.rewards:
            continue
        if not (look_again or _may_reach(case, measure)):
            continue
        if _measured(case, measure) >= reward["at"] * _unit(case, measure):
            _give(case, name, reward)


def grant_reward(case: Case) -> None:
    """Give a reward by hand, its pool being asked first; or as the pool answered. Raises Declined."""
    name = case.facts["reward"]
    reward, state = _known(case, name), case.member.rewards.get(name)
    is_answer = case.said.internal and "#" in case.said.id
    if state is None and not is_answer:
        _give(case, name, reward)
    elif is_answer and state in (None, "CLAIMED"):
        _set_state(case, name, "EARNED")
    else:
        raise Declined("once_only")


def deliver_reward(case: Case) -> None:
    """Note that a reward was delivered. Raises Declined."""
    name = case.facts["reward"]
    _known(case, name)
    state = case.member.rewards.get(name)
    if state == "DELIVERED":
        raise Declined("once_only")
    if state != "EARNED":
        raise Declined("condition")
    _set_state(case, name, "DELIVERED")


def claim_reward(case: Case) -> None:
    """Count one who gets a reward of which there are only so many. Raises Declined."""
    name, pool = case.said.user_id.removeprefix(POOL), case.member
    most = _known(case, name).get("at_most")
    if most is not None and pool.recipients >= most:
        raise Declined("limit_reached")
    pool.recipients += 1
    if "answer" in case.kind:
        _derive(case, case.facts["member"], case.kind["answer"], {"reward": name})


def _give(case: Case, name: str, reward: Document) -> None:
    if "at_most" not in reward:
        _set_state(case, name, "EARNED")
        return
    case.member.rewards[name] = "CLAIMED"
    for kind, form in (case.version.document or {})["actions"].items():
        if form.get("effect") == "claim_reward":
            _derive(case, POOL + name, kind, {"member": case.said.user_id})
            return


def _known(case: Case, name: str) -> Document:
    reward: Document | None = case.part("rewards").get(name)
    if reward is None:
        raise Declined("condition")
    return reward


def _derive(case: Case, subject: str, kind: str, facts: Document) -> None:
    case.follows.append(derived(case.said.program, subject, kind, facts, case.version.name))


def _set_state(case: Case, name: str, state: str) -> None:
    """Note the state of a reward, and tell it."""
    case.member.rewards[name] = state
    told = Achievement(case.posting_id(f"reward-{name}"), "reward", name, 1, state)
    case.member.achievements.append(told)
