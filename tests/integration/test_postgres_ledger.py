"""The ledger in a real PostgreSQL: rows as they were said, balances that are their sums, each once."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import msgspec
import pytest

from processors.ledger import LANE_RECORDS, LANES, ledger_projector
from processors.projector import StaleTurnError
from schemas import accounts
from schemas.results import AcceptedAction, AchievementUnlocked, DeclinedAction, TierChanged
from sinks import migrate, postgres_ledger
from sinks.positions import Assigned, LostRecordsError, Partition, StaleRunError
from sinks.postgres_ledger import PostgresLedger
from tests.support.ledgers import EARNED, NEW, Ledgers, table, write
from tests.support.runs import Record, Run, feed, posting, record, run
from tests.support.stacks import Servers
from tests.support.waiting import eventually

CHANGELOG = ("laurel-scoring-accounts-changelog", 3)
AWKWARD = 'say "hi", ä€😀\\\t\n\r\u2028, {}[] null \\u0000 \\.'
WORDS = {
    "id": "a1#purchase",
    "program": "loyalty",
    "user_id": "ann",
    "actor": None,
    "occurred_at": "2025-12-07T12:00:00.000Z",
}


async def everything(pool: asyncpg.Pool) -> dict[str, list[dict[str, Any]]]:
    names = ("ledger", "balances", "accounts", "projection_progress")
    return {name: await table(pool, name) for name in names}


async def test_a_row_says_what_the_posting_said(ledger: PostgresLedger, pool: asyncpg.Pool) -> None:
    """Every column holds its field: texts with quotes and line ends, numbers, moments, JSON, null."""
    said = posting(
        1,
        "ann",
        points=-9007199254740992,
        base_points=0.55,
        multiplier=None,
        category="",
        actor=AWKWARD,
        reason="null",
        expires_at="2026-12-07T12:00:00.000Z",
        lots=[("a1#purchase", 4, None)],
        reference={"note": AWKWARD, "amount": 1.50},
        why=[("base", "1"), (AWKWARD, "2")],
    )
    await write(ledger, EARNED, record(0, said))
    (row,) = await table(pool, "ledger")
    fields = msgspec.structs.asdict(said)
    del fields["scores"]
    expected = fields | {
        "base_points": Decimal("0.55"),
        "occurred_at": datetime(2025, 12, 7, 12, tzinfo=UTC),
        "expires_at": datetime(2026, 12, 7, 12, tzinfo=UTC),
        "lots": [["a1#purchase", 4, None]],
        "why": [["base", "1"], [AWKWARD, "2"]],
    }
    parsed = {name: json.loads(row[name]) for name in ("reference", "lots", "why")}
    assert row | parsed == expected


async def test_a_nul_is_shown_where_postgresql_cannot_hold_it(
    ledger: PostgresLedger, pool: asyncpg.Pool
) -> None:
    """NUL in a text from outside becomes its symbol; the letters backslash, u, 0000 stay letters."""
    said = posting(
        1, "ann", reason="a\0b", reference={"note": "\0 \\u0000 \\\0"}, why=[("\0", "1")]
    )
    await write(ledger, EARNED, record(0, said))
    (row,) = await table(pool, "ledger")
    assert row["reason"] == "a␀b"
    assert json.loads(row["reference"]) == {"note": "␀ \\u0000 \\␀"}
    assert json.loads(row["why"]) == [["␀", "1"]]


async def test_fields_may_be_missing_or_new(ledger: PostgresLedger, pool: asyncpg.Pool) -> None:
    """A record of another release: a nullable field it lacks is null, one we do not know is left."""
    value = json.loads(record(0, posting(1, "ann")).value or b"")
    del value["tier"]
    value["mood"] = "good"
    await write(ledger, EARNED, Record(0, json.dumps(value).encode()))
    (row,) = await table(pool, "ledger")
    assert row["tier"] is None


async def test_the_other_results_have_their_tables(
    ledger: PostgresLedger, pool: asyncpg.Pool
) -> None:
    """Accepted and declined actions, steps on ladders and achievements: one row each, as said."""
    action = {**WORDS, "action_id": "a1", "action": "PURCHASE", "rule": "r", "reference": {"a": 1}}
    del action["actor"]
    results = {
        "actions.accepted": AcceptedAction(**action),
        "actions.declined": DeclinedAction(
            **action, reason="cooling_down", message="wait", retry_at="2025-12-07T13:00:00.000Z"
        ),
        "tier.changed": TierChanged(
            **WORDS, ladder="tier", old="GOLD", new="SILVER", direction="down", value=1, threshold=9
        ),
        "achievements.unlocked": AchievementUnlocked(
            **WORDS,
            achievement="POINTS_1K",
            kind="badge",
            level=2,
            state="EARNED",
            payload={"a": [AWKWARD]},
            expires_at=None,
        ),
    }
    tables = ("accepted", "declined", "tier_changes", "achievements")
    for (topic, result), name in zip(results.items(), tables, strict=True):
        await ledger.standing({(topic, 0): Assigned(0, None)})
        await write(ledger, (topic, 0), record(0, result))
        (row,) = await table(pool, name)
        moments = {key: value.isoformat() for key, value in row.items() if "_at" in key and value}
        row |= {key: value.replace("+00:00", ".000Z") for key, value in moments.items()}
        row |= {key: json.loads(row[key]) for key in ("reference", "payload") if key in row}
        assert row == msgspec.structs.asdict(result)


POINTS = {
    "earn": ("earned", 7),
    "adjust": ("adjusted", -3),
    "receive": ("received", 2),
    "return": ("received", 1),
    "redeem": ("redeemed", -4),
    "expire": ("expired", -1),
    "send": ("sent", -2),
    "reverse": ("reversed", -5),
}


async def test_balances_are_the_sums_of_the_ledger(
    ledger: PostgresLedger, pool: asyncpg.Pool
) -> None:
    """Over batches of every size a balance is what its last posting says, and its sums add up."""
    kinds, balance, sums = list(POINTS), Counter[str](), {}
    log = []
    for n in range(400):
        user, kind = f"u{n * 13 % 7}", kinds[n * 5 % 11 % 8]
        column, points = POINTS[kind]
        balance[user] += points
        sums.setdefault(user, Counter())[column] += abs(points) if points < 0 else points
        if kind == "adjust":
            sums[user][column] += 2 * points
        sequence = sum(1 for one in range(n + 1) if f"u{one * 13 % 7}" == user)
        log.append(
            record(
                n,
                posting(
                    n, user, kind=kind, points=points, balance=balance[user], sequence=sequence
                ),
            )
        )
    first = 0
    for size in (1, 2, 5, 92, 300):
        await write(ledger, EARNED, *log[first : first + size], first=first)
        first += size
    assert first == 400
    for row in await table(pool, "balances"):
        user = row["user_id"]
        assert row["available"] == balance[user]
        assert {name: row[name] for name in sums[user]} == dict(sums[user])
        ledgered = await pool.fetchrow(
            "SELECT sum(points), count(*), max(sequence) FROM ledger WHERE user_id = $1", user
        )
        assert (row["available"], row["sequence"], row["sequence"]) == tuple(ledgered)


async def test_a_move_changes_no_balance(ledger: PostgresLedger, pool: asyncpg.Pool) -> None:
    """A posting that only moves a board is in the ledger and on no balance."""
    moved = posting(1, "ann", kind="move", points=0, lifetime_points=0)
    await write(ledger, EARNED, record(0, moved))
    assert len(await table(pool, "ledger")) == 1
    assert await table(pool, "balances") == []


async def test_the_newest_head_of_an_account_is_its_view(
    ledger: PostgresLedger, pool: asyncpg.Pool
) -> None:
    """Rows other than heads and the workers' own rows are passed over; a deleted head is gone."""
    await ledger.standing({CHANGELOG: Assigned(0, None)})

    def head(user: str, sequence: int, country: str = "US") -> Record:
        account = accounts.open_account("loyalty", user, {})
        account.head.sequence, account.head.country = sequence, country
        return Record(0, accounts.write_head(account), accounts.row_key("loyalty", user))

    await write(
        ledger,
        CHANGELOG,
        head("ann", 1),
        head("bob", 1),
        Record(0, b"16 bytes of hash", accounts.row_key("loyalty", "ann", "ids.1.0")),
        Record(0, b"\x92\x01\x02", b"\0position\0003"),
        head("ann", 2, country="D\0E"),
    )
    ann, bob = await table(pool, "accounts")
    assert (ann["subject"], ann["sequence"], json.loads(ann["view"])["country"]) == (
        "ann",
        2,
        "D␀E",
    )
    assert (bob["subject"], bob["sequence"], bob["due_at"]) == ("bob", 1, None)
    gone = replace(head("bob", 0), value=None)
    await write(ledger, CHANGELOG, head("ann", 3), gone, first=5)
    (ann,) = await table(pool, "accounts")
    assert ann["sequence"] == 3


async def test_a_worker_that_lost_its_partition_changes_nothing(
    ledger: PostgresLedger, pool: asyncpg.Pool
) -> None:
    """A batch that does not continue where PostgreSQL stands leaves no row, no balance, no position."""
    await write(ledger, EARNED, record(0, posting(1, "ann")))
    before = await everything(pool)
    for first in (0, 2):
        with pytest.raises(StaleRunError):
            await write(ledger, EARNED, record(first, posting(2, "ann")), first=first)
    assert await everything(pool) == before


async def test_two_workers_write_the_same_run_once(
    ledger: PostgresLedger, pool: asyncpg.Pool, ledgers: Ledgers
) -> None:
    """Of two that write one run at the same time exactly one succeeds."""
    log = [record(n, posting(n, f"u{n}")) for n in range(500)]
    both = await asyncio.gather(
        write(ledger, EARNED, *log),
        write(ledgers(), EARNED, *log),
        return_exceptions=True,
    )
    assert sorted(map(type, both), key=str) == [type(None), StaleRunError]
    assert await pool.fetchval("SELECT count(*) FROM ledger") == 500


async def test_a_frozen_worker_holds_nobody_up(
    ledger: PostgresLedger, pool: asyncpg.Pool, ledgers: Ledgers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who takes over ends the transaction of a worker frozen in its middle; woken, it has no effect."""
    with monkeypatch.context() as frozen:
        written, woken = asyncio.Event(), asyncio.Event()
        frozen.setattr(postgres_ledger, "_write", freezing(postgres_ledger._write, written, woken))
        zombie = asyncio.create_task(write(ledger, EARNED, record(0, posting(1, "ann"))))
        await written.wait()
        frozen.setattr(postgres_ledger, "FROZEN_SECONDS", 0)
        heir = ledgers()
        async with asyncio.timeout(5):
            assert await heir.standing(NEW) == {EARNED: 0}
    await write(heir, EARNED, record(0, posting(2, "bob")))
    before = await everything(pool)
    woken.set()
    with pytest.raises(ConnectionResetError):
        await zombie
    assert await everything(pool) == before
    assert [row["user_id"] for row in before["ledger"]] == ["bob"]


async def test_a_worker_frozen_in_a_migration_holds_nobody_up(
    ledgers: Ledgers, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes next ends its transaction, and the lock with it, and migrates; woken, it has no effect."""
    stepped, woken = asyncio.Event(), asyncio.Event()
    with monkeypatch.context() as frozen:
        frozen.setattr(migrate, "_up", freezing(migrate._up, stepped, woken))
        zombie = asyncio.create_task(ledgers().standing(NEW))
        await stepped.wait()
    monkeypatch.setattr(postgres_ledger, "FROZEN_SECONDS", 0)
    async with asyncio.timeout(5):
        assert await ledgers().standing(NEW) == {EARNED: 0}
    woken.set()
    with pytest.raises(ConnectionResetError):
        await zombie
    versions = [row["version"] for row in await table(pool, "laurel_migrations")]
    assert versions == [one.version for one in migrate.read_migrations()]


def freezing(
    function: Callable[..., Awaitable[Any]], done: asyncio.Event, woken: asyncio.Event
) -> Callable[..., Awaitable[Any]]:
    """Let a function sleep once it has done its work, until it is woken."""

    async def frozen(*args: object) -> object:
        answer = await function(*args)
        done.set()
        await woken.wait()
        return answer

    return frozen


async def test_a_batch_that_fails_leaves_nothing(
    ledger: PostgresLedger, pool: asyncpg.Pool
) -> None:
    """An error in the middle of a batch takes back its rows and its position."""
    before = await everything(pool)
    good, bad = posting(1, "ann"), posting(2, "ann", multiplier="many")
    with pytest.raises(asyncpg.PostgresError):
        await write(ledger, EARNED, record(0, good), record(1, bad))
    assert await everything(pool) == before


async def test_months_get_partitions_when_they_are_needed(
    ledger: PostgresLedger, pool: asyncpg.Pool
) -> None:
    """A row lies in the partition of its month, UTC; far off years lie in the default one."""
    moments = {
        "2025-11-30T23:59:59.999Z": "ledger_2025_11",
        "2025-12-01T00:00:00.000Z": "ledger_2025_12",
        "2025-12-31T23:59:59.999Z": "ledger_2025_12",
        "2026-01-01T00:00:00.000Z": "ledger_2026_01",
        "1999-12-31T23:59:59.999Z": "ledger_default",
        "2100-01-01T00:00:00.000Z": "ledger_default",
    }
    log = [record(n, posting(n, "ann", occurred_at=at)) for n, at in enumerate(moments)]
    await write(ledger, EARNED, *log)
    rows = await pool.fetch("SELECT tableoid::regclass::text FROM ledger ORDER BY action_id")
    assert [row[0] for row in rows] == list(moments.values())


async def test_a_month_may_be_there_or_in_the_default_partition(
    ledger: PostgresLedger, pool: asyncpg.Pool, ledgers: Ledgers
) -> None:
    """Another worker made the month, or rows of it lie in the default partition: both are fine."""
    await write(ledger, EARNED, record(0, posting(1, "ann")))
    await write(ledgers(), EARNED, record(1, posting(2, "ann")), first=1)
    await pool.execute("DROP TABLE ledger_2025_12")
    await write(ledger, EARNED, record(2, posting(3, "ann")), first=2)
    await write(ledgers(), EARNED, record(3, posting(4, "ann")), first=3)
    rows = await pool.fetch("SELECT tableoid::regclass::text FROM ledger")
    assert [row[0] for row in rows] == ["ledger_default", "ledger_default"]


async def test_workers_make_a_month_at_once(
    ledger: PostgresLedger, pool: asyncpg.Pool, ledgers: Ledgers
) -> None:
    """Two workers that meet a new month in the same moment make one partition."""
    other = ("rewards.earned", 4)
    await ledger.standing({other: Assigned(0, None)})
    for month in range(1, 8):
        at = f"2024-{month:02d}-07T12:00:00.000Z"
        writing = (
            write(
                sink,
                where,
                record(month - 1, posting(month, "ann", occurred_at=at)),
                first=month - 1,
            )
            for sink, where in ((ledger, EARNED), (ledgers(), other))
        )
        await asyncio.gather(*writing)
    assert await pool.fetchval("SELECT count(*) FROM ledger_default") == 0
    assert await pool.fetchval("SELECT count(*) FROM ledger") == 14


async def test_a_turn_may_be_half_there(pool: asyncpg.Pool, ledgers: Ledgers) -> None:
    """When a turn's answer was lost, the part that PostgreSQL has is passed over, the rest written."""
    sink = ledgers()
    here, there = ("t.rewards.earned", 0), ("t.rewards.earned", LANES - 1)
    end = LANES * LANE_RECORDS  # Enough for a transaction each.
    projector = ledger_projector(sink, "t.")
    await projector.positions({here: Assigned(0, None), there: Assigned(0, None)})
    turn = {
        here: run([record(0, posting(1, "ann"))]),
        there: run([record(0, posting(2, "bob"))], end=end),
    }
    await ledger_projector(sink, "t.").apply({here: turn[here]})
    await projector.apply(turn)
    assert [row["user_id"] for row in await table(pool, "ledger")] == ["ann", "bob"]
    assert projector.state.positions == {here: 1, there: end}
    assert projector.state.error is None
    with pytest.raises(StaleTurnError) as stale:
        await projector.apply({here: Run(5, 6, [])})
    assert stale.value.positions == {here: 1, there: end}


async def test_a_log_that_lost_its_beginning(ledgers: Ledgers) -> None:
    """A new sink begins with the first record there is; one that missed records is red."""
    sink = ledgers()
    assert await sink.standing({EARNED: Assigned(40, None)}) == {EARNED: 40}
    await write(sink, EARNED, record(40, posting(1, "ann")), first=40)
    with pytest.raises(LostRecordsError, match=r"begins at 50 but the sink stands at 41"):
        await sink.standing({EARNED: Assigned(50, None)})
    idle = ("actions.declined", 0)
    assert await sink.standing({idle: Assigned(0, None)}) == {idle: 0}
    assert await sink.standing({idle: Assigned(7, None)}) == {idle: 7}


async def cut_connections(pool: asyncpg.Pool) -> None:
    """End every connection to the database but the one that asks."""
    await pool.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


async def test_lost_connections_lose_and_double_nothing(
    pool: asyncpg.Pool, ledgers: Ledgers
) -> None:
    """Connections that end in the middle of transactions are made anew, and every row counts once."""
    log = [record(n, posting(n, f"u{n % 50}", points=1, balance=n)) for n in range(20_000)]
    projector = ledger_projector(ledgers())
    feeding = asyncio.create_task(feed(projector, log, EARNED, records_at_once=500))
    for position in (2_000, 6_000, 12_000):
        await eventually(lambda wanted=position: reached(projector.state.positions, wanted))
        await cut_connections(pool)
    await feeding
    assert projector.state.failures > 0
    assert projector.state.error is None
    assert await pool.fetchval("SELECT count(DISTINCT id) FROM ledger") == 20_000
    assert await pool.fetchval("SELECT count(*) FROM ledger") == 20_000
    assert await pool.fetchval("SELECT sum(earned) FROM balances") == 20_000


async def reached(positions: dict[Partition, int], wanted: int) -> bool:
    return positions.get(EARNED, 0) >= wanted


async def test_a_killed_postgresql_is_brought_up_again(
    pool: asyncpg.Pool, ledgers: Ledgers, servers: Servers
) -> None:
    """Killed under load and restarted, PostgreSQL is written on where it stands; red until then."""
    log = [record(n, posting(n, f"u{n % 50}", points=1, balance=n)) for n in range(20_000)]
    projector = ledger_projector(ledgers())
    feeding = asyncio.create_task(feed(projector, log, EARNED, records_at_once=500))
    await eventually(lambda: reached(projector.state.positions, 4_000))
    await asyncio.to_thread(servers["postgres"].restart, "kill")
    await feeding
    assert projector.state.failures > 0
    assert projector.state.error is None
    counts = await pool.fetchrow("SELECT count(*), count(DISTINCT id) FROM ledger")
    assert tuple(counts) == (20_000, 20_000)
    assert await pool.fetchval("SELECT sum(earned) FROM balances") == 20_000
