"""What scoring and the boards projector say: one Struct per result topic, in its wire form.

Times are RFC 3339 UTC strings with milliseconds. Points are integers of the currency's minor unit.
"""

from enum import StrEnum
from typing import Any, Literal

import msgspec


class Declined(StrEnum):
    """Why the rules gave a valid action nothing; checked in this order, first match wins."""

    DUPLICATE = "duplicate"  # This id was decided before for this program and subject.
    SUSPENDED = "suspended"  # The member may not earn for now.
    TOO_LATE = "too_late"  # It came longer after it happened than the program accepts.
    TOO_EARLY = "too_early"  # A job speaks of a period that has not ended.
    NO_RULE = "no_rule"  # No rule of the version in force speaks of this action.
    INACTIVE = "inactive"  # The rule is switched off, or outside its dates.
    ONCE_ONLY = "once_only"  # Once for ever, or once per day, week, month or year: used up.
    COOLING_DOWN = "cooling_down"  # Too near to the last accepted one of its type.
    DAILY_LIMIT = "daily_limit"  # The times or points of a day, week or month are used up.
    RATE_LIMITED = "rate_limited"  # More actions a minute than the program allows.
    CONDITION = "condition"  # A condition of the rule does not hold; the message names it.
    BELOW_MINIMUM = "below_minimum"  # A fact is under the least the rule asks for.
    NOT_REVERSIBLE = "not_reversible"  # The award is too old to be taken back.
    SELF_REFERRAL = "self_referral"  # The code's owner is the referred member.
    ALREADY_REFERRED = "already_referred"  # The member was referred before.
    UNKNOWN_CODE = "unknown_code"  # Nobody owns this referral code.
    INSUFFICIENT_BALANCE = "insufficient_balance"  # More than is available.
    LIMIT_REACHED = "limit_reached"  # A pool is empty, a set full, an amount beyond 2^53.
    ROUNDS_TO_ZERO = "rounds_to_zero"  # The rule matched and the sum rounds to nothing.


class Rejected(StrEnum):
    """Why a record is no valid action."""

    UNREADABLE = "unreadable"  # No JSON object, or numbers, nesting or encoding out of bounds.
    TOO_LARGE = "too_large"  # Over 64 KiB.
    UNKNOWN_PROGRAM = "unknown_program"  # No version of this program is in force.
    UNKNOWN_ACTION = "unknown_action"  # The version in force does not know the type.
    NOT_ALLOWED = "not_allowed"  # This type, id or subject may not come over this topic.
    BAD_FACT = "bad_fact"  # A field or fact is missing or ill-formed; the message names it.
    FROM_THE_FUTURE = "from_the_future"  # It happened over 5 minutes after the broker took it.
    MISROUTED_LOOP = "misrouted_loop"  # Re-keyed once and on the wrong partition again.
    ENGINE_FAILURE = "engine_failure"  # The engine raised on it; our fault, with an alarm.


Kind = Literal[
    "earn",
    "adjust",
    "redeem",
    "expire",
    "send",
    "receive",
    "return",
    "hold",
    "release",
    "forfeit",
    "reverse",
    "reserve",
    "confirm",
    "cancel",
    "move",
]

Score = tuple[str | int, ...]
"""(board, period, change): what a posting adds to its member's score on one board.

A fourth element has words, separated by one space. `quiet` asks for no `leaderboard.updated`; `leaves`
takes the member off the board (the change is then minus the score that stood there), `hidden` changes
what a hidden member will have. `best` and `last`: the change is a value, and the score becomes it when it
is better, or anyway. `tie:<epoch ms>` is the tie value instead of when it happened. `decay:<factor>:<n>:
<per>`: the change loses by the factor with each day, ISO week or month after the n-th since that of
1970-01-01. Without words the change is added. ("*", boards, 0, "hides") takes the member off all boards of the program with
everything it has there, and `shows` brings it back; `boards` names those whose changes are told, as
`global all_time,region all_time`.
"""

Lot = tuple[str, int, str | None]
"""(id of the posting that made it, points put in or, negative, taken out, its expiry)."""


class Posting(msgspec.Struct, gc=False):
    """One signed line on an account: a record of `rewards.earned`."""

    id: str
    action_id: str
    program: str
    user_id: str
    action: str
    kind: Kind
    currency: str
    points: int
    lifetime_points: int
    base_points: int | float | None
    multiplier: int | float | None
    balance: int
    lifetime: int
    tier: str | None
    category: str | None
    sequence: int
    actor: str | None
    occurred_at: str
    expires_at: str | None
    lots: list[Lot]
    scores: list[Score]
    rule: str
    reason: str | None
    reference: dict[str, Any]
    # Every step of the sum as (what, value so far): enough to redo it by hand.
    why: list[tuple[str, str]]
    # Decimals of the currency's smallest unit, which points, balance and lots are counted in.
    scale: int


class AcceptedAction(msgspec.Struct, gc=False):
    """A valid action that changed state but no balance: a record of `actions.accepted`."""

    id: str
    action_id: str
    program: str
    user_id: str
    action: str
    reference: dict[str, Any]
    occurred_at: str
    rule: str


class DeclinedAction(msgspec.Struct, gc=False):
    """A valid action whose rules gave nothing: a record of `actions.declined`."""

    id: str
    action_id: str
    program: str
    user_id: str
    action: str
    reason: Declined
    message: str
    retry_at: str | None
    reference: dict[str, Any]
    occurred_at: str
    rule: str | None


class RejectedRecord(msgspec.Struct, gc=False):
    """A record that is no valid action, with its original bytes: a record of `actions.rejected`."""

    id: str
    reason: Rejected
    message: str
    topic: str
    partition: int
    offset: int
    append_time: str
    # What could be read of the envelope; null where it could not.
    action_id: str | None
    program: str | None
    user_id: str | None
    # `value` is UTF-8 text; where the bytes are no UTF-8, `value_base64` holds them instead.
    value: str | None
    value_base64: str | None
    headers: dict[str, str]


class TierChanged(msgspec.Struct, gc=False):
    """A member's step on a ladder: a record of `tier.changed`."""

    id: str
    program: str
    user_id: str
    ladder: str
    old: str
    new: str
    direction: Literal["up", "down"]
    value: int
    threshold: int
    actor: str | None
    occurred_at: str


class AchievementUnlocked(msgspec.Struct, gc=False):
    """A badge, reward or unlock changing state: a record of `achievements.unlocked`."""

    id: str
    program: str
    user_id: str
    achievement: str
    kind: Literal["badge", "reward", "unlock"]
    level: int
    state: Literal["EARNED", "DELIVERED", "REVOKED", "EXPIRED"]
    payload: Any
    expires_at: str | None
    actor: str | None
    occurred_at: str


class PeriodRecord(msgspec.Struct, gc=False):
    """A period of a board that began, ended, or was looked at again: a record of `periods.closed`.

    A `closed` record never changes; what came late is told by one that is `restated`. Fields of which
    a kind knows nothing are 0, empty or null: of `opened` all but the bounds, of `restated` all but
    the bounds and what changed.
    """

    id: str
    program: str
    board: str
    period: str
    kind: Literal["opened", "closed", "restated"]
    # The first moment of the period, and the first after it; of a campaign when it begins and ends.
    starts_at: str | None
    ends_at: str | None
    participants: int
    # The sum of all scores, at most 2^53 either way, and what the whole sum comes to per member: decimal
    # texts with three places.
    points: int
    average: str
    median: str
    # (place, member, score), all of them above 0.
    winners: list[tuple[int, str, int]]
    # (rank, member, score), at most 100; empty without a snapshot.
    top: list[tuple[int, str, int]]
    # By `topic:partition` the next offset of results when the board was read.
    positions: dict[str, int]
    # Until when the board stands.
    keep_until: str | None
    # How many scores differ from the result, and the first 100: (member, score then, score now).
    changed: int
    changes: list[tuple[str, int | None, int | None]]
    occurred_at: str


class Notification(msgspec.Struct, gc=False):
    """What a member should be told: a record of `notifications.send`.

    `type` is `winner`, `badge`, `reward`, `tier` or `expiry`, else the action's type in lower case;
    `data` holds what the texts were made of.
    """

    id: str
    program: str
    user_id: str
    type: str
    title: str
    message: str
    data: dict[str, Any]
    occurred_at: str


class LeaderboardUpdated(msgspec.Struct, gc=False):
    """A change of one member's rank or score on one board: a record of `leaderboard.updated`."""

    id: str
    program: str
    board: str
    period: str
    user_id: str
    score: int
    old_score: int | None
    rank: int | None
    old_rank: int | None
    participants: int
    occurred_at: str


class JournalEntry(msgspec.Struct, gc=False):
    """What one transaction read of one partition of both inputs: a record of `scoring.journal`.

    Each pair is (from, to): offsets from `from` up to, not including, `to`. Internal records were
    decided before outside ones.
    """

    internal: tuple[int, int]
    actions: tuple[int, int]
