"""What the Faust peer reads, keeps and says, each a `faust.Record`."""

from typing import Any

import faust


class Action(faust.Record, serializer="json"):
    """What happened, as it stands on the topic `actions`."""

    id: str
    program: str
    user_id: str
    type: str
    occurred_at: str
    data: dict[str, Any]


class Account(faust.Record, serializer="json"):
    """One member's state: the value of the table `accounts`."""

    sequence: int
    balance: int
    lifetime: int
    tier: str
    country: str | None
    # Ids decided, by UTC day.
    seen: dict[str, list[str]]
    # Accepted actions by type.
    counts: dict[str, int]
    # By type: [day, times, points] of the latest day.
    usage: dict[str, list[Any]]
    # By type: when the latest accepted one happened.
    latest: dict[str, str]
    products: list[str]
    birthdays: list[int]
    # Score by period: what moves with the country.
    region_scores: dict[str, int]
    tier_score: int
    badges: list[str]
    # What expires: [id, points left, expiry].
    lots: list[list[Any]]


class Posting(faust.Record, serializer="json", include_metadata=False):
    """A record of `rewards.earned`."""

    id: str
    action_id: str
    program: str
    user_id: str
    action: str
    kind: str
    currency: str
    points: int
    lifetime_points: int
    base_points: float | None
    multiplier: float | None
    balance: int
    lifetime: int
    tier: str
    category: str | None
    sequence: int
    actor: str | None
    occurred_at: str
    expires_at: str | None
    lots: list[Any]
    scores: list[Any]
    rule: str
    reason: str | None
    reference: dict[str, Any]
    why: list[Any]
    scale: int


class AcceptedAction(faust.Record, serializer="json", include_metadata=False):
    """A record of `actions.accepted`."""

    id: str
    action_id: str
    program: str
    user_id: str
    action: str
    reference: dict[str, Any]
    occurred_at: str
    rule: str


class DeclinedAction(faust.Record, serializer="json", include_metadata=False):
    """A record of `actions.declined`."""

    id: str
    action_id: str
    program: str
    user_id: str
    action: str
    reason: str
    message: str
    retry_at: str | None
    reference: dict[str, Any]
    occurred_at: str
    rule: str | None


class TierChanged(faust.Record, serializer="json", include_metadata=False):
    """A record of `tier.changed`."""

    id: str
    program: str
    user_id: str
    ladder: str
    old: str
    new: str
    direction: str
    value: int
    threshold: int
    actor: str | None
    occurred_at: str


class AchievementUnlocked(faust.Record, serializer="json", include_metadata=False):
    """A record of `achievements.unlocked`."""

    id: str
    program: str
    user_id: str
    achievement: str
    kind: str
    level: int
    state: str
    payload: Any
    expires_at: str | None
    actor: str | None
    occurred_at: str
