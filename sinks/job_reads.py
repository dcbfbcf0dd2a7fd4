"""What jobs ask PostgreSQL: what is due, which periods are known, what was said already."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec

from schemas import moments
from sinks.positions import Partition

Connection = Any
"""A connection or a pool of asyncpg, which has no types."""

BoardPeriod = tuple[str, str]


class DueAccount(NamedTuple):
    """An account of which something fell due at `due_at`, in epoch milliseconds.

    `due` names the action that says what it is; None where the account was last written before
    accounts told it.
    """

    due_at: int
    program: str
    subject: str
    sequence: int
    due: str | None


class KnownPeriod(NamedTuple):
    """A period that has a record: OPEN, CLOSED or RESTATED; moments in epoch milliseconds."""

    board: str
    period: str
    status: str
    ends_at: int
    keep_until: int | None
    history: str


class Reviewed(NamedTuple):
    """A member on a reviewed ladder: the moment of the first step, and how many reviews there were."""

    user_id: str
    first_step: int
    reviews: int


class ExpiringLot(NamedTuple):
    """What is left of lots that expire at one moment, in the currency's smallest unit."""

    user_id: str
    currency: str
    expires_at: int
    units: int


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_DUE: Final = """
    SELECT due_at, program, subject, sequence, view->>'due' FROM accounts
    WHERE due_at <= $1 AND program = ANY($2::text[])
    AND (due_at, program, subject) > ($3, $4, $5)
    ORDER BY due_at, program, subject LIMIT $6
"""
_PERIODS: Final = """
    SELECT board, period, status, ends_at, keep_until, history
    FROM leaderboard_periods WHERE program = $1
"""
_POSITIONS: Final = """
    SELECT positions FROM leaderboard_periods WHERE program = $1 AND board = $2 AND period = $3
"""
_HELD: Final = """
    SELECT user_id FROM (
        SELECT DISTINCT ON (user_id) user_id, state FROM achievements
        WHERE program = $1 AND achievement = $2 AND kind = 'badge'
        ORDER BY user_id, occurred_at DESC, state = 'REVOKED'
    ) AS newest WHERE state = 'EARNED' AND NOT EXISTS (
        SELECT FROM accounts
        WHERE subject = user_id AND program = $1 AND view->>'erased' = 'true'
    )
"""
_REVIEWED: Final = """
    SELECT user_id, first_step, coalesce((view->'counts'->>$3)::bigint, 0) FROM (
        SELECT user_id, min(occurred_at) AS first_step FROM tier_changes
        WHERE program = $1 AND ladder = ANY($2::text[]) GROUP BY user_id
    ) AS climbed LEFT JOIN accounts ON subject = user_id AND accounts.program = $1
    WHERE view->>'erased' IS DISTINCT FROM 'true'
"""
_POINTS: Final = """
    SELECT coalesce(sum(lifetime_points), 0) FROM ledger
    WHERE program = $1 AND user_id = $2 AND currency = $3
    AND occurred_at >= $4 AND occurred_at < $5
"""
_DUE_WITHIN: Final = """
    SELECT subject FROM accounts
    WHERE program = $1 AND due_at <= $2 AND subject > $3
    ORDER BY subject LIMIT $4
"""
_LOTS: Final = """
    SELECT user_id, currency, lot->>2, sum((lot->>1)::bigint)
    FROM ledger, json_array_elements(lots) AS lot
    WHERE program = $1 AND user_id = ANY($2::text[]) AND lot->>2 > $3 AND lot->>2 <= $4
    GROUP BY user_id, currency, lot->>2 HAVING sum((lot->>1)::bigint) > 0
"""
_SAID: Final = """
    SELECT user_id, action_id FROM accepted
    WHERE program = $1 AND user_id = ANY($2::text[]) AND action = $3
    AND occurred_at >= $4
"""


async def due_accounts(
    connection: Connection,
    programs: Sequence[str],
    now: int,
    after: DueAccount | None,
    at_most: int,
) -> list[DueAccount]:
    """Give accounts of which something is due at `now`, the earliest first, from behind `after` on."""
    at, *others = (0, "", "") if after is None else after[:3]
    place = (_moment(int(at)), *others)
    rows = await connection.fetch(_DUE, _moment(now), programs, *place, at_most)
    return [DueAccount(_ms(at), *others) for at, *others in rows]


async def known_periods(connection: Connection, program: str) -> list[KnownPeriod]:
    """Give every period of a program that was ever opened or closed."""
    rows = await connection.fetch(_PERIODS, program)
    return [
        KnownPeriod(board, period, status, _end(ends), kept and _ms(kept), history)
        for board, period, status, ends, kept, history in rows
    ]


async def ledger_positions(connection: Connection) -> dict[Partition, int]:
    """Give the next offset of every partition of the ledger."""
    rows = await connection.fetch("SELECT topic, partition, next_offset FROM projection_progress")
    return {(topic, partition): offset for topic, partition, offset in rows}


async def badge_holders(connection: Connection, program: str, badge: str) -> set[str]:
    """Name the members who hold a badge; of an erased one nothing can be said any more."""
    return {user_id for (user_id,) in await connection.fetch(_HELD, program, badge)}


async def results_at(connection: Connection, program: str, board: BoardPeriod) -> dict[str, int]:
    """Give the positions that the result of a closed period names, like `rewards.earned:3`."""
    text = await connection.fetchval(_POSITIONS, program, *board)
    return dict(msgspec.json.decode(text, type=dict[str, int])) if text else {}


async def reviewed_members(
    connection: Connection, program: str, ladders: Sequence[str], action: str
) -> list[Reviewed]:
    """Give whoever took a step on one of the ladders, with the accepted actions of a type.

    Those who were erased since are left out.
    """
    rows = await connection.fetch(_REVIEWED, program, ladders, action)
    return [Reviewed(user_id, _ms(first), reviews) for user_id, first, reviews in rows]


async def points_between(
    connection: Connection, program: str, user_id: str, currency: str, window: tuple[int, int]
) -> int:
    """Sum a member's lifetime points from one moment until, not including, another."""
    return int(
        await connection.fetchval(_POINTS, program, user_id, currency, *map(_moment, window))
    )


async def accounts_due_within(
    connection: Connection, program: str, until: int, after: str, at_most: int
) -> list[str]:
    """Name subjects, in order from behind `after` on, of whom something falls due until a moment."""
    rows = await connection.fetch(_DUE_WITHIN, program, _moment(until), after, at_most)
    return [subject for (subject,) in rows]


async def expiring_lots(
    connection: Connection, program: str, users: Sequence[str], within: tuple[int, int]
) -> list[ExpiringLot]:
    """Give what is left of the users' lots that expire after one moment and until another."""
    texts = map(moments.write, within)
    rows = await connection.fetch(_LOTS, program, users, *texts)
    return [
        ExpiringLot(user_id, currency, moments.read(expires_at), int(units))
        for user_id, currency, expires_at, units in rows
    ]


async def said_since(
    connection: Connection, program: str, users: Sequence[str], action: str, since: int
) -> set[tuple[str, str]]:
    """Give (user, id) of the users' accepted actions of a type that happened since a moment."""
    rows = await connection.fetch(_SAID, program, users, action, _moment(since))
    return {(user_id, action_id) for user_id, action_id in rows}


def _moment(milliseconds: int) -> datetime:
    return _EPOCH + milliseconds * _MILLISECOND


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND


def _end(moment: datetime | None) -> int:
    return moments.END_OF_TIME if moment is None else _ms(moment)
