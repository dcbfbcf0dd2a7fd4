"""What deciding an action comes to."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from schemas.accounts import Account
from schemas.actions import Derived
from schemas.envelopes import Rejection
from schemas.results import (
    AcceptedAction,
    AchievementUnlocked,
    Declined,
    DeclinedAction,
    Notification,
    PeriodRecord,
    Posting,
    TierChanged,
)

Outcome = Literal["posted", "accepted", "declined", "rejected"]


class Decision(msgspec.Struct, gc=False):
    """The one outcome of an action, its results in the order they stand in the log, and the account after it.

    `posted` has postings and none of `accepted`, `declined`, `rejection`; each other outcome has
    just the one record of its name. A rejected or repeated action leaves the account as it was: the
    same object. The `id` of a `duplicate` ends with `#dup`; who knows the record's place completes it.
    """

    account: Account
    outcome: Outcome
    postings: Sequence[Posting] = ()
    tiers: Sequence[TierChanged] = ()
    achievements: Sequence[AchievementUnlocked] = ()
    periods: Sequence[PeriodRecord] = ()
    notifications: Sequence[Notification] = ()
    derived: Sequence[Derived] = ()
    accepted: AcceptedAction | None = None
    declined: DeclinedAction | None = None
    rejection: Rejection | None = None


class Refusal(NamedTuple):
    """Why a rule gives nothing; `retry_at` is the moment from which it would, in epoch milliseconds."""

    reason: Declined
    message: str
    retry_at: int | None = None
    suspicious: bool = False
