"""Effects: what an action does besides points. Each is a function of the scene that changes its draft.

An effect may refuse, which declines the action; nothing of the draft is kept then.
"""

from collections.abc import Mapping
from typing import Final

from processors.engine import (
    achievements,
    climbing,
    codes,
    members,
    paths,
    payments,
    periods,
    ranks,
    redemption,
    suspensions,
)
from processors.engine.rules import Effect
from schemas.program_actions import ActionType

_EFFECTS: Final[Mapping[str, Effect]] = {
    "profile": members.profile,
    "opening": members.open_account,
    "suspend": suspensions.suspend,
    "unsuspend": suspensions.unsuspend,
    "erase": members.erase,
    "reserve": redemption.reserve,
    "confirm": redemption.confirm,
    "cancel": redemption.cancel,
    "join_path": paths.join,
    "leave_path": paths.leave,
    "primary_path": paths.pick,
    "unlock": achievements.buy_unlock,
    "grant_unlock": achievements.give_unlock,
    "grant_reward": achievements.grant_reward,
    "deliver_reward": achievements.deliver_reward,
    "resolve_rewards": members.look_again,
    "tier_review": climbing.review,
    "settle": members.look_again,
    "open_period": periods.open_period,
    "close_period": periods.close_period,
    "restate_period": periods.restate_period,
    "check_badge": ranks.check_badge,
}


def bind_effect(action: ActionType) -> Effect | None:
    """Return the effect that an action type names."""
    own = action.own_code is not None
    if action.effect is None:
        return None
    if action.effect == "register_code":
        return codes.bind_register(action.answer, own=own)
    if action.effect == "reverse":
        return redemption.bind_reverse(action.reverses)
    if action.effect == "payment":
        return payments.bind_payment(action)
    if action.effect in ("look_up_code", "claim_reward"):
        answer = action.answer
        assert answer is not None, "checked with the program"
        if action.effect == "look_up_code":
            return codes.bind_look_up(answer, own=own)
        return lambda scene: achievements.claim_reward(scene, answer)
    return _EFFECTS[action.effect]
