"""The ledger projector, beside an SQL transaction per event."""

import random
from itertools import cycle
from pathlib import Path

import asyncpg
import msgspec

from bench.results import Table
from bench.runs import PARTITIONS, RUN, posting, run
from bench.sink_rates import Rate, Work, rate
from processors.ledger import LANES, ledger_projector
from schemas.results import Posting
from sinks.positions import Assigned, Partition
from sinks.postgres_ledger import PostgresLedger

MEMBERS = 100_000
POSTINGS = 100_000
"""Different ones; after them they come again, which the ledger does not mind."""

_rng = random.Random(1)
_TOPIC = "rewards.earned"
_SEEDS_ROW = """
    INSERT INTO ledger (id, action_id, program, user_id, sequence, action, kind, currency, points,
        lifetime_points, base_points, multiplier, balance, lifetime, tier, occurred_at, expires_at,
        rule, reference, lots, why)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::text::numeric, $12::text::numeric, $13,
        $14, $15, $16::text::timestamptz, $17::text::timestamptz, $18, $19, $20, $21)
"""
_SEEDS_BALANCE = """
    INSERT INTO balances AS b
        (program, user_id, currency, available, lifetime, sequence, last_at, earned)
    VALUES ($1, $2, $3, $4, $4, $5, $6::text::timestamptz, $4)
    ON CONFLICT (user_id, program, currency) DO UPDATE SET
        available = b.available + excluded.earned, lifetime = b.lifetime + excluded.earned,
        sequence = excluded.sequence, last_at = excluded.last_at,
        earned = b.earned + excluded.earned
"""


async def compare_ledger(url: str, seconds: float) -> Table:
    """Measure ledger rows per second with balances, ours and the seeds'."""
    values = [posting(n, member_of(n % PARTITIONS)) for n in range(POSTINGS)]
    server = await _server(url)
    sink = PostgresLedger(url)
    ours = await rate([our_way(sink, values)], seconds, server)
    theirs = await _seeds_rate(url, values, 1, seconds)
    eight = await _seeds_rate(url, values, 8, seconds)
    await sink.close()
    return Table(
        f"ledger: rows with balances, {MEMBERS:,} members, fsync on",
        ["way", "ours to it", "ours to it by CPU", "rows/s", "CPU us/row"],
        [
            _row("ours", ours, ours),
            _row("the seeds' way, one connection", theirs, ours),
            _row("the seeds' way, eight connections", eight, ours),
        ],
        [
            f"ours: turns of {PARTITIONS} partitions with {RUN} postings each",
            f"ours: up to {LANES} transactions side by side, each moves the positions it comes from",
            "the seeds' way: a transaction per event, which adds the row and changes the balance",
            "the seeds' code first looks whether the event is there, which is left out here",
            "CPU: this process + server",
        ],
    )


def _row(way: str, rate: Rate, ours: Rate) -> list[str]:
    return [
        way,
        f"{ours.per_second / rate.per_second:.1f} x",
        f"{rate.processor / ours.processor:.1f} x",
        f"{rate.per_second:,.0f}",
        f"{rate.client:.1f} + {rate.server:.1f}",
    ]


async def _server(url: str) -> int:
    """Give the process that all of PostgreSQL's others are children of."""
    connection = await asyncpg.connect(url)
    folder = await connection.fetchval("SHOW data_directory")
    await connection.close()
    return int((Path(folder) / "postmaster.pid").read_text().split("\n", 1)[0])


def member_of(partition: int) -> str:
    """Give one of the members who lie in a partition."""
    return f"member-{_rng.randrange(partition, MEMBERS, PARTITIONS)}"


def our_way(sink: PostgresLedger, values: list[bytes]) -> Work:
    """Return what brings one turn of postings through the projector."""
    projector = ledger_projector(sink)
    partitions = [(_TOPIC, number) for number in range(PARTITIONS)]
    positions: dict[Partition, int] = {}
    following = {at: cycle(values[at[1] :: PARTITIONS]) for at in partitions}

    async def work() -> int:
        if not positions:
            assigned = {at: Assigned(first=0, committed=None) for at in partitions}
            positions.update(await projector.positions(assigned))
        turn = {at: run(positions[at], following[at]) for at in partitions}
        await projector.apply(turn)
        positions.update({at: one.end for at, one in turn.items()})
        return RUN * PARTITIONS

    return work


async def _seeds_rate(url: str, values: list[bytes], connections: int, seconds: float) -> Rate:
    opened = [await asyncpg.connect(url) for _ in range(connections)]
    server = await _server(url)
    measured = await rate([seeds_way(one, values) for one in opened], seconds, server)
    for one in opened:
        await one.close()
    return measured


def seeds_way(connection: asyncpg.Connection, values: list[bytes]) -> Work:
    """Return what handles one event as the seeds' code does."""
    postings = cycle(msgspec.json.decode(value, type=Posting) for value in values)

    async def work() -> int:
        one = next(postings)
        documents = [
            msgspec.json.encode(part).decode() for part in (one.reference, one.lots, one.why)
        ]
        async with connection.transaction():
            await connection.execute(
                _SEEDS_ROW,
                *(one.id, one.action_id, one.program, one.user_id, one.sequence, one.action),
                *(one.kind, one.currency, one.points, one.lifetime_points, str(one.base_points)),
                *(str(one.multiplier), one.balance, one.lifetime, one.tier, one.occurred_at),
                *(one.expires_at, one.rule, *documents),
            )
            await connection.execute(
                _SEEDS_BALANCE,
                *(one.program, one.user_id, one.currency, one.points, one.sequence),
                one.occurred_at,
            )
        return 1

    return work
