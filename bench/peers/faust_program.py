"""The loyalty program as constants of the Faust peer."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

VERSION = "loyalty@2025-01-01/"
ACCEPT_LATE = dt.timedelta(days=7)
WEEKS_KEPT = 3
"""Weekly scores of a region that an account keeps, to move them with the country."""


class Rule(NamedTuple):
    """One type's row: what it earns and what limits it."""

    name: str
    base: Callable[[dict[str, Any]], Decimal]
    term: str
    expires: bool = False
    cooldown: dt.timedelta | None = None
    times_a_day: int = 0
    points_a_day: int = 0


def _fixed(points: int) -> Callable[[dict[str, Any]], Decimal]:
    return lambda _: Decimal(points)


EARNING = {
    "PURCHASE": Rule(
        "purchase",
        lambda data: Decimal(str(data["order_value"])) * Decimal("0.01"),
        "order_value × 0.01",  # noqa: RUF001
        expires=True,
    ),
    "REFERRAL": Rule("referral", _fixed(100), "100"),
    "REVIEW": Rule("review", _fixed(20), "20", times_a_day=5),
    "SOCIAL_SHARE": Rule(
        "social_share",
        _fixed(10),
        "10",
        cooldown=dt.timedelta(minutes=60),
        points_a_day=30,
    ),
    "BIRTHDAY_BONUS": Rule("birthday_bonus", _fixed(500), "500"),
}

REFERENCE = {
    "PURCHASE": ("order_id",),
    "REFERRAL": ("referred_user", "code"),
    "REVIEW": ("product_id",),
    "SOCIAL_SHARE": ("network",),
    "PROFILE": ("country",),
}
"""By type the facts that results repeat."""

TIERS = {
    "BRONZE": (0, Decimal(1)),
    "SILVER": (5_000, Decimal("1.5")),
    "GOLD": (10_000, Decimal(2)),
    "PLATINUM": (20_000, Decimal(3)),
    "DIAMOND": (50_000, Decimal(5)),
}
"""Lifetime from which a tier is held, and its multiplier."""

PROMOTIONS = [
    (
        "winter",
        Decimal(2),
        "PURCHASE",
        dt.datetime(2025, 12, 1, tzinfo=dt.UTC),
        dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    )
]

LIFETIME_BADGES = {"POINTS_1K": 1_000, "POINTS_5K": 5_000, "POINTS_10K": 10_000}
REFERRAL_BADGE, REFERRAL_BADGE_AT = "REFERRAL_MASTER", 10
