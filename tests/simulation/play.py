"""One seeded run: the demo's workload through the world, beside the book."""

import copy
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from audit.partitions import partition_of
from audit.verify import TOPICS, book_of, compare_topics
from deploy.workload import Mix, workload
from schemas.program_files import read_program_file
from tests.simulation.world import PARTITIONS, World

PROGRAM = Path(__file__).parents[2] / "programs" / "loyalty" / "2025-01-01.yaml"
DAY_MS = 86_400_000
LEAD_MS = 2_000


def play(seed: int, actions: int) -> World:
    """Run a workload of so many records through a world that dies at times."""
    rng = random.Random(seed)
    start = datetime(2025, 11, 20, tzinfo=UTC) + timedelta(hours=rng.randrange(24 * 30))
    world = World(seed, int(start.timestamp() * 1000))
    first = _first_version(rng)
    world.publish(first, LEAD_MS)
    pace = rng.choice((3, 15, 40)) * DAY_MS / actions
    mix = Mix(deriving=0.2, broken=0.03, late=0.03)
    messages = workload(seed, lambda: world.now, members=rng.choice((40, 400)), mix=mix)
    for at, message in enumerate(islice(messages, actions)):
        world.now += int(rng.expovariate(1 / pace))
        if at == actions // 2:
            world.publish(_second_version(first, world.now), LEAD_MS)
        world.offer(message)
        if rng.random() < 0.002:
            _job(world, rng)
        if rng.random() < 0.1:
            world.take_turn(rng.randrange(PARTITIONS))
    world.drain()
    return world


def differences(world: World) -> Iterator[str]:
    """What the book says otherwise than the world's topics."""
    topics = {topic: world.logs.of(topic) for topic in TOPICS}
    yield from compare_topics(book_of(topics, PARTITIONS), topics)


def _first_version(rng: random.Random) -> dict[str, Any]:
    document: dict[str, Any] = read_program_file(PROGRAM).content
    document["timezone"] = rng.choice(("UTC", "America/New_York", "Asia/Kolkata"))
    document["accept_late"] = rng.choice(("7 days", "3 days", "unlimited"))
    return document


def _second_version(first: dict[str, Any], now: int) -> dict[str, Any]:
    """A version in force a day later that changes a bit of everything."""
    document = copy.deepcopy(first)
    day = datetime.fromtimestamp(now / 1000, UTC).date()
    document["effective_from"] = (day + timedelta(days=1)).isoformat()
    document["stacking"] = "best"
    until = (day + timedelta(days=9)).isoformat()
    document["promotions"] += [
        {
            "name": "shares",
            "factor": 1.5,
            "actions": ["SOCIAL_SHARE"],
            "from": day.isoformat(),
            "until": until,
        },
        {"name": "everybody", "factor": 1.1, "from": day.isoformat(), "until": until},
    ]
    for step, at in zip(
        document["ladders"]["tier"]["steps"], (0, 300, 900, 2_000, 6_000), strict=True
    ):
        step["at"] = at
    actions = document["actions"]
    actions["PURCHASE"]["rules"]["purchase"] |= {"max_points": 400, "minimum": {"order_value": 5}}
    actions["PURCHASE"]["limits"] = {"points": {"week": 3_000}}
    actions["PURCHASE"]["rules"]["big_order"] = {
        "points": "order_value * 0.001 - 0.5",
        "multiply": [{"tier": {"GOLD": 1.25, "DIAMOND": 4, "others": 1}}],
        "minimum": {"order_value": 1_000},
        "until": f"{until}T12:30:00Z",
        "scores": "none",
    }
    actions["REVIEW"]["limits"]["times"] = {"day": 3, "month": 40}
    actions["SOCIAL_SHARE"]["limits"]["cooldown"] = "90 minutes"
    actions["BIRTHDAY_BONUS"]["rules"]["birthday_bonus"]["active"] = False
    document["badges"]["SHARER"] = {"measure": "count(SOCIAL_SHARE)", "at": 3}
    return document


def _job(world: World, rng: random.Random) -> None:
    """A prize of last week, of this one (too early), or said a second time; or a copy gone astray."""
    day = datetime.fromtimestamp(world.now / 1000, UTC) - timedelta(days=rng.choice((0, 7, 7, 7)))
    year, week, _ = day.isocalendar()
    place = rng.randrange(1, 4)
    user_id = f"u-{rng.randrange(5):06d}"
    body = {
        "id": f"winner-{year}-{week}-{place}",
        "program": "loyalty",
        "user_id": user_id,
        "type": "WEEKLY_WINNER",
        "occurred_at": world.now,
        "data": {"place": place, "period": f"weekly:{year}-W{week:02d}"},
    }
    value = json.dumps(body).encode()
    if rng.random() < 0.2:
        stray = next(n for n in range(100) if _partition(f"m{n}") != _partition(user_id))
        world.say(f"m{stray}", value, [("laurel-rekeyed", str(world.now).encode())])
    else:
        world.say(user_id, value, [])


def _partition(subject: str) -> int:
    return partition_of(subject, PARTITIONS)
