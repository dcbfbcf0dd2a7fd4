"""What operators ask the ledger about a whole program: each figure is one query.

Every query takes the program as $1. Members are subjects that are people, not codes, rewards, teams or
payments. Amounts are integers of the currency's smallest unit.
"""

from datetime import date
from typing import Final, NamedTuple

from sinks.ledger_reads import Question


class Circulation(NamedTuple):
    """All that members have of a currency, and all that was ever done with it."""

    currency: str
    members: int
    available: int
    held: int
    reserved: int
    lifetime: int
    earned: int
    spent: int
    expired: int


CIRCULATION: Final = Question(
    Circulation,
    """
    SELECT currency, count(*), sum(available)::bigint, sum(held)::bigint, sum(reserved)::bigint,
        sum(lifetime)::bigint, sum(earned)::bigint, sum(redeemed)::bigint, sum(expired)::bigint
    FROM balances WHERE program = $1 AND user_id !~ '^(code|reward|team|payment|period):'
    GROUP BY currency ORDER BY currency
    """,
)
"""By currency; erased members' postings are part of it, as of the ledger."""


class Members(NamedTuple):
    """How many people have an account."""

    members: int


MEMBERS: Final = Question(
    Members,
    """
    SELECT count(*) FROM accounts
    WHERE program = $1 AND subject !~ '^(code|reward|team|payment|period):' AND NOT view ? 'erased'
    """,
)


class ActiveDay(NamedTuple):
    """How many members did something on a day, and how many actions."""

    day: date
    members: int
    actions: int


ACTIVE_BY_DAY: Final = Question(
    ActiveDay,
    """
    SELECT day, count(DISTINCT user_id), count(*) FROM (
        SELECT (occurred_at AT TIME ZONE $2)::date AS day, user_id, action_id FROM ledger
        WHERE program = $1 AND occurred_at >= $3::date::timestamp AT TIME ZONE $2
            AND action = ANY($4::text[]) AND user_id !~ '^(code|reward|team|payment|period):'
        UNION
        SELECT (occurred_at AT TIME ZONE $2)::date, user_id, action_id FROM accepted
        WHERE program = $1 AND occurred_at >= $3::date::timestamp AT TIME ZONE $2
            AND action = ANY($4::text[]) AND user_id !~ '^(code|reward|team|payment|period):'
    ) AS done GROUP BY day ORDER BY day
    """,
)
"""From the day $3 on, in the zone $2, counting the actions $4: those that members do."""


class Triggered(NamedTuple):
    """How often actions of one name counted, and for how many members."""

    action: str
    times: int
    members: int


MOST_TRIGGERED: Final = Question(
    Triggered,
    """
    SELECT action, count(*) AS times, count(DISTINCT user_id) FROM (
        SELECT action, user_id, action_id FROM ledger
        WHERE program = $1 AND occurred_at >= $3::date::timestamp AT TIME ZONE $2
            AND user_id !~ '^(code|reward|team|payment|period):'
        UNION
        SELECT action, user_id, action_id FROM accepted
        WHERE program = $1 AND occurred_at >= $3::date::timestamp AT TIME ZONE $2
            AND user_id !~ '^(code|reward|team|payment|period):'
    ) AS done GROUP BY action ORDER BY times DESC, action LIMIT $4
    """,
)
"""The $4 most frequent ones from the day $3 on, in the zone $2, by the name that was rewarded."""


class DayEconomy(NamedTuple):
    """Points of one currency that came into circulation on a day, and that left it."""

    day: date
    currency: str
    given: int
    taken: int

    @property
    def grown(self) -> int:
        """By how much circulation grew: above 0 is inflation, below deflation."""
        return self.given - self.taken


ECONOMY: Final = Question(
    DayEconomy,
    """
    SELECT (occurred_at AT TIME ZONE $2)::date AS day, currency,
        coalesce(sum(points) FILTER (WHERE points > 0), 0)::bigint,
        coalesce(-sum(points) FILTER (WHERE points < 0), 0)::bigint
    FROM ledger
    WHERE program = $1 AND occurred_at >= $3::date::timestamp AT TIME ZONE $2
        AND kind IN ('earn', 'release', 'adjust', 'redeem', 'confirm', 'expire', 'reverse')
        AND user_id !~ '^(code|reward|team|payment|period):'
    GROUP BY day, currency ORDER BY day, currency
    """,
)
"""From the day $3 on, in the zone $2. Transfers change whose points they are, not how many."""


class TopMember(NamedTuple):
    """One of those who earned most; the name is what `members` knows."""

    user_id: str
    username: str | None
    lifetime: int
    available: int


TOP_MEMBERS: Final = Question(
    TopMember,
    """
    SELECT user_id, username, lifetime, available FROM balances LEFT JOIN members USING (user_id)
    WHERE program = $1 AND currency = $2 AND user_id !~ '^(code|reward|team|payment|period):'
    ORDER BY lifetime DESC, last_at, user_id LIMIT $3
    """,
)
"""The $3 members with the most of currency $2 for life. Ranks are the boards' business."""


class StepHeld(NamedTuple):
    """How many members stand on a step of a ladder."""

    ladder: str
    step: str
    members: int


LEVELS: Final = Question(
    StepHeld,
    """
    SELECT ladder, coalesce(view -> 'steps' ->> ladder, first_step) AS step, count(*)
    FROM accounts, unnest($2::text[], $3::text[]) AS known (ladder, first_step)
    WHERE program = $1 AND subject !~ '^(code|reward|team|payment|period):' AND NOT view ? 'erased'
    GROUP BY ladder, step ORDER BY ladder, step
    """,
)
"""Of the ladders $2, whose first steps $3 are held by whoever has climbed none."""


class PathTaken(NamedTuple):
    """How popular a path is: who walks it, who has it as the primary one, and all its xp."""

    path: str
    members: int
    primary: int
    xp: int


PATH_POPULARITY: Final = Question(
    PathTaken,
    """
    SELECT path, count(*) FILTER (WHERE coalesce(view -> 'paths' ? path, false)) AS members,
        count(*) FILTER (WHERE view ->> 'primary_path' = path), sum(xp::bigint)::bigint
    FROM accounts, jsonb_each_text(view -> 'path_xp') AS walked (path, xp)
    WHERE program = $1 AND subject !~ '^(code|reward|team|payment|period):'
    GROUP BY path ORDER BY members DESC, path
    """,
)
