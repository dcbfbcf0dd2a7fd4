"""What traders do: trades, copies, stakes, sign-ups, and bursts that are too fast."""

from typing import Any

from tests.simulation.lives import common, periods
from tests.simulation.lives.life import Body, Deed, Life


def trade(life: Life, user: str) -> Body:
    """Trade something; what is optional may be missing."""
    rng, data = life.random, dict[str, Any]()
    if life.chance(0.9):
        data["volumeUSD"] = round(rng.lognormvariate(7, 2), 2)
    if life.chance(0.7):
        data["profitPercent"] = rng.choice((-3.5, 0, 9.9999, 10, 49, 60, 120))
    if life.chance(0.3):
        data["profitUsd"] = rng.choice((-20, 0, 35.5))
    return life.award(life.say(user, "TRADE_EXECUTE", data))


def burst(life: Life, user: str) -> Body:
    """Trade again and again within a minute."""
    gap = life.random.choice((300, 990, 1_000, 1_016))
    bodies = [life.say(user, "TRADE_EXECUTE", {}, life.now - gap * n) for n in range(66, -1, -1)]
    life.waiting.extend(bodies[1:])
    return bodies[0]


def copy(life: Life, user: str) -> Body:
    """Copy a trade of another member, or one's own."""
    data: dict[str, Any] = {"source_user": life.member()}
    if life.chance(0.9):
        data["success"] = life.chance(0.8)
    if life.chance(0.8):
        data["delayMs"] = life.random.choice((0, 999, 1_000, 4_999, 5_000, 60_000))
    return life.award(life.say(user, "COPY_TRADE", data))


def stake(life: Life, user: str) -> Body:
    """Stake something for a while."""
    amount = life.random.choice((0.000001, 9_999.5, 10_000, 50_000, "100000.000000"))
    days = life.random.choice((1, 30, 180, 365))
    return life.award(life.say(user, "STAKE_SSE", {"amount": amount, "days": days}))


def profile_done(life: Life, user: str) -> Body:
    """Complete or verify a profile."""
    kind = life.random.choice(("PROFILE_COMPLETE", "PROFILE_VERIFIED"))
    return life.award(life.say(user, kind))


def sign_up(life: Life, _user: str) -> Body:
    """Sign up, mostly brought by another member."""
    life.signed_up += 1
    user = life.newcomer(life.signed_up)
    data = {"referrer": life.member() if life.chance(0.95) else user} if life.chance(0.9) else {}
    return life.say(user, "SIGNUP", data)


DEEDS: dict[Deed, float] = common.usual(
    {"score": 0}, {"streaks": {"trading": 12}, "badges": {"FIRST_TRADE": 1}}
) | {
    periods.periods({"global": ("daily", "weekly")}, 0): 0.3,
    trade: 60,
    burst: 0.1,
    copy: 16,
    stake: 4,
    profile_done: 3,
    sign_up: 4,
    common.reversal: 2,
    common.adjustment("ADJUST", -900, -30, 15, 700): 1,
}


def second_version(document: dict[str, Any], day: str, until: str) -> None:
    """Allow fewer actions a minute, cap what copies give, and let stakes be held."""
    document["rate"] = {"times": 40, "per": "60 seconds"}
    actions = document["actions"]
    actions["COPY_TRADE"]["limits"] = {"points": {"day": 45}, "times": {"week": 40}}
    actions["COPY_TRADE"]["match"] = "first"
    actions["COPY_TRADE"]["rules"]["late_copy"] = {"points": 1, "from": day, "until": until}
    actions["STAKE_SSE"]["rules"]["stake"] |= {"hold": "14 days", "expires": "60 days"}
    actions["HOLD_END"] = {"title": "A hold ends", "origin": "job", "effect": "settle"}
    document["streaks"]["trading"]["restarts"] = "profitUsd < 0"
