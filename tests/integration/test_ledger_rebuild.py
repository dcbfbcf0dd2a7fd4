"""The ledger rebuilt in a real PostgreSQL, beside the one that is read: alike, in one step."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, get_args

import asyncpg
import pytest

from processors import rebuild_ledger as steps
from processors.ledger import ledger_projector
from processors.projector import Projector, StaleTurnError
from processors.rebuild_ledger import rebuild_ledger
from schemas import accounts
from schemas.results import (
    AcceptedAction,
    DeclinedAction,
    Kind,
    PeriodRecord,
    Posting,
    TierChanged,
)
from sinks.ledger_rebuild import OccupiedError, RebuiltLedger, rebuilding
from sinks.positions import Assigned, LostRecordsError, Partition
from tests.support.ledgers import Ledgers
from tests.support.runs import KeptLog, Record, posting, record, run
from tests.support.waiting import eventually

EARNED, CHANGELOG = ("rewards.earned", 0), ("laurel-scoring-accounts-changelog", 0)
ACCEPTED, DECLINED = ("actions.accepted", 0), ("actions.declined", 0)
TIERS, PERIODS = ("tier.changed", 0), ("periods.closed", 0)
KINDS: tuple[str, ...] = get_args(Kind)
DAY = 86_400.0

Logs = dict[Partition, list[Record]]


def said(number: int) -> dict[str, Any]:
    """Give what every result says."""
    one = posting(number, f"u{number % 9}", second=-number % 90 * DAY)
    return {
        "id": one.id,
        "program": one.program,
        "user_id": one.user_id,
        "occurred_at": one.occurred_at,
    }


def action(number: int) -> dict[str, Any]:
    common = {"action_id": f"a{number}", "action": "VISIT", "rule": "r", "reference": {"n": number}}
    return said(number) | common


def posted(n: int, user: str, moment: float) -> Posting:
    """Give a posting of each kind in turn, of two currencies; some balances have one posting only."""
    kind, currency = KINDS[n % len(KINDS)], ("points", "gems")[n // 9 % 2]
    said = {"kind": kind, "currency": currency, "points": 100 - n, "balance": n, "lifetime": 2 * n}
    return posting(n, user, second=moment, sequence=n, **said)


def logs_of(count: int) -> Logs:
    """Give records of every kind of topic; their moments lie in four months."""
    climb = {"ladder": "tier", "old": "A", "new": "B", "direction": "up", "value": 1}
    climb |= {"threshold": 1, "actor": None}
    refused = {"reason": "cooling_down", "message": "wait", "retry_at": None}
    log: Logs = {at: [] for at in (EARNED, CHANGELOG, ACCEPTED, DECLINED, TIERS)}
    for n in range(count):
        user, moment = f"u{n % 9}", -n % 90 * DAY
        account = accounts.open_account("loyalty", user, {})
        account.head.sequence = n
        head = accounts.write_head(account)
        log[EARNED].append(record(n, posted(n, user, moment)))
        log[CHANGELOG].append(Record(n, head, accounts.row_key("loyalty", user)))
        log[ACCEPTED].append(record(n, AcceptedAction(**action(n))))
        log[DECLINED].append(record(n, DeclinedAction(**action(n), **refused)))
        log[TIERS].append(record(n, TierChanged(**said(n), **climb)))
    log[PERIODS] = [record(0, closed())]
    return log


def closed() -> PeriodRecord:
    return PeriodRecord(
        id="c#closed",
        program="loyalty",
        board="global",
        period="weekly:2025-W49",
        kind="closed",
        starts_at="2025-12-01T00:00:00.000Z",
        ends_at="2025-12-08T00:00:00.000Z",
        participants=1,
        points=5,
        average="5.000",
        median="5.000",
        winners=[(1, "u1", 5)],
        top=[(1, "u1", 5)],
        positions={},
        keep_until=None,
        changed=0,
        changes=[],
        occurred_at="2025-12-08T00:00:05.000Z",
    )


def assigned(logs: Logs) -> dict[Partition, Assigned]:
    return {at: Assigned(log[0].offset, None) for at, log in logs.items()}


async def project(projector: Projector, logs: Logs, upto: int, at_once: int = 50) -> None:
    """Bring all topics into a sink, going back to where the sink says."""
    stands = await projector.positions(assigned(logs))
    ends = {at: min(upto, log[-1].offset + 1) for at, log in logs.items()}
    while behind := [at for at in logs if stands[at] < ends[at]]:
        following = {at: min(stands[at] + at_once, ends[at]) for at in behind}
        try:
            await projector.apply({at: run(logs[at], stands[at], following[at]) for at in behind})
        except StaleTurnError as stale:
            stands = stale.positions
        else:
            stands |= following


async def rebuild(database: str, logs: Logs, known: int | None = None) -> None:
    """Rebuild from logs that go on beyond what is known of their end when they are read."""
    await rebuild_ledger(database, KeptLog(logs, known=known), list(logs))


async def everything(pool: asyncpg.Pool) -> dict[str, list[str]]:
    """Give every row of every table, and how tables, partitions and indexes are made."""
    tables = await pool.fetch(
        "SELECT c.oid::regclass::text FROM pg_class AS c WHERE relkind IN ('r', 'p')"
        " AND relnamespace = 'public'::regnamespace AND relname <> 'laurel_migrations' ORDER BY 1"
    )
    there = {
        name: [row[0] for row in await pool.fetch(f"SELECT t::text FROM {name} AS t ORDER BY 1")]
        for (name,) in tables
    }
    indexes = await pool.fetch("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'")
    schemas = await pool.fetch("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'laurel%'")
    there["indexes"] = sorted(row[0] for row in indexes)
    there["schemas"] = [row[0] for row in schemas]
    return there


@pytest.fixture
def projector(ledgers: Ledgers) -> Projector:
    return ledger_projector(ledgers())


async def test_a_rebuilt_ledger_is_the_same(
    projector: Projector, pool: asyncpg.Pool, database: str
) -> None:
    """Rows, balances, accounts, results, positions, partitions and indexes: all as they were."""
    logs = logs_of(400)
    await project(projector, logs, 400)
    before = await everything(pool)
    assert len(before["ledger"]) == len(before["accepted"]) == 400
    await rebuild(database, logs)
    assert await everything(pool) == before


async def test_what_somebody_broke_is_mended(
    projector: Projector, pool: asyncpg.Pool, database: str
) -> None:
    """Rows that were changed, deleted or made up by hand are again what the log says."""
    logs = logs_of(100)
    await project(projector, logs, 100)
    before = await everything(pool)
    await pool.execute("UPDATE balances SET available = 1000000 WHERE user_id = 'u1'")
    await pool.execute("DELETE FROM ledger WHERE user_id = 'u2'")
    await pool.execute("INSERT INTO accounts VALUES ('loyalty', 'nobody', '{}', null, 1)")
    await rebuild(database, logs)
    assert await everything(pool) == before


async def test_what_no_topic_says_stays(
    projector: Projector, pool: asyncpg.Pool, database: str
) -> None:
    """Ranks at closes, and that they were written, and who may read: no record knows of them."""
    logs = logs_of(50)
    await project(projector, logs, 50)
    ranks = "INSERT INTO rank_history VALUES ('loyalty', 'global', 'weekly:2025-W49', 'u1', 1, 5)"
    await pool.execute(ranks)
    await pool.execute("UPDATE leaderboard_periods SET history = 'done'")
    await pool.execute("GRANT SELECT ON ledger, balances TO PUBLIC")
    before = await everything(pool)
    assert before["rank_history"]
    await rebuild(database, logs)
    assert await everything(pool) == before
    for name in ("ledger", "balances"):
        assert await pool.fetchval(
            "SELECT '=r' = ANY(SELECT split_part(a::text, '/', 1) FROM unnest(relacl) AS a)"
            " FROM pg_class WHERE oid = $1::text::regclass",
            name,
        )


async def test_a_database_without_tables_gets_them(
    projector: Projector, pool: asyncpg.Pool, database: str
) -> None:
    """Where PostgreSQL lost all, the rebuild makes tables and rows; projectors go on."""
    logs = logs_of(120)
    await rebuild(database, logs)
    await project(projector, logs, 120)
    there = await everything(pool)
    assert len(there["ledger"]) == 120
    await pool.execute("DROP SCHEMA public CASCADE")
    await pool.execute("CREATE SCHEMA public")
    await rebuild(database, logs)
    assert await everything(pool) == there


async def test_reads_and_projector_go_on(
    projector: Projector, pool: asyncpg.Pool, database: str
) -> None:
    """While the ledger is rebuilt no reader waits long, and none sees fewer rows than before."""
    logs = logs_of(3_000)
    await project(projector, logs, 1_000)
    seen = [1_000]

    async def look() -> None:
        while seen[-1] < 3_000:
            async with asyncio.timeout(5):
                seen.append(await pool.fetchval("SELECT count(*) FROM ledger"))
                seen.append(await pool.fetchval("SELECT count(*) FROM accepted"))

    async def rebuild_partly() -> None:
        for known in (500, 1_500):
            await rebuild(database, logs, known)

    looking = asyncio.create_task(look())
    await asyncio.gather(project(projector, logs, 3_000, at_once=20), rebuild_partly())
    await looking
    assert seen[1::2] == sorted(seen[1::2])
    assert seen[2::2] == sorted(seen[2::2])
    whole = await everything(pool)
    await rebuild(database, logs)
    assert await everything(pool) == whole


async def test_a_projector_that_is_behind_is_waited_for(
    projector: Projector, pool: asyncpg.Pool, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read further than the projector stands, the rebuilt ledger takes its place only when it has come as far.

    So the projector goes on where it left, and need not start over.
    """
    logs = logs_of(100)
    await project(projector, logs, 60)
    waits = asyncio.Event()
    caught_up = steps.Reading.caught_up

    async def seen(reading: steps.Reading) -> None:
        waits.set()
        await caught_up(reading)

    monkeypatch.setattr(steps.Reading, "caught_up", seen)
    working = asyncio.create_task(rebuild(database, logs))
    await waits.wait()
    ends = {at: log[-1].offset + 1 for at, log in logs.items()}
    behind = [at for at, end in ends.items() if end > 60]
    await projector.apply({at: run(logs[at], 60, 80) for at in behind})
    await projector.apply({at: run(logs[at], 80, 100) for at in behind})
    await working
    assert await projector.positions(assigned(logs)) == ends
    assert await pool.fetchval("SELECT count(*) FROM ledger") == 100


async def test_no_projector_is_waited_for_in_vain(
    projector: Projector, pool: asyncpg.Pool, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where none runs, the rebuilt ledger has all there is; one that comes reads on from there."""
    monkeypatch.setattr(steps, "CATCH_UP_SECONDS", 0.1)
    logs = logs_of(100)
    await project(projector, logs, 60)
    await rebuild(database, logs)
    assert await pool.fetchval("SELECT count(*) FROM ledger") == 100
    await project(projector, logs, 100)
    assert await pool.fetchval("SELECT count(*) FROM ledger") == 100


@pytest.mark.parametrize("step", ["begin", "index", "carry", "switch"])
async def test_broken_off_anywhere_it_can_be_called_again(
    projector: Projector,
    pool: asyncpg.Pool,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    """Cut off in any step, nothing has changed; the next rebuild begins anew and ends well."""
    logs = logs_of(100)
    logs[ACCEPTED] = logs[ACCEPTED][40:]
    await project(projector, logs, 100)
    before = await everything(pool)
    for when in ("before", "after"):
        with monkeypatch.context() as patched:
            cut_off(patched, step, when)
            with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.InterfaceError)):
                await rebuild(database, logs)
        there = await everything(pool)
        assert there | {"schemas": []} == before
        await rebuild(database, logs)
        assert await everything(pool) == before


def cut_off(patched: pytest.MonkeyPatch, step: str, when: str) -> None:
    """Let the connection to PostgreSQL be lost before or after a step."""
    done: Callable[..., Awaitable[None]] = getattr(RebuiltLedger, step)

    async def cut(ledger: Any, *args: Any) -> None:  # noqa: ANN401
        if when == "after":
            await done(ledger, *args)
        ledger._connection.terminate()
        raise asyncpg.ConnectionDoesNotExistError

    patched.setattr(RebuiltLedger, step, cut)


async def test_rows_of_deleted_records_are_carried_over(
    projector: Projector, pool: asyncpg.Pool, database: str
) -> None:
    """What came of records that their topics no longer have stays, each row once.

    A row that somebody made up cannot be told from these, where its topic has lost its beginning.
    """
    logs = logs_of(300)
    await project(projector, logs, 300)
    before = await everything(pool)
    for at, first in ((ACCEPTED, 100), (DECLINED, 299), (TIERS, 1)):
        logs[at] = logs[at][first:]
    for _ in range(2):
        await rebuild(database, logs)
        assert await everything(pool) == before


async def test_rows_are_carried_over_while_more_come(
    projector: Projector, pool: asyncpg.Pool, database: str
) -> None:
    """A row that the projector writes during a rebuild is not taken for one whose record is gone."""
    logs = logs_of(2_000)
    await project(projector, logs, 500)
    kept = logs | {ACCEPTED: logs[ACCEPTED][200:]}
    await asyncio.gather(
        project(projector, logs, 2_000, at_once=20), rebuild(database, kept, known=600)
    )
    assert await pool.fetchval("SELECT count(*) FROM accepted") == 2_000
    assert await pool.fetchval("SELECT count(DISTINCT id) FROM accepted") == 2_000


async def test_a_topic_that_must_be_whole_is_not(database: str) -> None:
    """Balances cannot be made from half a log, and nothing is begun."""
    logs = logs_of(10)
    logs[EARNED] = logs[EARNED][3:]
    with pytest.raises(LostRecordsError, match=r"rewards.earned 0 begins at 3"):
        await rebuild(database, logs)


async def test_one_at_a_time(projector: Projector, pool: asyncpg.Pool, database: str) -> None:
    """Who begins while another rebuild is under way is told so, and disturbs nothing."""
    logs = logs_of(10)
    await project(projector, logs, 10)
    before = await everything(pool)
    async with rebuilding(database):
        with pytest.raises(OccupiedError, match="another rebuild"):
            await rebuild(database, logs)
    assert await everything(pool) == before


async def test_a_long_read_holds_no_other_up(
    projector: Projector,
    pool: asyncpg.Pool,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The switch steps back for a long read, others pass; once it has ended the switch is made."""
    monkeypatch.setattr(steps, "PAUSE_SECONDS", 0.05)
    monkeypatch.setattr("sinks.ledger_rebuild.READERS_WAIT", "100ms")
    logs = logs_of(50)
    await project(projector, logs, 50)
    table = await pool.fetchval("SELECT 'ledger'::regclass::oid")
    tried: list[int] = []
    switched = steps.switched

    async def counted(ledger: Any) -> None:  # noqa: ANN401
        tried.append(1)
        await switched(ledger)

    monkeypatch.setattr(steps, "switched", counted)

    async def stepped_back() -> bool:
        return len(tried) > 1

    async with pool.acquire() as reader:
        reading = reader.transaction()
        await reading.start()
        await reader.fetchval("SELECT count(*) FROM ledger")
        working = asyncio.create_task(rebuild(database, logs))
        await eventually(stepped_back)
        assert await pool.fetchval("SELECT count(*) FROM ledger") == 50
        assert await reader.fetchval("SELECT 'ledger'::regclass::oid") == table
        await reading.rollback()
    await working
    assert await pool.fetchval("SELECT 'ledger'::regclass::oid") != table
    assert await pool.fetchval("SELECT count(*) FROM ledger") == 50
