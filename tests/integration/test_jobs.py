"""A club of three: every job once, on the real stack, and what comes of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from cli.addresses import Place
from cli.versions import EMBEDDED_LEAD_MS, publish, version_of
from deploy.stack import Stack
from processors.jobs.worker import once
from processors.settings import Settings
from schemas import moments
from sinks.board_reads import top
from tests.faults.cluster import Cluster
from tests.support.days import date, day
from tests.support.kafka import Sent, produce

CLUB: dict[str, Any] = {
    "program": "club",
    "effective_from": "2024-01-01",
    "ends": f"{date(0)}T00:00:00.001Z",  # Just so late that today began before.
    "expiry_notice": "7 days",
    "close": {"board": "global", "most": 3},
    "currencies": {"points": {}},
    "ladders": {
        "tier": {
            "qualification": "12 hours",
            "steps": [{"name": "GUEST", "at": 0}, {"name": "FRIEND", "at": 50}],
        }
    },
    "boards": {
        "global": {"periods": ["all_time", "daily"]},
        "days": {"periods": ["daily"], "opening": "carry"},
    },
    "badges": {"BEST": {"rank": {"board": "global", "top": 1}}},
    "rewards": {"SEAT": {"type": "ACCESS", "top": 2}},
    "actions": {
        "VISIT": {
            "origin": "outside",
            "facts": {"hours": {"type": "integer", "required": True}},
            "rules": {"visit": {"points": "hours * 10", "expires": "36 hours"}},
        },
        "EXPIRY_NOTICE": {"notify": {"title": "Soon gone", "message": "{points} are"}},
        "GRANT": {"origin": "engine", "effect": "grant_reward"},
        "EXPIRATION": {"origin": "job", "effect": "settle"},
        "TIER_REVIEW": {"origin": "job", "effect": "tier_review"},
    },
}
FAIR: dict[str, Any] = {
    "program": "fair",
    "effective_from": f"{date(1)}T06:00:00Z",  # In the middle of its first day.
    "currencies": {"points": {}},
    "boards": {
        "global": {"periods": ["daily"], "winners": {"daily": {"places": 1, "action": "PRIZE"}}}
    },
    "actions": {
        "VISIT": {"origin": "outside", "rules": {"visit": {"points": 10}}},
        "PRIZE": {
            "origin": ["job", "engine"],
            "facts": {
                "place": {"type": "integer", "required": True},
                "period": {"type": "period", "required": True},
            },
            "rules": {"prize": {"points": 500}},
        },
    },
}
NOON = moments.DAY // 2
VISITS = [("ann", 2, 6), ("bob", 1, 3), ("cid", 1, 1)]
"""(member, days ago at noon, hours)."""


@pytest.fixture
async def club(
    stack: Stack, topics: str, redis_url: str, database: str, tmp_path: Path
) -> AsyncIterator[Cluster]:
    """Give a cluster where the three have come, and no jobs run."""
    settings = Settings(
        kafka=stack.kafka,
        redis=redis_url,
        postgres=database,
        topic_prefix=topics,
        jobs_grace=0,
    )
    cluster = Cluster(stack, settings, tmp_path)
    await publish(Place(settings, tmp_path), version_of(CLUB, EMBEDDED_LEAD_MS))
    await cluster.start_all()
    await asyncio.sleep(EMBEDDED_LEAD_MS / 1000)
    await visit(cluster, VISITS)
    yield cluster
    await cluster.stop()


async def visit(
    cluster: Cluster, visits: list[tuple[str, int, int]], program: str = "club"
) -> None:
    """Let members come."""
    said = [
        {
            "id": f"{user}-1",
            "program": program,
            "user_id": user,
            "type": "VISIT",
            "occurred_at": moments.write(day(ago) + NOON),
            "data": {"hours": hours},
        }
        for user, ago, hours in visits
    ]
    records = [Sent(each["user_id"].encode(), json.dumps(each).encode()) for each in said]
    await produce(cluster.stack, cluster.settings.topic("actions"), records)


async def rows(cluster: Cluster, statement: str) -> list[tuple[Any, ...]]:
    """Ask the ledger."""
    connection = await asyncpg.connect(cluster.settings.postgres)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


async def days(cluster: Cluster, ago: int) -> list[tuple[str, Any]]:
    """Give who stands on the board of a day, with their scores, the best first."""
    async with Redis.from_url(cluster.settings.redis) as redis:
        found = await top(redis, "club", ("days", f"daily:{date(ago)}"), 10)
    return [(entry[1], entry[2]) for entry in found]


async def test_every_job_once(club: Cluster) -> None:
    """All that is due is done in one go; what is done is not done again."""
    first = await once(club.settings, None)
    second = await once(club.settings, None)

    assert first["settling"] == {"EXPIRATION": 1}
    assert await rows(club, "SELECT user_id, points FROM ledger WHERE kind = 'expire'") == [
        ("ann", -60)
    ]
    assert first["expiry notices"] == {"EXPIRY_NOTICE": 2}
    notices = (
        "SELECT user_id, reference->>'expires_at' FROM accepted WHERE action = 'EXPIRY_NOTICE'"
    )
    tomorrow = str(day(-1))
    assert sorted(await rows(club, notices)) == [("bob", tomorrow), ("cid", tomorrow)]

    periods = "SELECT board, period, status FROM leaderboard_periods"
    assert set(await rows(club, periods)) == {
        ("global", "all_time", "CLOSED"),
        ("global", f"daily:{date(2)}", "CLOSED"),
        ("global", f"daily:{date(1)}", "CLOSED"),
        ("global", f"daily:{date(0)}", "OPEN"),
        ("days", f"daily:{date(2)}", "CLOSED"),
        ("days", f"daily:{date(1)}", "CLOSED"),
        ("days", f"daily:{date(0)}", "OPEN"),
    }
    seats = "SELECT user_id FROM achievements WHERE achievement = 'SEAT' AND state = 'EARNED'"
    assert sorted(await rows(club, seats)) == [("ann",), ("bob",)]
    best = "SELECT user_id, state FROM achievements WHERE achievement = 'BEST'"
    assert await rows(club, best) == [("ann", "EARNED")]

    assert await days(club, 0) == [("ann", 0), ("bob", 0), ("cid", 0)]

    steps = "SELECT direction FROM tier_changes ORDER BY occurred_at"
    assert [first["tier reviews"], second["tier reviews"]] == [{"TIER_REVIEW": 1}] * 2
    assert await rows(club, steps) == [("up",), ("down",)]

    del second["tier reviews"]
    assert not any(second.values()), second
    assert await club.differences() == []


async def test_missed_periods_are_carried_over(club: Cluster) -> None:
    """Who came before two days on which nobody did stands on every day since, and none is closed without."""
    await visit(club, [("dan", 5, 2)])
    done = await once(club.settings, None)
    assert done["carrying members on"] == {"boards carried on": 6}
    assert [await days(club, ago) for ago in range(6)] == [
        [("ann", 0), ("bob", 0), ("cid", 0), ("dan", 0)],
        [("bob", 30), ("cid", 10), ("ann", 0), ("dan", 0)],
        [("ann", 60), ("dan", 0)],
        [("dan", 0)],
        [("dan", 0)],
        [("dan", 20)],
    ]
    await once(club.settings, None)
    counts = """
        SELECT participants FROM leaderboard_periods WHERE board = 'days' ORDER BY period DESC
    """
    assert [count for (count,) in await rows(club, counts)] == [None, 4, 2, 1, 1, 1]
    assert await club.differences() == []


async def test_a_board_that_was_dropped_is_closed_all_the_same(club: Cluster) -> None:
    """Its last day began with its row, and has its result and its winner by it."""
    await club.publish(FAIR)
    await club.rules_count()
    await visit(club, [("eva", 1, 3)], "fair")
    patient = club.settings.model_copy(update={"jobs_grace": 2 * moments.DAY / 1000})
    opened = await once(patient, None)
    assert opened["opening periods"]["PERIOD_OPEN"] >= 1
    visits = {"VISIT": FAIR["actions"]["VISIT"]}
    later = {"effective_from": f"{date(1)}T18:00:00Z", "boards": {}, "actions": visits}
    await club.publish(FAIR | later)
    await club.rules_count()
    await once(club.settings, None)
    periods = (
        "SELECT period, status FROM leaderboard_periods WHERE program = 'fair' ORDER BY period"
    )
    yesterday, today = f"daily:{date(1)}", f"daily:{date(0)}"
    assert await rows(club, periods) == [(yesterday, "CLOSED"), (today, "OPEN")]
    assert await rows(
        club, "SELECT user_id, score FROM leaderboard_snapshots WHERE program = 'fair'"
    ) == [("eva", 10)]
    prizes = "SELECT user_id, points, rule FROM ledger WHERE action = 'PRIZE'"
    rule = f"fair@{FAIR['effective_from']}/prize"
    assert await rows(club, prizes) == [("eva", 500, rule)]
    assert await club.differences() == []
