"""Expiry notices on a real PostgreSQL: what a member is told of the points of a day."""

from typing import Any, cast

import asyncpg
import pytest

from processors.jobs import notices
from processors.jobs.clock import Clock, Lately
from processors.jobs.means import Means
from sinks.postgres_ledger import PostgresLedger
from tests.support.jobs import Outbox, document, ms, published
from tests.support.ledgers import EARNED, write
from tests.support.runs import posting, record

LOTS = [
    ("ann", 100, "2026-03-01T02:00:00.000Z"),
    ("ann", 20, "2026-03-01T20:00:00.000Z"),
    ("ann", 7, "2026-03-02T00:00:00.000Z"),
    ("bob", 5, "2026-03-01T20:00:00.000Z"),
]
ACTIONS = {
    "VISIT": {"origin": "outside", "rules": {"visit": {"points": 1, "expires": "1 year"}}},
    "EXPIRATION": {"origin": "job", "effect": "settle"},
    "EXPIRY_NOTICE": {"notify": {"title": "Soon gone", "message": "{points} are"}},
}


def means_at(now: str, ledger: asyncpg.Pool, outbox: Outbox) -> Means:
    """Give what the job works with; it asks neither boards nor the gate."""
    programs = published(document(expiry_notice="7 days", actions=ACTIONS))
    nobody = cast("Any", None)
    sender = cast("Any", outbox)
    return Means(Clock(ms(now)), programs, ledger, nobody, sender, nobody, Lately(0), 0, "")


@pytest.fixture
async def lots(ledger: PostgresLedger, pool: asyncpg.Pool) -> asyncpg.Pool:
    """Give a ledger with lots of two members, and their accounts with what is due first."""
    postings = [
        posting(number, user, program="club", lots=[(f"a{number}#visit", units, at)])
        for number, (user, units, at) in enumerate(LOTS)
    ]
    await write(ledger, EARNED, *(record(at, each) for at, each in enumerate(postings)))
    first_due = {user: at for user, _, at in reversed(LOTS)}
    for user, at in first_due.items():
        account = "INSERT INTO accounts VALUES ('club', $1, '{}', $2::text::timestamptz, 1)"
        await pool.execute(account, user, at)
    return pool


async def test_a_notice_names_all_points_of_its_day(lots: asyncpg.Pool) -> None:
    """Also those that expire later on that day than the notice reaches, and who has only such."""
    outbox = Outbox()
    await notices.run(means_at("2026-02-22T06:00:00Z", lots, outbox))
    assert [(each.user_id, each.id, each.data["points"]) for each in outbox.sent] == [
        ("ann", "expiry-points@2026-03-01", "120"),
        ("bob", "expiry-points@2026-03-01", "5"),
    ]


async def test_a_day_is_told_of_once(lots: asyncpg.Pool) -> None:
    """To the last moment of the day; what expires on the next one is told when that is near."""
    outbox = Outbox()
    await notices.run(means_at("2026-02-22T00:00:00Z", lots, outbox))
    row = "INSERT INTO accepted VALUES ($1, $1, 'club', $2, $3, '{}', $4::text::timestamptz, '')"
    for each in outbox.sent:
        await lots.execute(row, each.id, each.user_id, each.type, "2026-02-22T00:00:00Z")
    later = Outbox()
    for now in ("2026-02-22T23:59:59.999Z", "2026-03-01T19:59:59.999Z"):
        await notices.run(means_at(now, lots, later))
    assert [(each.id, each.data["points"]) for each in later.sent] == [
        ("expiry-points@2026-03-02", "7")
    ]
