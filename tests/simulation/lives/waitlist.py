"""What those on a waitlist do: sign up with codes, verify addresses, earn and get rewards."""

from typing import Any

from tests.simulation.lives import common, periods
from tests.simulation.lives.life import Body, Deed, Life

_REWARDS = ("EARLY_ACCESS", "BETA_FEATURE", "COUPON", "FOUNDER", "SWAG", "NO_SUCH")


def sign_up(life: Life, _user: str) -> Body:
    """Sign up, with a code to share and the code of a friend; the best friends have many."""
    rng = life.random
    life.signed_up += 1
    number = life.signed_up
    data: dict[str, Any] = {"code": f"W-{number}", "source": rng.choice(("news", "friend"))}
    friend = rng.randint(1, min(number, 30)) if life.chance(0.5) else rng.randint(1, number + 2)
    if life.chance(0.85):
        data["referral_code"] = f"W-{friend}"
    if life.chance(0.05):
        number = rng.randint(1, number)
    life.kept["signed"].append((life.newcomer(number),))
    return life.award(life.say(life.newcomer(number), "SIGNUP", data))


def verify(life: Life, user: str) -> Body:
    """Verify the address of one who signed up lately."""
    (member,) = life.recall("signed") or (user,)
    body = life.award(life.say(member, "EMAIL_VERIFIED"))
    number = life.random.randint(1, max(life.signed_up, 1))
    confirmed = f"{body['id']}#code_lookup#referral_confirmed"
    life.kept["awards"].append((life.newcomer(number), confirmed))
    return body


def grant(life: Life, user: str) -> Body:
    """Give a reward by hand."""
    reward = life.random.choice(_REWARDS)
    life.kept["granted"].append((user, reward))
    return life.say(user, "REWARD_GRANT", {"reward": reward, "created_by": "admin-7"})


def deliver(life: Life, user: str) -> Body:
    """Deliver a reward, at times one that nobody earned."""
    member, reward = life.recall("granted") or (user, "SWAG")
    return life.say(member, "REWARD_DELIVERED", {"reward": reward})


def resolve(life: Life, user: str) -> Body:
    """Look again which rewards are reached."""
    return life.say(user, "RESOLVE")


DEEDS: dict[Deed, float] = common.usual({"points": 0}, {"counts": {"SIGNUP": 1}}) | {
    periods.periods({"global": ("all_time", "all_time", "daily")}, 4): 1,
    sign_up: 40,
    verify: 30,
    grant: 3,
    deliver: 3,
    resolve: 3,
    common.reversal: 3,
    common.adjustment("MANUAL", -60, -5, 1, 95): 6,
}


def second_version(document: dict[str, Any], _day: str, _until: str) -> None:
    """Give fewer rewards, and let verified addresses count only with points."""
    document["rewards"]["BETA_FEATURE"] |= {"at": 60, "at_most": 6}
    document["rewards"]["COUPON"]["at_most"] = 4
    verified = document["actions"]["EMAIL_VERIFIED"]["rules"]["email_verified"]
    verified["when"] = "balance >= 1"
    document["accept_late"] = "3 days"
