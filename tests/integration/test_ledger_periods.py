"""Periods and members in a real PostgreSQL: results that never change, and the newest of each member."""

import json
import random
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import msgspec
import pytest

from schemas.results import PeriodRecord
from sinks.positions import Assigned
from sinks.postgres_ledger import PostgresLedger
from tests.support.ledgers import table, write
from tests.support.runs import Record, record

CLOSED = ("periods.closed", 2)
MEMBERS = ("members", 2)
WEEK = {
    "program": "loyalty",
    "board": "region:US",
    "period": "weekly:2025-W49",
    "starts_at": "2025-12-01T00:00:00.000Z",
    "ends_at": "2025-12-08T00:00:00.000Z",
}
NOTHING = {
    "participants": 0,
    "points": 0,
    "average": "",
    "median": "",
    "winners": [],
    "top": [],
    "positions": {},
    "keep_until": None,
    "changed": 0,
    "changes": [],
}
RESULT = {
    "participants": 3,
    "points": 2**64,
    "average": "6148914691236517205.333",
    "median": "1200.000",
    "winners": [(1, "ann", 3200), (2, "bob", 1200)],
    "top": [(1, "ann", 3200), (2, "bob", 1200), (3, 'c "x"', -5)],
    "positions": {"rewards.earned:0": 41},
    "keep_until": "2025-12-22T00:00:00.000Z",
}
LATE: dict[str, Any] = {"changed": 2, "changes": [("ann", 3200, 3300), ("dan", None, 7)]}


def said(kind: str, at: str = "2025-12-08T00:00:05.000Z", **others: object) -> PeriodRecord:
    values: dict[str, Any] = WEEK | NOTHING | others
    return PeriodRecord(id=f"a1#{kind}", kind=kind, occurred_at=at, **values)  # type: ignore[arg-type]


OPENED, CLOSING, RESTATED = said("opened"), said("closed", **RESULT), said("restated", **LATE)


async def write_periods(sink: PostgresLedger, *results: PeriodRecord, first: int = 0) -> None:
    await write(sink, CLOSED, *(record(n, one) for n, one in enumerate(results)), first=first)


@pytest.fixture
async def sink(ledger: PostgresLedger) -> PostgresLedger:
    await ledger.standing({CLOSED: Assigned(0, None), MEMBERS: Assigned(0, None)})
    return ledger


async def test_an_opened_period_is_open(sink: PostgresLedger, pool: asyncpg.Pool) -> None:
    """Of a period that was opened the table knows when it is; it has no result."""
    await write_periods(sink, OPENED)
    (row,) = await table(pool, "leaderboard_periods")
    known = {name: value for name, value in row.items() if value is not None}
    assert known == {
        "program": "loyalty",
        "board": "region:US",
        "period": "weekly:2025-W49",
        "kind": "weekly",
        "starts_at": datetime(2025, 12, 1, tzinfo=UTC),
        "ends_at": datetime(2025, 12, 8, tzinfo=UTC),
        "status": "OPEN",
        "history": "none",
    }


@pytest.mark.parametrize("before", [(), (OPENED,)], ids=["unopened", "opened"])
async def test_a_closed_period_has_its_result(
    sink: PostgresLedger, pool: asyncpg.Pool, before: tuple[PeriodRecord, ...]
) -> None:
    """Every column holds what the record says, also of a period that nobody saw opening."""
    await write_periods(sink, *before, CLOSING)
    (row,) = await table(pool, "leaderboard_periods")
    row |= {name: json.loads(row[name]) for name in ("winners", "positions")}
    expected = {
        "status": "CLOSED",
        "participants": 3,
        "points": Decimal(2**64),
        "average": Decimal("6148914691236517205.333"),
        "median": Decimal("1200.000"),
        "winners": [[1, "ann", 3200], [2, "bob", 1200]],
        "positions": {"rewards.earned:0": 41},
        "keep_until": datetime(2025, 12, 22, tzinfo=UTC),
        "closed_at": datetime(2025, 12, 8, 0, 0, 5, tzinfo=UTC),
        "changed": None,
        "history": "none",
    }
    assert {name: row[name] for name in expected} == expected
    top = await pool.fetch("SELECT rank, user_id, score FROM leaderboard_snapshots ORDER BY rank")
    assert [tuple(entry) for entry in top] == RESULT["top"]


async def test_a_restatement_stands_beside_the_result(
    sink: PostgresLedger, pool: asyncpg.Pool
) -> None:
    """What came late is counted and named; result, snapshot and history stay as they were."""
    await write_periods(sink, OPENED, CLOSING)
    await pool.execute("UPDATE leaderboard_periods SET history = 'done'")
    (before,) = await table(pool, "leaderboard_periods")
    await write_periods(sink, RESTATED, first=2)
    (after,) = await table(pool, "leaderboard_periods")
    assert (after["status"], after["changed"]) == ("RESTATED", 2)
    assert json.loads(after["changes"]) == [["ann", 3200, 3300], ["dan", None, 7]]
    late = ("status", "changed", "changes")
    assert {**after, **dict.fromkeys(late)} == {**before, **dict.fromkeys(late)}
    assert len(await table(pool, "leaderboard_snapshots")) == 3


async def test_all_of_a_period_may_come_at_once(sink: PostgresLedger, pool: asyncpg.Pool) -> None:
    """Who projects anew reads opening, result and restatement in one batch."""
    await write_periods(sink, OPENED, CLOSING, RESTATED)
    (row,) = await table(pool, "leaderboard_periods")
    assert (row["status"], row["participants"], row["changed"]) == ("RESTATED", 3, 2)


async def test_an_opening_told_late_changes_no_result(
    sink: PostgresLedger, pool: asyncpg.Pool
) -> None:
    """A period that closed before anybody said that it opened stays closed."""
    await write_periods(sink, CLOSING)
    before = await table(pool, "leaderboard_periods")
    await write_periods(sink, OPENED, first=1)
    assert await table(pool, "leaderboard_periods") == before


async def test_a_campaign_closes_without_bounds(sink: PostgresLedger, pool: asyncpg.Pool) -> None:
    """`all_time` is a kind of its own, and need not begin or end."""
    forever = {**RESULT, "period": "all_time", "starts_at": None, "ends_at": None, "top": []}
    await write_periods(sink, said("closed", **forever))
    (row,) = await table(pool, "leaderboard_periods")
    assert (row["kind"], row["starts_at"], row["ends_at"]) == ("all_time", None, None)
    assert await table(pool, "leaderboard_snapshots") == []


def member(user: str, **fields: object) -> Record:
    return Record(0, msgspec.json.encode(fields), user.encode())


async def test_the_newest_record_of_a_member_is_shown(
    sink: PostgresLedger, pool: asyncpg.Pool
) -> None:
    """A later record takes the place of the whole earlier one; null takes the member away."""
    ann = {"username": "Ann", "avatar_url": "https://x/a.png", "joined_at": 1_764_547_200_000}
    await write(sink, MEMBERS, member("ann", **ann, mood="good"), member("bob", username="Bob"))
    first, second = await table(pool, "members")
    assert first == {
        "user_id": "ann",
        "username": "Ann",
        "avatar_url": "https://x/a.png",
        "email": None,
        "country": None,
        "region": None,
        "timezone": None,
        "joined_at": datetime(2025, 12, 1, tzinfo=UTC),
    }
    assert (second["user_id"], second["username"]) == ("bob", "Bob")
    gone, again = Record(0, None, b"bob"), member("ann", email="ann@example.org")
    await write(sink, MEMBERS, member("bob", username="B"), gone, again, first=2)
    (row,) = await table(pool, "members")
    assert (row["user_id"], row["username"], row["email"]) == ("ann", None, "ann@example.org")


NO_MEMBERS = {
    "no JSON": Record(0, b"{", b"ann"),
    "no object": Record(0, b"[1]", b"ann"),
    "a number for a name": member("ann", username=1),
    "no moment": member("ann", joined_at="yesterday"),
    "a moment out of bounds": member("ann", joined_at=-1),
    "half a surrogate": Record(0, b'{"username": "\\ud800"}', b"ann"),
    "deep brackets": Record(0, b"[" * 100_000, b"ann"),
    "no key": Record(0, b"{}", None),
    "an empty key": Record(0, b"{}", b""),
    "a key that is no UTF-8": Record(0, b"{}", b"\xff"),
    "a key with NUL": Record(0, b"{}", b"a\0b"),
    "a key longer than any id": Record(0, b"{}", random.Random(7).randbytes(2_000).hex().encode()),
    "no key and nothing": Record(0, None, None),
}


@pytest.mark.parametrize("strange", NO_MEMBERS.values(), ids=NO_MEMBERS)
async def test_what_is_no_member_is_passed_over(
    sink: PostgresLedger, pool: asyncpg.Pool, strange: Record
) -> None:
    """Hosts write this topic: a record that is no member changes nothing and holds nobody up."""
    await write(sink, MEMBERS, member("ann", username="A\0nn"))
    await write(sink, MEMBERS, strange, first=1)
    (row,) = await table(pool, "members")
    assert (row["user_id"], row["username"]) == ("ann", "A␀nn")
