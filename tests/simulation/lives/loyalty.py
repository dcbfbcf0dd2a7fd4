"""What members of the shop's program `loyalty` do, what the shop says, and what its jobs do."""

from datetime import UTC, datetime
from typing import Any

from tests.simulation.lives import common, periods
from tests.simulation.lives.life import Body, Deed, Life

_AMOUNTS = (-7_000, -500, -200, -40, 20, 50, 100, 250, 500, 3_000, 12_000)


def purchase(life: Life, user: str) -> Body:
    """Order something."""
    value = min(round(life.random.lognormvariate(5.5, 1.6), 2), 90_000.0)
    written = f"{value:.2f}" if life.chance(0.1) else value
    order = str(life.random.randrange(10**8))
    return life.award(life.say(user, "PURCHASE", {"order_value": written, "order_id": order}))


def review(life: Life, user: str) -> Body:
    """Review a product."""
    product = f"p-{life.random.randrange(60)}"
    return life.award(life.say(user, "REVIEW", {"product_id": product}))


def share(life: Life, user: str) -> Body:
    """Share something; soon again, at times."""
    body = life.award(life.say(user, "SOCIAL_SHARE", {"network": "mastodon"}))
    if life.chance(0.3):
        later = life.now + life.random.choice((3_000_000, 3_600_000, 5_400_000))
        life.waiting.append(life.say(user, "SOCIAL_SHARE", {}, min(later, life.now + 200_000)))
    return body


def login(life: Life, user: str) -> Body:
    """Log in."""
    return life.award(life.say(user, "LOGIN"))


def birthday(life: Life, user: str) -> Body:
    """Have a birthday."""
    return life.award(life.say(user, "BIRTHDAY_BONUS"))


def referral(life: Life, user: str) -> Body:
    """Bring a friend, or oneself."""
    return life.award(life.say(user, "REFERRAL", {"referred_user": life.member()}))


def sign_up(life: Life, _user: str) -> Body:
    """Sign up with the code of somebody, mostly of one who came lately; see that it is odd at times."""
    rng = life.random
    life.signed_up += 1
    number = life.signed_up
    friend = max(number - int(rng.paretovariate(0.7)), 1)
    data = {"code": f"C-{number}", "referral_code": f"C-{friend}"}
    data |= rng.choices(
        [
            {},
            {"referral_code": "C-none"},
            {"referral_code": f"C-{number}"},
            {"referral_code": f"C-{number + 3}"},
            {"code": f"C-{max(number // 2, 1)}"},
        ],
        weights=(92, 1, 1, 4, 2),
    )[0]
    if life.chance(0.05):
        number = rng.randint(1, number)
    body = life.say(life.newcomer(number), "SIGNUP", data if life.chance(0.95) else {})
    life.kept["awards"].append((life.newcomer(friend), f"{body['id']}#code_lookup#referral"))
    return body


def redemption(life: Life, user: str) -> Body:
    """Spend points."""
    points = life.random.choice((1, 5, 10, 30, 80, 300, 1_000))
    return life.say(user, "REDEMPTION", {"points": points, "reward": "mug"})


def reserve_and_settle(life: Life, user: str) -> Body:
    """Set points aside and settle that at once, with a fine in between at times."""
    body = common.reserve(life, user)
    if life.chance(0.3):
        fine = {"points": life.random.choice((-5, -40, -7_000)), **common.BY_ADMIN}
        life.waiting.append(life.say(user, "MANUAL_ADJUSTMENT", fine))
    kind = life.random.choice(("CONFIRM", "CANCEL"))
    life.waiting.append(life.say(user, kind, {"reservation": body["id"]}))
    return body


def prize(life: Life, _user: str) -> Body:
    """Let a job give a prize of last week, of this one (too early), or once more."""
    then = life.now - life.random.choice((0, 7, 7, 7)) * 86_400_000
    year, week, _ = datetime.fromtimestamp(then / 1000, UTC).isocalendar()
    place = life.random.randint(1, 3)
    data: dict[str, Any] = {"place": place, "period": f"weekly:{year}-W{week:02d}"}
    user = f"u-{life.random.randrange(5):04d}"
    return life.say(user, "WEEKLY_WINNER", data) | {"id": f"winner-{year}-{week}-{place}"}


def tier_review(life: Life, user: str) -> Body:
    """Let a job look whether the points of a year still reach the tier."""
    points = life.random.choice((0, 100, 5_000, 20_000))
    return life.say(user, "TIER_REVIEW", {"ladder": "tier", "points": points})


DEEDS: dict[Deed, float] = common.usual(
    {"points": 0}, {"badges": {"POINTS_1K": 1}, "streaks": {"login": 6}, "counts": {"REFERRAL": 3}}
) | {
    periods.periods(
        {"global": ("daily", "weekly", "monthly"), "region:US": ("weekly",), "globe": ("daily",)}, 3
    ): 3,
    periods.rank: 0.8,
    periods.expiry: 0.3,
    purchase: 40,
    review: 10,
    share: 12,
    login: 14,
    birthday: 2,
    referral: 3,
    sign_up: 5,
    redemption: 6,
    common.reserve: 2,
    common.settle_reservation: 1.5,
    reserve_and_settle: 1.5,
    prize: 0.3,
    tier_review: 0.3,
    common.reversal: 3,
    common.adjustment("MANUAL_ADJUSTMENT", *_AMOUNTS): 2,
}


def second_version(document: dict[str, Any], day: str, until: str) -> None:
    """Change a bit of everything from a day on."""
    document["stacking"] = "best"
    document["promotions"] += [
        {
            "name": "shares",
            "factor": 1.5,
            "actions": ["SOCIAL_SHARE"],
            "from": day,
            "until": until,
            "segment": "vip",
        },
        {"name": "everybody", "factor": 1.1, "from": day, "until": until},
    ]
    tier = document["ladders"]["tier"]
    tier["qualification"] = "365 days"
    for step, at in zip(tier["steps"], (0, 300, 900, 2_000, 6_000), strict=True):
        step["at"] = at
    actions = document["actions"]
    purchased = actions["PURCHASE"]["rules"]["purchase"]
    purchased |= {"max_points": 400, "minimum": {"order_value": 5}, "expires": "end of quarter"}
    actions["PURCHASE"]["limits"] = {"points": {"week": 3_000}}
    actions["PURCHASE"]["rules"]["big_order"] = {
        "points": "order_value * 0.001 - 0.5",
        "multiply": [{"tier": {"GOLD": 1.25, "DIAMOND": 4, "others": 1}}],
        "minimum": {"order_value": 1_000},
        "until": f"{until}T12:30:00Z",
        "scores": "none",
    }
    actions["REVIEW"]["limits"]["times"] = {"day": 3, "month": 40}
    actions["REVIEW"]["rules"]["review"] |= {"hold": "2 days", "expires": "30 days"}
    actions["SOCIAL_SHARE"]["limits"]["cooldown"] = "90 minutes"
    actions["BIRTHDAY_BONUS"]["rules"]["birthday_bonus"]["active"] = False
    actions["TIER_REVIEW"] = {"title": "Review", "origin": "job", "effect": "tier_review"}
    actions["HOLD_END"] = {"title": "A hold ends", "origin": "job", "effect": "settle"}
    document["badges"]["SHARER"] = {"measure": "count(SOCIAL_SHARE)", "at": 3}
    document["reserve_for"] = "2 hours"
