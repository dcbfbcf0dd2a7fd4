"""Brings a PostgreSQL database to a version of our tables: numbered SQL files, up and down."""

import re
from pathlib import Path
from typing import Any, Final, NamedTuple

FOLDER: Final = Path(__file__).parent / "migrations"
LOCK: Final = 0x6C617572656C
"""Advisory lock, the bytes of "laurel": of two that migrate at once, one waits."""

_VERSIONS: Final = (
    "CREATE TABLE IF NOT EXISTS laurel_migrations (version int PRIMARY KEY,"
    " name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
)

_NAME = re.compile(r"(\d{4})_(\w+)\.up\.sql")


class MigrationError(Exception):
    """The database is not what the files say."""


class Migration(NamedTuple):
    """One step between two versions; the SQL that takes it and the SQL that takes it back."""

    version: int
    name: str
    up: str
    down: str


def read_migrations(folder: Path = FOLDER) -> list[Migration]:
    """Read the migrations of a folder, in order.

    Raises MigrationError when their numbers have a gap or one cannot be taken back.
    """
    found = []
    for path in sorted(folder.glob("*.up.sql")):
        parts = _NAME.fullmatch(path.name)
        down = path.with_name(path.name.replace(".up.", ".down."))
        if parts is None or not down.exists():
            raise MigrationError(f"{path} needs a name like 0001_ledger.up.sql and {down.name}")
        found.append(Migration(int(parts[1]), parts[2], path.read_text(), down.read_text()))
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise MigrationError(f"the migrations in {folder} are not numbered 1, 2, 3 …")
    return found


async def version(connection: Any) -> int:  # noqa: ANN401 - asyncpg has no types
    """Give the version of our tables in the database; 0 when there are none."""
    if await connection.fetchval("SELECT to_regclass('laurel_migrations')") is None:
        return 0
    return int(await connection.fetchval("SELECT coalesce(max(version), 0) FROM laurel_migrations"))


async def migrate(
    connection: Any,  # noqa: ANN401 - asyncpg has no types
    to: int | None = None,
    migrations: list[Migration] | None = None,
) -> list[str]:
    """Bring the database up or down to version `to`, the newest by default; give the steps taken.

    Each step is one transaction: a step that fails leaves the version before it. Raises
    MigrationError when the database is newer than what it is to be brought up to.
    """
    known = read_migrations() if migrations is None else migrations
    steps: list[str] = []
    while step := await _step(connection, known, len(known) if to is None else to):
        steps.append(step)
    return steps


async def _step(connection: Any, known: list[Migration], target: int) -> str | None:  # noqa: ANN401
    """Take the next step to a version and name it; None where the database has that version.

    The lock is the transaction's: a session's own would stay with a worker that is frozen between
    two steps, and nobody could tell that from an idle connection.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        now = await version(connection)
        if now > len(known):
            raise MigrationError(
                f"the database has version {now}, this release knows {len(known)}:"
                " use the newer release"
            )
        if now == target:
            return None
        if now < target:
            return await _up(connection, known[now])
        return await _down(connection, known[now - 1])


async def _up(connection: Any, migration: Migration) -> str:  # noqa: ANN401 - asyncpg has no types
    await connection.execute(_VERSIONS)
    await connection.execute(migration.up)
    await connection.execute(
        "INSERT INTO laurel_migrations (version, name) VALUES ($1, $2)", *migration[:2]
    )
    return f"up {migration.version:04d} {migration.name}"


async def _down(connection: Any, migration: Migration) -> str:  # noqa: ANN401 - asyncpg has no types
    await connection.execute(migration.down)
    await connection.execute("DELETE FROM laurel_migrations WHERE version = $1", migration.version)
    return f"down {migration.version:04d} {migration.name}"
