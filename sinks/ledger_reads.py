"""What people ask the ledger about one member: each question is one query.

Every query takes the program and the member as $1 and $2. Days and hours are those of a zone, which is
asked with, as the ledger keeps moments. Amounts are integers of the currency's smallest unit.
"""

from datetime import date, datetime
from typing import Any, Final, Generic, NamedTuple, TypeVar

import orjson

Row = TypeVar("Row")


class Question(NamedTuple, Generic[Row]):
    """A query, and what its rows are: its columns are their fields, in this order."""

    row: type[Row]
    query: str


async def ask(connection: Any, question: Question[Row], *arguments: object) -> list[Row]:  # noqa: ANN401 - asyncpg has no types
    """Ask a question; the arguments are those of its query."""
    return [question.row(*row) for row in await connection.fetch(question.query, *arguments)]


async def account_view(connection: Any, program: str, subject: str) -> dict[str, Any] | None:  # noqa: ANN401 - asyncpg has no types
    """Give all that people may see of an account (schemas.account_view); None where there is none.

    Counts of actions, rewards, unlocks, holds and whatever else it has stand there by name; of some
    of it the questions below say more.
    """
    view = await connection.fetchval(
        "SELECT view FROM accounts WHERE program = $1 AND subject = $2", program, subject
    )
    return None if view is None else orjson.loads(view)


class Purse(NamedTuple):
    """One currency of a member: what there is, what was earned and spent."""

    currency: str
    available: int
    held: int
    reserved: int
    lifetime: int
    earned: int
    spent: int
    expired: int


WALLET: Final = Question(
    Purse,
    """
    SELECT currency, available, held, reserved, lifetime, earned, redeemed, expired
    FROM balances WHERE program = $1 AND user_id = $2 ORDER BY currency
    """,
)
"""Transfers are neither earned nor spent; a reservation is spent once it is confirmed."""


class LedgerLine(NamedTuple):
    """A posting, in the part that people look at; `why` is JSON."""

    occurred_at: datetime
    points: int
    currency: str
    action: str
    kind: str
    balance: int
    tier: str | None
    reason: str | None
    rule: str
    why: str
    id: str
    scale: int


LINES: Final = Question(
    LedgerLine,
    """
    SELECT occurred_at, points, currency, action, kind, balance, tier, reason, rule, why, id, scale
    FROM ledger WHERE program = $1 AND user_id = $2 ORDER BY sequence DESC LIMIT $3
    """,
)
"""The last $3 postings, the latest first."""


class Done(NamedTuple):
    """An action that counted: a posting, or what was accepted without one; `reference` is JSON."""

    occurred_at: datetime
    action: str
    kind: str
    currency: str | None
    points: int
    reference: str
    id: str


RECENT: Final = Question(
    Done,
    """
    SELECT occurred_at, action, kind, currency, points, reference, id FROM (
        (SELECT occurred_at, action, kind, currency, points, reference, id, sequence
        FROM ledger AS said WHERE program = $1 AND user_id = $2 AND NOT (kind = 'move' AND EXISTS (
            SELECT FROM ledger AS beside
            WHERE beside.program = $1 AND beside.user_id = $2
                AND beside.sequence BETWEEN said.sequence - 100 AND said.sequence + 100
                AND beside.action_id = said.action_id AND beside.action = said.action
                AND (beside.kind <> 'move' OR beside.sequence > said.sequence)))
        ORDER BY sequence DESC LIMIT $3)
        UNION ALL
        (SELECT occurred_at, action, 'accepted', NULL, 0, reference, id, 0
        FROM accepted WHERE program = $1 AND user_id = $2 ORDER BY occurred_at DESC, id DESC LIMIT $3)
    ) AS done ORDER BY occurred_at DESC, sequence DESC, id DESC LIMIT $3
    """,
)
"""The last $3 actions, the latest first, each name that an action was rewarded under for itself.

They come from the last postings in the order in which they were decided, and the last accepted actions:
what came late may have happened before others that are shown no more. A move on boards is shown where it is
all that an action left under its name, the last of several. Postings of one action follow one another, so
that its others are looked for nearby only, by the index, however many a member has.
"""


class DayCount(NamedTuple):
    """How often an action was done on a day, by the name that was rewarded."""

    day: date
    action: str
    times: int


ACTIONS_BY_DAY: Final = Question(
    DayCount,
    """
    SELECT (occurred_at AT TIME ZONE $3)::date AS day, action, count(DISTINCT action_id)
    FROM (
        SELECT occurred_at, action, action_id FROM ledger
        WHERE program = $1 AND user_id = $2 AND occurred_at >= $4::date::timestamp AT TIME ZONE $3
        UNION ALL
        SELECT occurred_at, action, action_id FROM accepted
        WHERE program = $1 AND user_id = $2 AND occurred_at >= $4::date::timestamp AT TIME ZONE $3
    ) AS done GROUP BY day, action ORDER BY day, action
    """,
)
"""From the day $4 on, in the zone $3. Of all days `counts` of the account says it."""


class HourCount(NamedTuple):
    """How many actions fell into an hour of the day, 0 to 23."""

    hour: int
    actions: int


ACTIVE_HOURS: Final = Question(
    HourCount,
    """
    WITH done AS (
        SELECT occurred_at, action_id FROM ledger
        WHERE program = $1 AND user_id = $2 AND action = ANY($4::text[])
        UNION
        SELECT occurred_at, action_id FROM accepted
        WHERE program = $1 AND user_id = $2 AND action = ANY($4::text[])
    )
    SELECT hour, count(occurred_at) FROM generate_series(0, 23) AS hour
    LEFT JOIN done ON extract(hour FROM occurred_at AT TIME ZONE $3) = hour
    GROUP BY hour ORDER BY hour
    """,
)
"""All 24 hours of the zone $3, counting the actions $4: those that members do."""


class DayPoints(NamedTuple):
    """Points of one currency that a day brought and took."""

    day: date
    currency: str
    given: int
    taken: int


POINTS_BY_DAY: Final = Question(
    DayPoints,
    """
    SELECT (occurred_at AT TIME ZONE $3)::date AS day, currency,
        coalesce(sum(points) FILTER (WHERE points > 0), 0)::bigint,
        coalesce(-sum(points) FILTER (WHERE points < 0), 0)::bigint
    FROM ledger
    WHERE program = $1 AND user_id = $2 AND occurred_at >= $4::date::timestamp AT TIME ZONE $3
        AND kind IN ('earn', 'release', 'adjust', 'receive', 'return',
            'redeem', 'confirm', 'send', 'expire', 'reverse')
    GROUP BY day, currency ORDER BY day, currency
    """,
)
"""From the day $4 on, in the zone $3. What is held or set aside is neither given nor taken yet."""


class BadgeHeld(NamedTuple):
    """A badge at its level; `earned_at` is None where it was brought along from another system."""

    badge: str
    level: int
    earned_at: datetime | None


BADGES: Final = Question(
    BadgeHeld,
    """
    SELECT held.badge, held.level::bigint, max(told.occurred_at)
    FROM accounts, jsonb_each_text(view -> 'badges') AS held (badge, level)
    LEFT JOIN achievements AS told
        ON told.user_id = $2 AND told.program = $1 AND told.kind = 'badge'
        AND told.achievement = held.badge AND told.level = held.level::bigint
        AND told.state = 'EARNED'
    WHERE accounts.program = $1 AND subject = $2 GROUP BY 1, 2 ORDER BY 1
    """,
)


class StreakHeld(NamedTuple):
    """A streak and its last day; what was not continued the day after is over."""

    streak: str
    days: int
    last_day: date


STREAKS: Final = Question(
    StreakHeld,
    """
    SELECT streak, days::bigint, ((view -> 'last_days' ->> streak)::timestamptz AT TIME ZONE $3)::date
    FROM accounts, jsonb_each_text(view -> 'streaks') AS held (streak, days)
    WHERE program = $1 AND subject = $2 ORDER BY streak
    """,
)


class PathWalked(NamedTuple):
    """A path that a member ever joined, and its xp."""

    path: str
    xp: int
    joined: bool
    primary: bool


PATHS: Final = Question(
    PathWalked,
    """
    SELECT path, xp::bigint, coalesce(view -> 'paths' ? path, false),
        coalesce(view ->> 'primary_path' = path, false)
    FROM accounts, jsonb_each_text(view -> 'path_xp') AS walked (path, xp)
    WHERE program = $1 AND subject = $2 ORDER BY path
    """,
)


class Total(NamedTuple):
    """All that a member ever reported of a fact, in the fact's smallest unit."""

    action: str
    fact: str
    units: int


TOTALS: Final = Question(
    Total,
    """
    SELECT split_part(name, '.', 1), split_part(split_part(name, ' ', 1), '.', 2), units::bigint
    FROM accounts, jsonb_each_text(view -> 'totals') AS kept (name, units)
    WHERE program = $1 AND subject = $2 AND name LIKE '% all_time' ORDER BY 1, 2
    """,
)


class Expiry(NamedTuple):
    """Points of a currency that will be gone on a day."""

    currency: str
    day: date
    points: int


EXPIRIES: Final = Question(
    Expiry,
    """
    SELECT currency, ((lot ->> 2)::timestamptz AT TIME ZONE $3)::date AS day,
        sum((lot ->> 1)::bigint)::bigint
    FROM ledger, json_array_elements(lots) AS lot
    WHERE program = $1 AND user_id = $2 AND lot ->> 2 IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM accounts WHERE program = $1 AND subject = $2 AND view ? 'erased')
    GROUP BY currency, day HAVING sum((lot ->> 1)::bigint) <> 0 ORDER BY day, currency
    """,
)
"""What was put into lots and not taken out of them, by the day of the zone $3 on which it expires.

`lots` of a posting are signed, so that a lot is the sum of what is said of it. A day that is past is
one whose points the account has not settled yet.
"""


class RankThen(NamedTuple):
    """Where a member stood when a period of a board closed."""

    board: str
    period: str
    ends_at: datetime | None
    rank: int
    score: int
    participants: int


RANKS: Final = Question(
    RankThen,
    """
    SELECT board, period, ends_at, rank, score, participants
    FROM rank_history JOIN leaderboard_periods USING (program, board, period)
    WHERE program = $1 AND user_id = $2 ORDER BY ends_at DESC NULLS FIRST, board, period LIMIT $3
    """,
)
"""The last $3 periods, the latest first."""
