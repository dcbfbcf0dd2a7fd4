"""Migrations on a real PostgreSQL: forward, back, and one worker at a time."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from schemas.results import PeriodRecord
from sinks.migrate import MigrationError, migrate, read_migrations, version
from sinks.positions import Assigned
from sinks.postgres_ledger import PostgresLedger
from tests.support.ledgers import EARNED, write
from tests.support.runs import Record, posting, record


async def tables(connection: asyncpg.Connection) -> list[str]:
    rows = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
    )
    return [row[0] for row in rows]


async def test_migrations_go_forward_and_back(database: str) -> None:
    """Every step can be taken, taken back and taken again; nothing of it stays behind."""
    connection = await asyncpg.connect(database)
    steps = [f"{one.version:04d} {one.name}" for one in read_migrations()]
    assert await version(connection) == 0
    assert await migrate(connection) == [f"up {step}" for step in steps]
    there = await tables(connection)
    assert {"ledger", "ledger_default", "balances", "accounts"} <= set(there)
    assert await migrate(connection) == []
    assert await migrate(connection, 0) == [f"down {step}" for step in reversed(steps)]
    assert await tables(connection) == ["laurel_migrations", "laurel_migrations_pkey"]
    await migrate(connection)
    assert await tables(connection) == there
    await connection.close()


CLOSED, MEMBERS = ("shop.periods.closed", 0), ("shop.members", 0)
WEEK = PeriodRecord(
    id="a1#closed",
    program="loyalty",
    board="global",
    period="weekly:2025-W49",
    kind="closed",
    starts_at="2025-12-01T00:00:00.000Z",
    ends_at="2025-12-08T00:00:00.000Z",
    participants=1,
    points=4,
    average="4.000",
    median="4.000",
    winners=[(1, "ann", 4)],
    top=[(1, "ann", 4)],
    positions={"rewards.earned:0": 2},
    keep_until=None,
    changed=0,
    changes=[],
    occurred_at="2025-12-08T00:00:01.000Z",
)


async def rows(connection: asyncpg.Connection, names: Iterable[str]) -> dict[str, list[Any]]:
    return {
        name: [dict(row) for row in await connection.fetch(f"SELECT * FROM {name} ORDER BY 1, 2")]
        for name in names
    }


HELD = posting(2, "bob", kind="hold", points=7_000, lifetime_points=0, balance=0, scale=3)
SET_ASIDE = posting(
    3, "ann", kind="reserve", points=-500, lifetime_points=0, balance=0, sequence=2, scale=3
)
POSTINGS = [record(0, posting(1, "ann", scale=3)), record(1, HELD), record(2, SET_ASIDE)]


async def test_migrations_go_forward_and_back_over_data(
    ledger: PostgresLedger, database: str
) -> None:
    """What a step does not concern stays as it was; the rest is made anew from the log, the same."""
    await ledger.standing({CLOSED: Assigned(0, None), MEMBERS: Assigned(0, None)})
    await write(ledger, EARNED, *POSTINGS)
    await write(ledger, CLOSED, record(0, WEEK))
    await write(ledger, MEMBERS, Record(0, b'{"username": "Ann"}', b"ann"))
    connection = await asyncpg.connect(database)
    kept = ["ledger", "balances"]
    full = await rows(connection, kept)
    purses = {row["user_id"]: (row["held"], row["reserved"]) for row in full["balances"]}
    assert purses == {"ann": (0, 500), "bob": (7_000, 0)}
    assert {row["scale"] for row in full["ledger"]} == {3}
    for target in range(len(read_migrations()) - 1, 0, -1):
        await migrate(connection, target)
        await migrate(connection)
        stands = (await ledger.standing({EARNED: Assigned(0, None)}))[EARNED]
        if target == 1:  # Version 1 has no place for some of what was there.
            assert (stands, await rows(connection, kept)) == (0, {name: [] for name in kept})
            await write(ledger, EARNED, *POSTINGS)
        else:
            assert stands == len(POSTINGS)
        assert await rows(connection, kept) == full, target
    assert await rows(connection, ("leaderboard_periods", "members")) == {
        "leaderboard_periods": [],
        "members": [],
    }
    await connection.close()
    topics = {EARNED: Assigned(0, None), CLOSED: Assigned(0, None), MEMBERS: Assigned(0, None)}
    assert await ledger.standing(topics) == {EARNED: len(POSTINGS), CLOSED: 0, MEMBERS: 0}
    await write(ledger, CLOSED, record(0, WEEK))  # What was taken back is made anew.


async def test_rows_of_the_first_version_are_made_anew(database: str) -> None:
    """They lack what later columns hold: going forward empties them and forgets where they stood."""
    connection = await asyncpg.connect(database)
    await migrate(connection, 1)
    await connection.execute(
        "INSERT INTO balances (program, user_id, currency, available, lifetime, sequence, last_at, earned)"
        " VALUES ('loyalty', 'bob', 'points', 0, 0, 1, now(), 0)"
    )
    await connection.execute(
        "INSERT INTO projection_progress VALUES"
        " ('shop.rewards.earned', 0, 7), ('shop.actions.accepted', 0, 5)"
    )
    await migrate(connection)
    assert await rows(connection, ["ledger", "balances"]) == {"ledger": [], "balances": []}
    assert await connection.fetch("SELECT * FROM projection_progress") == [
        ("shop.actions.accepted", 0, 5)
    ]
    await connection.close()


async def test_migrations_wait_for_one_another(database: str) -> None:
    """Of workers that start at once one takes each step; the others find it taken."""

    async def start() -> list[str]:
        connection = await asyncpg.connect(database)
        steps = await migrate(connection)
        await connection.close()
        return steps

    done = await asyncio.gather(*(start() for _ in range(4)))
    steps = [f"up {one.version:04d} {one.name}" for one in read_migrations()]
    assert sorted(step for taken in done for step in taken) == steps


async def test_a_migration_that_fails_leaves_the_version_before_it(
    database: str, tmp_path: Path
) -> None:
    """Each migration is one transaction: half of one is never there."""
    for number, sql in enumerate(
        ["CREATE TABLE a (b int)", "CREATE TABLE c (d int); SELECT 1/0"], 1
    ):
        (tmp_path / f"000{number}_step.up.sql").write_text(sql)
        (tmp_path / f"000{number}_step.down.sql").write_text("DROP TABLE a")
    connection = await asyncpg.connect(database)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(connection, migrations=read_migrations(tmp_path))
    assert await version(connection) == 1
    assert "c" not in await tables(connection)
    with pytest.raises(MigrationError, match="use the newer release"):
        await migrate(connection, migrations=[])
    await connection.close()


@pytest.mark.parametrize(
    "names",
    [["0002_a.up.sql", "0002_a.down.sql"], ["0001_a.up.sql"], ["1_a.up.sql", "1_a.down.sql"]],
)
def test_migrations_are_numbered_and_go_both_ways(tmp_path: Path, names: list[str]) -> None:
    """A gap in the numbers, a missing way back or a name that says no number is refused."""
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(MigrationError):
        read_migrations(tmp_path)
