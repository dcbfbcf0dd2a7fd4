"""What the ledger answers, beside a recomputation in plain Python over the same seeded logs."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest

from deploy.stack import Stack
from schemas.actions import RESERVED_SUBJECTS
from sinks import ledger_figures, ledger_reads
from sinks.ledger_figures import CIRCULATION, ECONOMY
from sinks.ledger_reads import EXPIRIES, RANKS, RECENT, Question, ask
from sinks.ledger_rows import SOURCES, Batch, add_records
from sinks.positions import Assigned
from sinks.postgres_ledger import PostgresLedger
from tests.simulation.play import Run, play
from tests.support import answers
from tests.support.answers import MOST, Told, told
from tests.support.ledgers import EARNED, write
from tests.support.runs import Record, posting, record

ZONES: Final = ("UTC", "America/New_York", "Asia/Kolkata")
LADDERS: Final = {"tier": "BRONZE", "level": "1"}
"""Ladders that are asked for, and their first steps."""


async def fill(url: str, run: Run) -> None:
    """Bring all logs of a run into the ledger, as the projector would."""
    sink = PostgresLedger(url)
    for (topic, number), records in run.world.logs.records.items():
        if topic in SOURCES:
            at = (topic, number)
            await sink.standing({at: Assigned(0, None)})
            batch = Batch()
            batch.moves[at] = (0, records[-1].offset + 1)
            add_records(batch, topic, records)
            await sink.apply(batch)
    await sink.close()


@pytest.fixture(scope="module")
def run() -> Run:
    return play(seed=5, actions=4_000, members=60, days=60)


@pytest.fixture(scope="module")
def said(run: Run) -> Told:
    return told(run)


@pytest.fixture(scope="module")
def filled(stack: Stack, run: Run) -> Iterator[str]:
    """Give the address of a database that has all of the run."""
    name = f"t{uuid4().hex}"
    url = urlunsplit(urlsplit(stack.postgres)._replace(path=f"/{name}"))
    asyncio.run(execute(stack.postgres, f"CREATE DATABASE {name}"))
    asyncio.run(fill(url, run))
    yield url
    asyncio.run(execute(stack.postgres, f"DROP DATABASE {name} WITH (FORCE)"))


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


@pytest.fixture
async def connection(filled: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(filled)
    yield connection
    await connection.close()


class Case(NamedTuple):
    """A question, what recomputes its answer, and the names of what else it is asked with."""

    question: Question[Any]
    recomputed: Callable[..., list[tuple[Any, ...]]]
    arguments: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    """What the recomputation needs besides the zone, of what the question is asked with."""


OF_A_MEMBER: Final = {
    "wallet": Case(ledger_reads.WALLET, answers.wallet),
    "recent": Case(RECENT, answers.recent, ("most",)),
    "actions": Case(ledger_reads.ACTIONS_BY_DAY, answers.actions_by_day, ("zone", "since")),
    "hours": Case(ledger_reads.ACTIVE_HOURS, answers.active_hours, ("zone", "own"), ("own",)),
    "points": Case(ledger_reads.POINTS_BY_DAY, answers.points_by_day, ("zone", "since")),
    "badges": Case(ledger_reads.BADGES, answers.badges),
    "streaks": Case(ledger_reads.STREAKS, answers.streaks, ("zone",)),
    "paths": Case(ledger_reads.PATHS, answers.paths),
    "totals": Case(ledger_reads.TOTALS, answers.totals),
    "expiries": Case(ledger_reads.EXPIRIES, answers.expiries, ("zone",)),
}
OF_A_PROGRAM: Final = {
    "circulation": Case(ledger_figures.CIRCULATION, answers.circulation),
    "members": Case(ledger_figures.MEMBERS, answers.members),
    "active": Case(
        ledger_figures.ACTIVE_BY_DAY, answers.active_days, ("zone", "since", "own"), ("own",)
    ),
    "triggered": Case(ledger_figures.MOST_TRIGGERED, answers.triggered, ("zone", "since", "most")),
    "economy": Case(ledger_figures.ECONOMY, answers.economy, ("zone", "since")),
    "top": Case(
        ledger_figures.TOP_MEMBERS, answers.top_members, ("currency", "most"), ("currency",)
    ),
    "levels": Case(ledger_figures.LEVELS, answers.levels, ("ladders", "firsts"), ("steps",)),
    "paths": Case(ledger_figures.PATH_POPULARITY, answers.path_popularity),
}


def known_of(run: Run, said: Told, program: str) -> dict[str, Any]:
    """Give all that a program's questions are asked with, by name; but the zone."""
    document = run.versions[f"{program}@2025-01-01"]
    return {
        "since": said.since,
        "most": MOST,
        "own": sorted(document["actions"])[::2],
        "currency": list(document["currencies"])[-1],
        "steps": LADDERS,
        "ladders": list(LADDERS),
        "firsts": list(LADDERS.values()),
    }


async def answered(
    connection: asyncpg.Connection, case: Case, known: dict[str, Any], *subject: str
) -> list[tuple[Any, ...]]:
    """Ask a question, and give its rows with JSON read."""
    rows = await ask(connection, case.question, *subject, *map(known.get, case.arguments))
    if case.question is RECENT:
        return [row._replace(reference=json.loads(row.reference)) for row in rows]
    return rows


@pytest.mark.parametrize("name", OF_A_MEMBER)
async def test_a_member_is_answered_as_the_logs_say(
    name: str, connection: asyncpg.Connection, run: Run, said: Told
) -> None:
    """Of every member of every program the ledger answers what a walk through all records comes to."""
    case, answers_given = OF_A_MEMBER[name], 0
    for program in run.programs:
        known = known_of(run, said, program)
        for number, who in enumerate(said.people(program)):
            known["zone"] = zone = ZONES[number % len(ZONES)]
            rows = await answered(connection, case, known, *who)
            expected = case.recomputed(said, who, zone, *map(known.get, case.also))
            assert rows == expected, f"{who} in {zone}"
            answers_given += bool(rows)
    assert answers_given > 5, "the run has too little of it to tell"


@pytest.mark.parametrize("name", OF_A_PROGRAM)
async def test_a_program_is_answered_as_the_logs_say(
    name: str, connection: asyncpg.Connection, run: Run, said: Told
) -> None:
    """Of every program the ledger's figures are what a walk through all records comes to."""
    case, answers_given = OF_A_PROGRAM[name], 0
    for program, zone in zip(run.programs, ZONES * 2, strict=False):
        known = known_of(run, said, program) | {"zone": zone}
        rows = await answered(connection, case, known, program)
        assert rows == case.recomputed(said, program, zone, *map(known.get, case.also)), program
        answers_given += bool(rows)
    assert answers_given, "the run has too little of it to tell"


async def test_what_expires_is_what_lies_in_lots(
    connection: asyncpg.Connection, run: Run, said: Told
) -> None:
    """The calendar of a member's currency comes to what the account has in lots."""
    for program in run.programs:
        for who in said.people(program):
            purses = said.views.get(who, {}).get("currencies", {})
            in_lots = Counter({name: purse.get("in_lots", 0) for name, purse in purses.items()})
            calendar = Counter[str]()
            for row in await ask(connection, EXPIRIES, *who, "UTC"):
                calendar[row.currency] += row.points
            assert +calendar == +in_lots, who


async def test_what_grew_is_what_is_there(connection: asyncpg.Connection, run: Run) -> None:
    """All that came into circulation less all that left it is what members have, or have set aside.

    What is held comes in when it is released; transfers are all received, as nothing is under way.
    """
    for program in run.programs:
        grown = Counter[str]()
        for row in await ask(connection, ECONOMY, program, "UTC", date(2000, 1, 1)):
            grown[row.currency] += row.grown
        for purse in await ask(connection, CIRCULATION, program):
            assert grown[purse.currency] == purse.available + purse.reserved, (program, purse)


async def test_an_erased_member_has_nothing_that_expires(
    ledger: PostgresLedger, pool: asyncpg.Pool
) -> None:
    """What an erasure took away is no posting, but it is gone."""
    lots = [("a1#purchase", 4, "2026-12-07T12:00:00.000Z")]
    await write(ledger, EARNED, record(0, posting(1, "ann", lots=lots)))
    async with pool.acquire() as connection:
        there = await ask(connection, EXPIRIES, "loyalty", "ann", "UTC")
        assert there == [("points", date(2026, 12, 7), 4)]
        view = "INSERT INTO accounts VALUES ($1, $2, '{\"erased\": true}', NULL, 1)"
        await connection.execute(view, "loyalty", "ann")
        assert await ask(connection, EXPIRIES, "loyalty", "ann", "UTC") == []


def left(number: int, name: str, kind: str, action: str, sequence: int) -> Record:
    """Give the record of a posting that an action left."""
    said: dict[str, Any] = {"kind": kind, "action": action, "sequence": sequence, "points": 0}
    return record(sequence, posting(number, "ann", second=number, id=f"a{number}#{name}", **said))


async def test_what_only_moves_on_boards_was_done_too(
    ledger: PostgresLedger, pool: asyncpg.Pool
) -> None:
    """An action is shown by its last move where it left nothing else under its name."""
    postings = [
        left(1, "post", "earn", "POST", 0),
        left(1, "move_level", "move", "POST", 1),
        left(2, "move_listed", "move", "PROFILE", 2),
        left(2, "move_boards", "move", "PROFILE", 3),
        left(3, "expire-a0", "expire", "EXPIRATION", 4),
        left(3, "move_boards", "move", "JOIN_PATH", 5),
        left(4, "move_boards", "move", "LEAVE_PATH", 6),
        left(4, "level_two", "earn", "LEAVE_PATH", 7),
    ]
    await write(ledger, EARNED, *postings)
    async with pool.acquire() as connection:
        rows = await ask(connection, RECENT, "loyalty", "ann", 5)
        assert [(row.action, row.kind, row.id) for row in rows] == [
            ("LEAVE_PATH", "earn", "a4#level_two"),
            ("JOIN_PATH", "move", "a3#move_boards"),
            ("EXPIRATION", "expire", "a3#expire-a0"),
            ("PROFILE", "move", "a2#move_boards"),
            ("POST", "earn", "a1#post"),
        ]


@pytest.mark.usefixtures("ledger")
async def test_ranks_are_those_of_closed_periods(pool: asyncpg.Pool) -> None:
    """The latest periods come first, of equal ones by board; one without an end is the latest."""
    periods = [
        ("global", "weekly:2025-W49", "2025-12-08"),
        ("global", "weekly:2025-W48", "2025-12-01"),
    ]
    periods += [("region:US", "weekly:2025-W49", "2025-12-08"), ("global", "all_time", None)]
    async with pool.acquire() as connection:
        for number, (board, period, end) in enumerate(periods):
            await connection.execute(
                "INSERT INTO leaderboard_periods (program, board, period, kind, ends_at, status,"
                " participants) VALUES ('loyalty', $1, $2, '', $3::text::timestamptz, 'CLOSED', 9)",
                *(board, period, end),
            )
            row = ("loyalty", board, period, "ann", number + 1, 100 - number)
            await connection.execute(
                "INSERT INTO rank_history VALUES ($1, $2, $3, $4, $5, $6)", *row
            )
        rows = await ask(connection, RANKS, "loyalty", "ann", 3)
        assert [(row.board, row.period, row.rank, row.score) for row in rows] == [
            ("global", "all_time", 4, 97),
            ("global", "weekly:2025-W49", 1, 100),
            ("region:US", "weekly:2025-W49", 3, 98),
        ]
        assert {row.participants for row in rows} == {9}
        assert await ask(connection, RANKS, "loyalty", "bob", 3) == []


@pytest.mark.parametrize("name", OF_A_PROGRAM)
def test_figures_count_people_only(name: str) -> None:
    """Every query of a program leaves out all subjects that are none."""
    kinds = "|".join(prefix.removesuffix(":") for prefix in RESERVED_SUBJECTS)
    assert f"!~ '^({kinds}):'" in OF_A_PROGRAM[name].question.query


async def plan(connection: asyncpg.Connection, case: Case, *subject: str) -> str:
    """Give how PostgreSQL would answer if it had to look at many rows."""
    known = {"zone": "UTC", "since": date(2025, 11, 1), "most": MOST, "own": ["PURCHASE"]}
    arguments = (*subject, *map(known.get, case.arguments))
    async with connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        rows = await connection.fetch(f"EXPLAIN {case.question.query}", *arguments)
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize("name", [*OF_A_MEMBER, "ranks"])
async def test_a_member_is_found_by_an_index(name: str, connection: asyncpg.Connection) -> None:
    """No question about one member reads the rows of others."""
    case = OF_A_MEMBER.get(name, Case(RANKS, list, ("most",)))
    found = await plan(connection, case, "loyalty", "u-0001")
    assert "Seq Scan" not in found, found
    assert "Index Cond: (" in found


@pytest.mark.parametrize("name", ["active", "triggered", "economy"])
async def test_months_before_are_not_read(name: str, connection: asyncpg.Connection) -> None:
    """Questions about some days of everybody read the partitions of those days only."""
    found = await plan(connection, OF_A_PROGRAM[name], "loyalty")
    assert "ledger_2025_11" in found
    assert "ledger_2025_10" not in found


async def test_a_question_says_what_its_columns_are(connection: asyncpg.Connection) -> None:
    """Rows are named by position: each question has as many columns as its rows have fields."""
    cases = [*OF_A_MEMBER.values(), *OF_A_PROGRAM.values()]
    for question in [*(case.question for case in cases), ledger_reads.LINES, RANKS]:
        statement = await connection.prepare(question.query)
        assert len(statement.get_attributes()) == len(question.row._fields)
