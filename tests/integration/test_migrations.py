"""Migrations on a real PostgreSQL: forward, back, and one worker at a time."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from sinks.migrate import MigrationError, migrate, read_migrations, version


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
