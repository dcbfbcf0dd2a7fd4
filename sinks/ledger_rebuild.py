"""A ledger made anew in a schema of its own, and the transaction in which its tables change places.

It is filled by the projector's own sink, which only looks into another schema; what is quicker while
nobody reads it is done here: no indexes until the rows are there, no waiting for the disk.
"""

import re
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

from sinks.ledger_balances import summed_up
from sinks.ledger_tables import ACCEPTED, ACHIEVEMENTS, DECLINED, TIER_CHANGES, Table
from sinks.migrate import migrate
from sinks.positions import Partition
from sinks.postgres_ledger import PostgresLedger, make_month

SCHEMA: Final = "laurel_rebuild"
"""Where tables are made anew; nothing else may lie there."""

FOREVER: Final = ("rewards.earned", "periods.closed")
"""Topics whose records are never deleted, so that what is made from them can be made anew."""

CARRIED: Final[Mapping[str, Table]] = {
    "actions.accepted": ACCEPTED,
    "actions.declined": DECLINED,
    "tier.changed": TIER_CHANGES,
    "achievements.unlocked": ACHIEVEMENTS,
}
"""By topic that is kept for a while: the table whose older rows are carried over."""

KEPT: Final = ("laurel_migrations", "rank_history")
"""Tables that no topic fills: they stay as they are."""

COLUMNS_KEPT: Final = {"leaderboard_periods": ("history", ("program", "board", "period"))}
"""By table: a column that no topic fills, and the key of its rows."""

READERS_WAIT: Final = "2s"
"""For so long reads may wait behind the switch while it waits for a long one; then it steps back."""

_LOCK: Final = 0x72656275696C64
"""Advisory lock, the bytes of "rebuild": one at a time."""

_SESSION: Final = {
    "application_name": "laurel-rebuild",
    "lock_timeout": "20s",
    "synchronous_commit": "off",
    "maintenance_work_mem": "256MB",
    "work_mem": "64MB",
}
_INDEXES: Final = """
    SELECT c.relname, pg_get_indexdef(c.oid) AS statement FROM pg_index AS i
    JOIN pg_class AS c ON c.oid = i.indexrelid
    WHERE c.relnamespace = $1::text::regnamespace AND NOT c.relispartition AND NOT i.indisunique
"""
_TABLES: Final = """
    SELECT relname FROM pg_class
    WHERE relnamespace = $1::text::regnamespace AND relkind IN ('r', 'p') AND relispartition = $2
    ORDER BY relname
"""
_GRANTS: Final = """
    SELECT format('GRANT %s ON %s.%I TO %s', a.privilege_type, $1::text, c.relname,
        CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
        || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
    FROM pg_class AS c, aclexplode(c.relacl) AS a
    WHERE c.relnamespace = $1::text::regnamespace AND c.relname = ANY($2::text[])
    AND a.grantee <> c.relowner
"""
_MONTH = re.compile(r"(\w+)_(\d{4})_(\d{2})")


class OccupiedError(Exception):
    """Somebody else holds what a rebuild needs; nothing was changed."""


class RebuiltLedger:
    """A ledger made anew beside the one that is read. `sink` takes what it is made from."""

    def __init__(self, connection: Any, sink: PostgresLedger, live: str) -> None:  # noqa: ANN401
        self.sink = sink
        self._connection = connection
        self._live = live
        self._indexes: list[str] = []

    async def begin(self) -> None:
        """Remove what an earlier rebuild left, and make empty tables without indexes."""
        await self._connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        await self._connection.execute(f"CREATE SCHEMA {SCHEMA}")
        async with self._here():
            await migrate(self._connection)
            for name, statement in await self._connection.fetch(_INDEXES, SCHEMA):
                self._indexes.append(statement.replace(" ON ONLY ", " ON "))
                await self._connection.execute(f"DROP INDEX {name}")
        await self._make_months()

    async def index(self) -> None:
        """Make the indexes, and let PostgreSQL learn what the tables hold."""
        for statement in self._indexes:
            await self._connection.execute(statement)
        for table in await self._tables(SCHEMA):
            await self._connection.execute(f"ANALYZE {SCHEMA}.{table}")

    async def stands(self) -> dict[Partition, int]:
        """Give where projectors have brought the ledger that is read."""
        rows = await self._connection.fetch(f"SELECT * FROM {self._live}.projection_progress")  # noqa: S608
        return {(topic, partition): position for topic, partition, position in rows}

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[dict[Partition, int]]:
        """Keep projectors from writing, not readers from reading; give where they stand."""
        async with self._connection.transaction():
            progress = f"{self._live}.projection_progress"
            await self._connection.execute(f"LOCK TABLE {progress} IN EXCLUSIVE MODE")
            yield await self.stands()

    async def carry(self, topics: Collection[str], seen: Any) -> None:  # noqa: ANN401
        """Take over rows whose records their topics no longer have.

        `seen` is a connection with a snapshot in which the rebuilt tables lack no other row.
        """
        for topic in topics:
            table = CARRIED[topic]
            columns = ", ".join(table.row.__struct_fields__)
            await seen.execute(
                f"INSERT INTO {SCHEMA}.{table.name} ({columns})"  # noqa: S608
                f" SELECT {columns} FROM {self._live}.{table.name} AS o WHERE NOT EXISTS ("
                f"SELECT FROM {SCHEMA}.{table.name} AS n WHERE n.user_id = o.user_id"
                " AND n.program = o.program AND n.id = o.id)"
            )

    async def switch(self) -> None:
        """Put the rebuilt tables in the place of those there are, within `paused`.

        Raises OccupiedError when somebody reads for long.
        """
        tables = [table for table in await self._tables(SCHEMA) if table not in KEPT]
        there = ", ".join(f"{self._live}.{table}" for table in tables)
        grants = await self._connection.fetch(_GRANTS, self._live, tables)
        execute = self._connection.execute
        await execute(f"SET LOCAL lock_timeout = '{READERS_WAIT}'")
        try:
            await execute(f"LOCK TABLE {there} IN ACCESS EXCLUSIVE MODE")
        except asyncpg.LockNotAvailableError as error:
            raise OccupiedError(
                "somebody has been reading or locking the ledger for long"
            ) from error
        await self._make_months()
        for table, (column, key) in COLUMNS_KEPT.items():
            same = " AND ".join(f"n.{name} = o.{name}" for name in key)
            await execute(
                f"UPDATE {SCHEMA}.{table} AS n SET {column} = o.{column}"  # noqa: S608
                f" FROM {self._live}.{table} AS o WHERE {same} AND n.{column} <> o.{column}"
            )
        await execute(f"DROP TABLE {there}")
        for table in tables + await self._tables(SCHEMA, partitions=True):
            await execute(f"ALTER TABLE {SCHEMA}.{table} SET SCHEMA {self._live}")
        await execute(f"DROP SCHEMA {SCHEMA} CASCADE")
        for (grant,) in grants:
            await execute(grant)

    async def _tables(self, schema: str, *, partitions: bool = False) -> list[str]:
        rows = await self._connection.fetch(_TABLES, schema, partitions)
        return [name for (name,) in rows]

    async def _make_months(self) -> None:
        """Make every month's partition that is there: workers remember which they have made."""
        there = await self._tables(self._live, partitions=True)
        async with self._here():
            for parts in filter(None, map(_MONTH.fullmatch, there)):
                month = (parts[1], f"{parts[2]}-{parts[3]}".encode())
                await make_month(self._connection, month)

    @asynccontextmanager
    async def _here(self) -> AsyncIterator[None]:
        """Let names without a schema mean the rebuilt tables."""
        await self._connection.execute(f"SET search_path TO {SCHEMA}")
        yield
        await self._connection.execute("RESET search_path")


@asynccontextmanager
async def rebuilding(url: str) -> AsyncIterator[RebuiltLedger]:
    """Give a ledger to be rebuilt in the database at `url`, whose tables are brought up to date.

    Raises OccupiedError when somebody else is rebuilding it.
    """
    connection = await asyncpg.connect(url, server_settings=_SESSION)
    sink = PostgresLedger(url, server_settings={**_SESSION, "search_path": SCHEMA})
    try:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
            raise OccupiedError("another rebuild of this ledger is under way")
        await migrate(connection)
        live = await connection.fetchval("SELECT quote_ident(current_schema())")
        yield RebuiltLedger(connection, sink, live)
    finally:
        await sink.close()
        await connection.close()


async def sum_up(url: str) -> None:
    """Make the balances of the rebuilt ledger as it is now; from here on each turn changes them."""
    async with snapshot(url) as connection:
        await connection.execute(summed_up(SCHEMA))
        await connection.execute(f"ANALYZE {SCHEMA}.balances")


@asynccontextmanager
async def snapshot(url: str) -> AsyncIterator[Any]:
    """Give a connection that sees everything as it is now, and commit what it does."""
    connection = await asyncpg.connect(url, server_settings=_SESSION)
    try:
        async with connection.transaction(isolation="repeatable_read"):
            await connection.execute("SELECT FROM pg_class LIMIT 0")  # Takes the snapshot.
            yield connection
    finally:
        await connection.close()
