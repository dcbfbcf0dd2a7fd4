"""The ledger's sink: writes a batch and the positions it comes from in one transaction.

A batch is written only where every one of its runs continues at the position that PostgreSQL holds;
a worker that lost its partitions finds them moved, and nothing of its batch remains.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg
import msgspec

from sinks.ledger_members import write_members
from sinks.ledger_periods import write_periods
from sinks.ledger_rows import Batch, Month, account_rows, deleted_accounts
from sinks.migrate import MigrationError, migrate
from sinks.positions import Assigned, LostRecordsError, Partition, StaleRunError, begin

FAILURES = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # A statement sent just as the server said goodbye.
    OSError,
    TimeoutError,
    LostRecordsError,
    MigrationError,
)
"""What passes once PostgreSQL, or whoever looks after it, has done its part."""

YEARS: Final = range(2000, 2100)
"""Years whose months get partitions of their own; everything else lies in the default one."""

_MONTHS_LOCK: Final = 0x6D6F6E746873
"""Advisory lock, the bytes of "months": of two that make a partition at once, one waits."""

FROZEN_SECONDS: Final = 5
"""A transaction that has waited for its worker for so long is ended by whoever takes over."""

_SESSION: Final = {"application_name": "laurel-ledger", "lock_timeout": "5s"}
_FENCE: Final = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = $1 AND datname = current_database() AND usename = current_user
    AND xact_start IS NOT NULL AND wait_event = 'ClientRead'
    AND state_change < now() - make_interval(secs => $2)
"""
_MOVE: Final = """
    UPDATE projection_progress AS p SET next_offset = m.upto
    FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) AS m(topic, partition, start, upto)
    WHERE p.topic = m.topic AND p.partition = m.partition AND p.next_offset = m.start
"""
_BEGIN: Final = """
    INSERT INTO projection_progress (topic, partition, next_offset)
    SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[])
    ON CONFLICT DO NOTHING
"""
_POSITIONS: Final = """
    SELECT p.topic, p.partition, p.next_offset FROM projection_progress AS p
    JOIN unnest($1::text[], $2::int[]) AS a(topic, partition) USING (topic, partition)
"""
_BALANCES: Final = """
    INSERT INTO balances AS b
        (program, currency, user_id, available, lifetime, sequence, last_at, earned)
    SELECT $1, $2, user_id, available, lifetime, sequence, last_at::timestamptz, earned
    FROM unnest($3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::bigint[])
        AS n(user_id, available, lifetime, sequence, last_at, earned)
    ON CONFLICT (user_id, program, currency) DO UPDATE SET
        available = excluded.available, lifetime = excluded.lifetime,
        sequence = excluded.sequence, last_at = excluded.last_at,
        earned = b.earned + excluded.earned
"""
_SUMS: Final = """
    UPDATE balances AS b SET {column} = b.{column} + n.points
    FROM unnest($3::text[], $4::bigint[]) AS n(user_id, points)
    WHERE b.user_id = n.user_id AND b.program = $1 AND b.currency = $2
"""
_ACCOUNTS: Final = """
    INSERT INTO accounts (program, subject, view, sequence, due_at)
    SELECT program, subject, view, sequence, to_timestamp(due_ms / 1000.0)
    FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::bigint[], $5::bigint[])
        AS n(program, subject, view, sequence, due_ms)
    ON CONFLICT (subject, program) DO UPDATE SET
        view = excluded.view, sequence = excluded.sequence, due_at = excluded.due_at
"""
_DELETE_ACCOUNTS: Final = """
    DELETE FROM accounts AS a USING unnest($1::text[], $2::text[]) AS d(program, subject)
    WHERE a.program = d.program AND a.subject = d.subject
"""


class PostgresLedger:
    """The ledger in one PostgreSQL, as one projector sees it.

    `url` is the server's address, `options` are asyncpg's own. A connection is made when one is
    needed and none is idle.
    """

    def __init__(self, url: str, **options: Any) -> None:  # noqa: ANN401 - asyncpg's own options
        self._url = url
        limits = {"timeout": 10, "command_timeout": 60}
        self._options = {**limits, "server_settings": _SESSION, **options}
        self._idle: list[Any] = []
        self._migrated = False
        self._months: set[Month] = set()

    async def close(self) -> None:
        """End the idle connections."""
        while self._idle:
            await self._idle.pop().close()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        """Lend a connection; one that failed is not used again, as nobody knows what it still does."""
        while self._idle and self._idle[-1].is_closed():
            self._idle.pop()
        if self._idle:
            connection = self._idle.pop()
        else:
            connection = await asyncpg.connect(self._url, **self._options)
        try:
            yield connection
        except BaseException as error:
            if isinstance(error, Exception) and connection.is_closed():
                raise ConnectionResetError(f"the connection ended: {error}") from error
            connection.terminate()
            raise
        self._idle.append(connection)

    async def standing(self, assigned: Mapping[Partition, Assigned]) -> dict[Partition, int]:
        """Read where the ledger stands in the partitions assigned: the offsets to read from.

        Ends transactions of frozen workers first: what they hold stays locked while they sleep. The
        first call brings the tables to this release's version. Raises LostRecordsError when Kafka
        no longer has what comes next, MigrationError when the database is newer than we are.
        """
        async with self._connection() as connection:
            await connection.execute(_FENCE, _SESSION["application_name"], FROZEN_SECONDS)
            if not self._migrated:
                await migrate(connection)
                self._migrated = True
            topics, partitions = _columns(assigned, 2)
            firsts = [known.first for known in assigned.values()]
            await connection.execute(_BEGIN, topics, partitions, firsts)
            rows = await connection.fetch(_POSITIONS, topics, partitions)
            stands = {(topic, partition): position for topic, partition, position in rows}
            starts = {at: begin(at, stands[at], known.first) for at, known in assigned.items()}
            moves = {at: (stands[at], start) for at, start in starts.items() if stands[at] < start}
            await _move(connection, moves)
        return starts

    async def apply(self, batch: Batch) -> None:
        """Write a batch and move the positions it comes from, in one transaction.

        Raises StaleRunError when PostgreSQL does not stand where the batch begins.
        """
        async with self._connection() as connection:
            for month in sorted(batch.months - self._months):
                await make_month(connection, month)
                self._months.add(month)
            # Whatever fails from here on ends the connection, and with it the transaction.
            await connection.execute("BEGIN")
            await _move(connection, batch.moves)
            await _write(connection, batch)
            await connection.execute("COMMIT")


async def _move(connection: Any, moves: Mapping[Partition, tuple[int, int]]) -> None:  # noqa: ANN401
    if not moves:
        return
    topics, partitions = _columns(moves, 2)
    starts, ends = _columns(moves.values(), 2)
    done = await connection.execute(_MOVE, topics, partitions, starts, ends)
    if done != f"UPDATE {len(moves)}":
        raise StaleRunError(f"the ledger does not stand where {dict(moves)} begins")


async def _write(connection: Any, batch: Batch) -> None:  # noqa: ANN401 - asyncpg has no types
    for table, lines in batch.lines.items():
        await connection.copy_to_table(
            table.name,
            source=memoryview(b"\n".join(lines)),
            columns=table.row.__struct_fields__,
            format="csv",
            null="null",
        )
    for where, balances in batch.balances.items():
        states = map(msgspec.structs.astuple, balances.values())
        await connection.execute(_BALANCES, *where, list(balances), *_columns(states, 5))
    for (program, currency, column), points in batch.sums.items():
        statement = _SUMS.format(column=column)
        await connection.execute(statement, program, currency, list(points), list(points.values()))
    if accounts := account_rows(batch):
        await connection.execute(_ACCOUNTS, *_columns(accounts, 5))
    if deleted := deleted_accounts(batch):
        await connection.execute(_DELETE_ACCOUNTS, *_columns(deleted, 2))
    await write_periods(connection, batch.periods)
    await write_members(connection, batch.members)


async def make_month(connection: Any, month: Month) -> None:  # noqa: ANN401 - asyncpg has no types
    """Make the partition of a month, unless it is there or the default one has rows of it."""
    table, text = month
    year, number = map(int, text.split(b"-"))
    if year not in YEARS:
        return
    first = datetime(year, number, 1, tzinfo=UTC)
    after = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    name = f"{table}_{year:04d}_{number:02d}"
    with suppress(asyncpg.CheckViolationError):
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _MONTHS_LOCK)
            if await connection.fetchval("SELECT to_regclass($1)", name) is None:
                await connection.execute(
                    f"CREATE TABLE {name} PARTITION OF {table}"
                    f" FOR VALUES FROM ('{first.isoformat()}') TO ('{after.isoformat()}')"
                )


def _columns(rows: Iterable[Sequence[Any]], count: int) -> list[list[Any]]:
    """Turn rows of `count` columns into columns."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return columns or [[] for _ in range(count)]
