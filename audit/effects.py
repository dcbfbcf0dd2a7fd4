"""The one thing more than points that an action of a type does: each effect and its function."""

from collections.abc import Callable, Mapping

from audit.achievements import check_badge, claim_reward, deliver_reward, grant_reward
from audit.case import Case
from audit.closing import close_period, open_period, restate_period
from audit.codes import look_up_code, register_code, take_status
from audit.ladders import review_tier
from audit.opening import open_account
from audit.profiles import join_path, leave_path, primary_path, set_profile
from audit.reservations import cancel, confirm, reserve
from audit.reversal import reverse
from audit.suspension import suspend, unsuspend
from audit.unlocks import grant_unlock, unlock

_EFFECTS: Mapping[str, Callable[[Case], None]] = {
    "profile": set_profile,
    "opening": open_account,
    "reserve": reserve,
    "confirm": confirm,
    "cancel": cancel,
    "reverse": reverse,
    "suspend": suspend,
    "unsuspend": unsuspend,
    "join_path": join_path,
    "leave_path": leave_path,
    "primary_path": primary_path,
    "unlock": unlock,
    "grant_unlock": grant_unlock,
    "register_code": register_code,
    "look_up_code": look_up_code,
    "payment": take_status,
    "claim_reward": claim_reward,
    "grant_reward": grant_reward,
    "deliver_reward": deliver_reward,
    "tier_review": review_tier,
    "open_period": open_period,
    "close_period": close_period,
    "restate_period": restate_period,
    "check_badge": check_badge,
}
"""`settle` does what is done anyway, `resolve_rewards` looks at all rewards, `erase` comes last."""


def take_effect(case: Case) -> None:
    """Let the type's effect change the account. Raises Declined."""
    effect = _EFFECTS.get(case.effect or "")
    if effect is not None:
        effect(case)
