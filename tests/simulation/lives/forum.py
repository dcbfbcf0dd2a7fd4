"""What members of the forum do: they write, tip, buy, unlock, walk paths, and pay in all orders."""

from typing import Any

from tests.simulation.lives import common, periods
from tests.simulation.lives.life import Body, Deed, Life

_PRICES = {"starter": 4.99, "plus": 19.99, "pro": 39.99}
_STATUSES = (
    *(("pending", "completed"), ("completed",), ("pending", "failed"), ("completed", "refunded")),
    *(("completed", "pending"), ("refunded",), ("failed", "completed"), ("completed", "completed")),
    ("pending", "completed", "refunded", "refunded"),
)
_PATHS = ("creator", "trader", "social")


def write(life: Life, user: str) -> Body:
    """Begin a thread or post in one; too soon after the last, at times."""
    kind = life.random.choice(("THREAD_CREATE", "POST_CREATE", "POST_CREATE"))
    if life.chance(0.1):
        soon = life.now + life.random.choice((29_999, 30_000, 60_000))
        life.waiting.append(life.say(user, kind, {}, soon))
    return life.say(user, kind, {"post": f"p-{life.said}"})


def like(life: Life, user: str) -> Body:
    """Be liked."""
    return life.say(user, "LIKE_RECEIVED", {"post": f"p-{life.random.randrange(900)}"})


def login(life: Life, user: str) -> Body:
    """Log in."""
    return life.say(user, "DAILY_LOGIN")


def event(life: Life, user: str) -> Body:
    """Take part in an event, or complete a profile."""
    return life.say(user, life.random.choice(("SPECIAL_EVENT", "PROFILE_COMPLETE")))


def send(life: Life, user: str) -> Body:
    """Give DGT to another member, as a transfer or a tip; to oneself, at times."""
    to = life.member() if life.chance(0.97) else user
    amount = life.random.choice((1, 2, 5, 10, 40, 500))
    kind = life.random.choice(("TRANSFER", "TIP", "TIP"))
    return life.say(user, kind, {"to": to, "amount": amount, "note": "thanks"})


def walk(life: Life, user: str) -> Body:
    """Join or leave a path, or pick the primary one; one that there is not, at times."""
    kind = life.random.choice(("JOIN_PATH", "JOIN_PATH", "LEAVE_PATH", "SET_PRIMARY_PATH"))
    path = life.random.choice(_PATHS) if life.chance(0.97) else "hermit"
    return life.say(user, kind, {"path": path})


def unlock(life: Life, user: str) -> Body:
    """Buy something for DGT, or get it as a gift."""
    name = life.random.choice(("XP_BOOST", "XP_BOOST", "GOLD_NAME", "BADGE_FRAME", "NONE"))
    if life.chance(0.15):
        return life.say(user, "GRANT_UNLOCK", {"unlock": name, "created_by": "admin-7"})
    return life.say(user, "UNLOCK", {"unlock": name})


def pay(life: Life, user: str) -> Body:
    """Pay for DGT: the statuses of a payment come in any order, at times for another member."""
    rng = life.random
    package = rng.choice(list(_PRICES))
    payment = f"cs_{life.said}"
    amount = _PRICES[package] if life.chance(0.97) else 1.00
    bodies = []
    for status in rng.choice(_STATUSES):
        data = {"payment": payment, "provider": "stripe", "package": package, "amount": amount}
        owner = user if life.chance(0.98) else life.member()
        bodies.append(
            life.say(owner, "DGT_PURCHASE", {**data, "currency": "USD", "status": status})
        )
    life.waiting.extend(bodies[1:])
    return bodies[0]


DEEDS: dict[Deed, float] = common.usual(
    {"xp": 0, "dgt": 0}, {"steps": {"level": "4"}, "streaks": {"login": 29}}
) | {
    periods.periods({"xp": ("daily", "monthly")}, 0): 0.3,
    write: 34,
    like: 14,
    login: 16,
    event: 3,
    send: 14,
    walk: 4,
    unlock: 5,
    pay: 4,
    common.reversal: 1,
    common.adjustment("ADJUST_XP", -400, -60, 30, 250, 4_000): 1.5,
    common.adjustment("ADJUST_DGT", -90, -20, 60, 900): 1.5,
}


def second_version(document: dict[str, Any], _day: str, _until: str) -> None:
    """Change levels, what a boost does, and how long an unlock holds."""
    document["ladders"]["level"]["levels"] |= {"at": "40 * n * (n - 1)", "grants": {"dgt": "7 * n"}}
    document["unlocks"]["XP_BOOST"]["boost"] |= {"factor": 1.5, "for": "12 hours"}
    document["unlocks"]["BADGE_FRAME"] |= {"expires": "7 days"}
    document["paths"]["social"]["multipliers"]["DAILY_LOGIN"] = 1.2
    document["actions"]["TIP"]["limits"] = {"times": {"day": 10}}
    document["actions"]["LIKE_RECEIVED"]["rules"]["like"]["max_points"] = 8
    document["actions"]["DGT_CREDIT"]["rules"]["dgt_credit"]["expires"] = "45 days"
    document["boards"]["dgt_earned"]["periods"] = ["all_time", "monthly"]
