"""The members of a shop and what they do: ordinary actions of the program `loyalty`, from a seed."""

import itertools
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

PROGRAM = "loyalty"
_COUNTRIES = ("US", "DE", "FR", "GB", "JP", "BR", "IN", "NG", "MX", "PL")
_NETWORKS = ("x", "instagram", "mastodon", "bluesky")
_ADJUSTMENTS = (-7_000, -500, -200, -100, -20, 20, 50, 50, 100, 100, 250, 500, 3_000, 12_000)

# Shares of what they speak of.
_HALF = 0.5
_NEWCOMERS = 0.2  # of acting members
_MOVING = 0.1  # of profiles
_AS_TEXT = 0.1  # of amounts

Clock = Callable[[], int]
"""Epoch milliseconds that `occurred_at` is taken from."""

Body = dict[str, object]

_ORDINARY = {
    "PURCHASE": 50,
    "REVIEW": 14,
    "SOCIAL_SHARE": 18,
    "REFERRAL": 4,
    "BIRTHDAY_BONUS": 4,
    "PROFILE": 6,
    "MANUAL_ADJUSTMENT": 2,
}
"""Weights of the action types that members and the shop's staff send."""


class Shop:
    """Who is a member, who signed up so far; `run` begins every id, code and newcomer's name."""

    def __init__(self, rng: random.Random, clock: Clock, run: str, members: int) -> None:
        self.random = rng
        self.clock = clock
        self.run = run
        self.count = 0
        self.signed_up = 0
        self.weights = list(itertools.accumulate(1 / place for place in range(1, members + 1)))

    def member(self) -> str:
        """Pick a member: a few come all the time, most hardly ever (Zipf); some are newcomers."""
        if self.signed_up and self.random.random() < _NEWCOMERS:
            return self.newcomer(self.random.randint(1, self.signed_up))
        (place,) = self.random.choices(range(len(self.weights)), cum_weights=self.weights)
        return f"u-{place:06d}"

    def newcomer(self, number: int) -> str:
        """Name the so-manieth member that signed up."""
        return f"n-{self.run}-{number:06d}"

    def code(self, number: int) -> str:
        """Name the referral code of the so-manieth member that signed up."""
        return f"C-{self.run}-{number}"

    def action(self, user_id: str, kind: str, data: Body) -> Body:
        """Put an action into its envelope, with a fresh id, happening now."""
        self.count += 1
        return {
            "id": f"{self.run}-{self.count:08d}",
            "program": PROGRAM,
            "user_id": user_id,
            "type": kind,
            "occurred_at": rfc3339(self.clock()),
            "data": data,
        }


def ordinary(shop: Shop) -> Body:
    """Make an action of a member or of the shop's staff."""
    (kind,) = shop.random.choices(list(_ORDINARY), weights=list(_ORDINARY.values()))
    user_id = shop.member()
    return shop.action(user_id, kind, _FACTS[kind](shop, user_id))


def sign_up(shop: Shop) -> Body:
    """Sign a new member up with the code of somebody, mostly of one who came lately."""
    shop.signed_up += 1
    number, rng = shop.signed_up, shop.random
    friend = number - int(rng.paretovariate(0.7))
    data: Body = {"code": shop.code(number), "referral_code": shop.code(max(friend, 1))}
    match rng.randrange(100):
        case 0:
            data["referral_code"] = shop.code(-1)  # which nobody owns
        case 1:
            data["referral_code"] = shop.code(number)  # their own
        case 2 | 3:
            data["referral_code"] = shop.code(number + 3)  # registered a little later
        case 4:
            data["code"] = shop.code(max(number // 2, 1))  # which somebody has
        case 5 | 6:
            number = rng.randint(1, number)  # who signed up before
            data = data if rng.random() < _HALF else {}
    return shop.action(shop.newcomer(number), "SIGNUP", data)


def purchase(shop: Shop, _user_id: str) -> Body:
    """Make the facts of an order."""
    value = min(round(shop.random.lognormvariate(5.5, 1.6), 2), 90_000.0)
    return {
        "order_value": f"{value:.2f}" if shop.random.random() < _AS_TEXT else value,
        "order_id": str(shop.random.randrange(10**8)),
    }


def _review(shop: Shop, _user_id: str) -> Body:
    return {"product_id": f"p-{shop.random.randrange(60)}"}


def _share(shop: Shop, _user_id: str) -> Body:
    return {"network": shop.random.choice(_NETWORKS)}


def _referral(shop: Shop, _user_id: str) -> Body:
    return {"referred_user": shop.member()}


def _birthday(_shop: Shop, _user_id: str) -> Body:
    return {}


def _profile(shop: Shop, user_id: str) -> Body:
    home = int(user_id.rpartition("-")[2])
    place = shop.random.randrange(len(_COUNTRIES)) if shop.random.random() < _MOVING else home
    return {"country": _COUNTRIES[place % len(_COUNTRIES)]}


def _adjustment(shop: Shop, _user_id: str) -> Body:
    return {
        "points": shop.random.choice(_ADJUSTMENTS),
        "reason": "goodwill",
        "created_by": "admin-7",
    }


_FACTS: dict[str, Callable[[Shop, str], Body]] = {
    "PURCHASE": purchase,
    "REVIEW": _review,
    "SOCIAL_SHARE": _share,
    "REFERRAL": _referral,
    "BIRTHDAY_BONUS": _birthday,
    "PROFILE": _profile,
    "MANUAL_ADJUSTMENT": _adjustment,
}


def rfc3339(moment: int) -> str:
    """Write epoch milliseconds as an RFC 3339 UTC time."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
