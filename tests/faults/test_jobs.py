"""What the clock starts, when things go wrong: each period has one result, and it is the right one."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from signal import SIGKILL
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from processors.jobs import worker as jobs_worker
from schemas import moments
from sinks.board_closing import closed_boards
from tests.faults.cluster import KINDS, PATIENCE, Cluster, Worker
from tests.support import results
from tests.support.days import date, day
from tests.support.kafka import Sent, consume, produce
from tests.support.results import Board, Said
from tests.support.stacks import Servers
from tests.support.waiting import eventually

STOP_POINTS = [
    "kill:say:before:1",
    "kill:say:after:1",  # the broker has it, the job never knew
    "kill:figures:before:1",
    "kill:figures:after:2",  # the board was read, nothing said of it
    "kill:say:before:2",
    "kill:say:after:3",
    "kill:ranks:before:1",
    "kill:ranks:after:1",  # everyone is copied, nothing committed
    "kill:keep:before:1",
    "kill:keep:after:1",
]

MEMBERS = [f"member-{number:02d}" for number in range(30)]
COUNTRIES = ["US", "DE", "JP"]
DAYS = 5
PRIZES = {1: 1_000, 2: 500, 3: 250}

PERIODS = """
    SELECT board, period, status, history, keep_until FROM leaderboard_periods
    WHERE program = 'loyalty' AND ends_at < now() - interval '5 seconds'
"""


class Book:
    """A cluster whose members did something on each of the last days, and what came of it."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.rng = random.Random(20251208)
        self.number = 0
        cluster.settings = cluster.settings.model_copy(
            update={"jobs_grace": 1.0, "jobs_pace": 0.05}
        )

    async def say(self, user: str, kind: str, occurred_at: int, **data: object) -> None:
        """Send one action."""
        await self._send([self._action(user, kind, occurred_at, **data)])

    async def fill(self) -> None:
        """Let every member buy something on each of the last full days, then wait for the rules."""
        await self.cluster.rules_count()
        actions = []
        for user in MEMBERS:
            country = self.rng.choice(COUNTRIES)
            actions.append(self._action(user, "PROFILE", day(DAYS), country=country))
            for before in range(DAYS, 0, -1):
                moment = day(before) + self.rng.randrange(moments.DAY)
                value = self.rng.randrange(1, 50) * 100
                actions.append(self._action(user, "PURCHASE", moment, order_value=value))
        await self._send(actions)

    def _action(self, user: str, kind: str, occurred_at: int, **data: object) -> Said:
        self.number += 1
        return {
            "id": f"{kind.lower()}-{self.number}",
            "program": "loyalty",
            "user_id": user,
            "type": kind,
            "occurred_at": moments.write(occurred_at),
            "data": data,
        }

    async def _send(self, actions: list[Said]) -> None:
        records = [Sent(said["user_id"].encode(), json.dumps(said).encode()) for said in actions]
        await produce(self.cluster.stack, self.cluster.settings.topic("actions"), records)

    async def said(self, topic: str) -> list[Said]:
        """Read a result topic."""
        name = self.cluster.settings.topic(topic)
        return results.read(await consume(self.cluster.stack, name))

    async def periods(self) -> list[Any]:
        """Give the periods that have ended, as the ledger has them; none while it has no tables."""
        connection = await asyncpg.connect(self.cluster.settings.postgres)
        try:
            return list(await connection.fetch(PERIODS))
        except asyncpg.UndefinedTableError:
            return []
        finally:
            await connection.close()

    async def opened(self) -> None:
        """Wait until the ledger knows of every period that was scored in and has ended."""

        async def ask() -> bool:
            known = {(row["board"], row["period"]) for row in await self.periods()}
            ended = {(board, period) for _, board, period in await self.ended()}
            return bool(ended) and ended <= known

        await eventually(ask, seconds=PATIENCE, every=0.2)

    async def ended(self) -> set[Board]:
        """Name the boards of ended periods that somebody scored on."""
        postings, calendar = await self.said("rewards.earned"), moments.calendar_of("UTC")
        scored = results.boards(postings, dict.fromkeys(range(64), 1 << 60))
        now = time.time() * 1000
        return {name for name in scored if calendar.bounds(name[2])[1] < now}

    async def done(self) -> None:
        """Wait until every period that has ended is closed, its ranks kept, its end told to Redis."""
        await self.opened()

        async def ask() -> bool:
            rows = await self.periods()
            async with Redis.from_url(self.cluster.settings.redis) as redis:
                kept = await closed_boards(redis, "loyalty")
            return all(
                row["status"] == "CLOSED"
                and row["history"] == "done"
                and (row["board"], row["period"]) in kept
                for row in rows
            )

        try:
            await eventually(ask, seconds=PATIENCE, every=0.2)
        except AssertionError:
            raise AssertionError(f"{await self.periods()}\n{self.cluster.told()}") from None

    async def right(self) -> None:
        """Hold every result against the postings, the prizes and the ranks; then recount everything."""
        await self.done()
        await self.cluster.healed()
        postings, periods = await self.said("rewards.earned"), await self.said("periods.closed")
        assert results.twice(periods) == []
        assert results.wrong(postings, periods) == []
        found = closed(periods)
        assert await self.ended() <= found.keys()
        assert prizes(postings) == {
            (said["period"], place): (user, PRIZES[place])
            for said in found.values()
            if said["program"] == "loyalty" and said["period"].startswith("weekly:")
            for place, user, _ in said["winners"]
        }
        assert await self.ranks() == {
            (board, period, user): rank
            for (_, board, period), said in found.items()
            for rank, user, _ in said["top"]
        }
        await self.cluster.verified()

    async def expired(self, user: str) -> bool:
        """Whether points of a member have expired."""
        postings = await self.said("rewards.earned")
        return any(said["user_id"] == user and said["kind"] == "expire" for said in postings)

    async def ranks(self) -> dict[tuple[str, str, str], int]:
        """Give everyone's rank in the periods that were closed."""
        connection = await asyncpg.connect(self.cluster.settings.postgres)
        try:
            rows = await connection.fetch("SELECT board, period, user_id, rank FROM rank_history")
        finally:
            await connection.close()
        return {(board, period, user): rank for board, period, user, rank in rows}


def prizes(postings: list[Said]) -> dict[tuple[str, int], tuple[str, int]]:
    """Give who got which prize, by period and place; a place that was paid twice is an error."""
    found: dict[tuple[str, int], tuple[str, int]] = {}
    for said in postings:
        if said["action"] == "WEEKLY_WINNER":
            key = (said["reference"]["period"], said["reference"]["place"])
            assert key not in found, f"{key} is paid twice"
            found[key] = (said["user_id"], said["points"])
    return found


@pytest.fixture
async def ours(servers: Servers) -> AsyncIterator[Servers]:
    """Give the servers, and have all of them run again in the end."""
    yield servers
    for name in ("redis", "postgres"):
        await asyncio.to_thread(servers[name].start)


@pytest.fixture
async def book(cluster: Cluster) -> AsyncIterator[Book]:
    """A cluster with a worker of each kind but the jobs, and five days behind it."""
    book = Book(cluster)
    await cluster.start_all()
    await book.fill()
    await cluster.healed()
    return book


async def test_a_worker_is_killed_at_each_stop_point(book: Book) -> None:
    """Wherever the jobs die, each period is closed once, each prize paid once, each rank kept."""
    jobs = await book.cluster.start("jobs", faults=STOP_POINTS)
    await jobs.ended(len(STOP_POINTS))
    await book.right()
    assert jobs.ends == [-SIGKILL] * len(STOP_POINTS)


async def test_two_workers_at_once(book: Book) -> None:
    """Two workers say everything twice: the first that is decided counts, the other is declined."""
    first, second = [await book.cluster.start("jobs", name) for name in ("1", "2")]
    await book.right()
    declined = await book.said("actions.declined")
    reasons = Counter(said["reason"] for said in declined if said["action"].startswith("PERIOD"))
    assert reasons.keys() <= {"once_only", "duplicate"}
    assert (first.ends, second.ends) == ([], [])


@pytest.mark.parametrize("kind", KINDS)
async def test_one_part_is_behind(book: Book, kind: str) -> None:
    """While a part lacks what was said before, nothing is closed; then the result has all of it."""
    cluster = book.cluster
    patient = cluster.settings
    cluster.settings = patient.model_copy(update={"jobs_grace": 100 * 86_400.0})
    opens = await cluster.start("jobs")
    await book.opened()
    await opens.stop()
    cluster.settings = patient
    [behind] = [worker for worker in cluster.workers if worker.kind == kind]
    await behind.kill()
    for user in MEMBERS[:3]:
        await book.say(user, "PURCHASE", day(1), order_value=9_900)
    jobs = await cluster.start("jobs")
    who = {"scoring": "scoring", "boards": "the boards", "ledger": "the ledger"}[kind]
    await says(jobs, f"waits for {who}")
    await cluster.start(kind)
    await book.right()
    result = closed(await book.said("periods.closed"))["loyalty", "global", f"daily:{date(1)}"]
    assert result["top"][0][2] >= 99, "what came while the part was away counts"


async def test_a_clock_that_is_ahead(book: Book) -> None:
    """A host that is a day ahead closes nothing early, and what has ended as if it were right."""
    jobs = await book.cluster.start("jobs", faults=["ahead:86400"])
    await book.right()
    said, now = await book.said("periods.closed"), time.time() * 1000
    ends = [moments.read(each["ends_at"]) for each in closed(said).values()]
    assert max(ends) < now
    assert max(moments.read(each["starts_at"]) for each in said if each["starts_at"]) < now
    status = await jobs.status()
    assert status is not None
    assert "this host's clock is +864" in status["details"]["the broker's time"]


async def test_stores_go_away(book: Book, ours: Servers) -> None:
    """Without Redis points expire all the same; without PostgreSQL the jobs wait; neither ends them."""
    jobs = await book.cluster.start("jobs")
    await book.right()
    await asyncio.to_thread(ours["redis"].kill)
    await jobs.complains("periods", "Error")
    soon = int(time.time() * 1000) + 3_000
    lots = {"points": [[30, moments.write(soon)]]}
    await book.say("eva", "OPENING", soon - 4_000, balances={"points": 30}, lots=lots)
    await eventually(lambda: book.expired("eva"), seconds=PATIENCE, every=0.2)
    await asyncio.to_thread(ours["postgres"].kill)
    await jobs.complains("settling")
    for name in ("redis", "postgres"):
        await asyncio.to_thread(ours[name].start)
    await jobs.ready()
    await book.right()
    assert jobs.ends == []


async def test_what_comes_late_is_restated(book: Book) -> None:
    """A late action moves the live board, never the result; a week later one record tells of it."""
    cluster = book.cluster
    jobs = await cluster.start("jobs")
    await book.done()
    await jobs.stop()
    late = MEMBERS[7]
    await book.say(late, "PURCHASE", day(1), order_value=5_000)
    await cluster.healed()
    before = await book.said("periods.closed")
    at = day(0) + 7 * moments.DAY + moments.HOUR
    done = await jobs_worker.once(cluster.settings, at)
    assert done["restatements"]["PERIOD_RESTATE"] >= 1
    records = await book.said("periods.closed")
    assert closed(records) == closed(before)
    [restated] = [
        said
        for said in records
        if said["kind"] == "restated"
        and said["board"] == "global"
        and said["period"] == f"daily:{date(1)}"
    ]
    [(user, old, new)] = restated["changes"]
    assert (user, restated["changed"], new > old) == (late, 1, True)
    assert (
        sum(said["kind"] == "restated" for said in records)
        == done["restatements"]["PERIOD_RESTATE"]
    )
    again = await jobs_worker.once(cluster.settings, at)
    assert not again["restatements"], "once for ever"


async def says(worker: Worker, what: str) -> None:
    """Wait until a worker's status page says something of its jobs."""

    async def ask() -> bool:
        status = await worker.status()
        return status is not None and any(
            what in line for line in status["details"].get("jobs", ())
        )

    await worker.becomes(f"saying {what!r}", ask)


def closed(periods: list[Said]) -> dict[Board, Said]:
    """Give the results among records of `periods.closed`."""
    return {results.name_of(said): said for said in periods if said["kind"] == "closed"}
