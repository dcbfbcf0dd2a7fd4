"""The tables that rows are only ever added to, and their columns as records have them."""

from typing import Final, NamedTuple

import msgspec
from msgspec import Raw

NULL: Final = Raw(b"null")
"""How CSV for COPY says NULL: without quotes. It stands for a field that a record does not have."""


class PostingRow(msgspec.Struct, kw_only=True, gc=False):
    """A row of `ledger`."""

    id: Raw
    action_id: Raw
    program: Raw
    user_id: Raw
    sequence: Raw
    action: Raw
    kind: Raw
    currency: Raw
    points: Raw
    lifetime_points: Raw
    base_points: Raw = NULL
    multiplier: Raw = NULL
    balance: Raw
    lifetime: Raw
    tier: Raw = NULL
    category: Raw = NULL
    actor: Raw = NULL
    occurred_at: Raw
    expires_at: Raw = NULL
    rule: Raw
    reason: Raw = NULL
    scale: Raw
    reference: Raw
    lots: Raw
    why: Raw


class AcceptedRow(msgspec.Struct, kw_only=True, gc=False):
    """A row of `accepted`."""

    id: Raw
    action_id: Raw
    program: Raw
    user_id: Raw
    action: Raw
    occurred_at: Raw
    rule: Raw
    reference: Raw


class DeclinedRow(msgspec.Struct, kw_only=True, gc=False):
    """A row of `declined`."""

    id: Raw
    action_id: Raw
    program: Raw
    user_id: Raw
    action: Raw
    reason: Raw
    message: Raw
    retry_at: Raw = NULL
    occurred_at: Raw
    rule: Raw = NULL
    reference: Raw


class TierRow(msgspec.Struct, kw_only=True, gc=False):
    """A row of `tier_changes`."""

    id: Raw
    program: Raw
    user_id: Raw
    ladder: Raw
    old: Raw
    new: Raw
    direction: Raw
    value: Raw
    threshold: Raw
    actor: Raw = NULL
    occurred_at: Raw


class AchievementRow(msgspec.Struct, kw_only=True, gc=False):
    """A row of `achievements`."""

    id: Raw
    program: Raw
    user_id: Raw
    achievement: Raw
    kind: Raw
    level: Raw
    state: Raw
    expires_at: Raw = NULL
    actor: Raw = NULL
    occurred_at: Raw
    payload: Raw = NULL


class Table(NamedTuple):
    """A table that rows are only ever added to."""

    name: str
    row: type[msgspec.Struct]
    """Its columns, cut from a record's JSON; those of JSON stand last."""
    json: tuple[str, ...]
    by_month: bool
    """Whether it has a partition for every month of `occurred_at`."""


LEDGER: Final = Table("ledger", PostingRow, ("reference", "lots", "why"), by_month=True)
ACCEPTED: Final = Table("accepted", AcceptedRow, ("reference",), by_month=True)
DECLINED: Final = Table("declined", DeclinedRow, ("reference",), by_month=True)
TIER_CHANGES: Final = Table("tier_changes", TierRow, (), by_month=False)
ACHIEVEMENTS: Final = Table("achievements", AchievementRow, ("payload",), by_month=False)
