"""Records that no worker can do anything with, among good ones: refused, and nobody else waits."""

import itertools
import json
from signal import SIGKILL
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.broken import BROKEN
from deploy.demo import wall_clock
from deploy.stack import Stack
from processors.stream.last_words import EXIT_CODE
from processors.stream.ownership import ATTEMPTS_BEFORE_CARE, ATTEMPTS_BEFORE_VERDICT
from schemas import moments
from schemas.wire import REKEYED
from tests.faults.cluster import Cluster
from tests.support.kafka import Sent, consume, produce

DELAY_SECONDS = 5.0
"""Longest time from an action's append to its result while workers live, on a busy machine."""

CALM = 200
"""Actions a second that any machine bears: who waits then does not wait for the machine."""

Said = dict[str, Any]


def purchase(action_id: str, user_id: str = "u-000007", **data: object) -> Said:
    """A good action, happening now."""
    return {
        "id": action_id,
        "program": "loyalty",
        "user_id": user_id,
        "type": "PURCHASE",
        "occurred_at": moments.write(wall_clock()),
        "data": {"order_value": 250} | data,
    }


def sent(said: Said) -> Sent:
    """An action as a record."""
    return Sent(said["user_id"].encode(), json.dumps(said).encode())


class Results:
    """What scoring said, by action id and by place."""

    def __init__(self, cluster: Cluster, stack: Stack) -> None:
        self._cluster = cluster
        self._stack = stack

    async def of(self, topic: str) -> list[Said]:
        """The records of a result topic."""
        records = await consume(self._stack, self._cluster.settings.topic(topic))
        return [json.loads(record.value) for record in records]

    async def rejections(self) -> dict[tuple[str, int, int], Said]:
        """Every rejection by the place of its record, the topic without prefix."""
        prefix = self._cluster.settings.topic_prefix
        return {
            (said["topic"].removeprefix(prefix), said["partition"], said["offset"]): said
            for said in await self.of("actions.rejected")
        }

    async def slowest(self) -> float:
        """The longest time in seconds from an action's append to its posting."""
        topic = self._cluster.settings.topic
        appended = {
            _action_id(record.value): record.timestamp
            for record in reversed(await consume(self._stack, topic("actions")))
        }
        posted = await consume(self._stack, topic("rewards.earned"))
        waits: list[int] = [
            record.timestamp - appended[said["action_id"]]
            for record in posted
            if (said := json.loads(record.value))["action_id"] in appended
        ]
        return max(waits) / 1000


def _action_id(value: bytes | None) -> str:
    try:
        return str(json.loads(value or b"{}")["id"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


@pytest.fixture
def results(cluster: Cluster, stack: Stack) -> Results:
    return Results(cluster, stack)


# What wire.md's list cannot make of a good action's value: the record around it is odd.
ODD = [
    ("too_large", Sent(b"u-1", b"\0" * 950_000)),
    ("too_large", Sent(b"u-1", b"\xff" * 950_000)),
    ("too_large", Sent(b"\xff" * 200_000, b"x" * 800_000)),
    ("unreadable", Sent(None, b"", [("odd", b"\xff" * 900_000)])),
    ("unreadable", Sent(b"", None, [("odd", b"\0" * 900_000), ("", b"")])),
    ("bad_fact", Sent(b"u-1", b"{}", [("ce_id", b"ce-1"), ("ce_type", b"com.shop.PURCHASE")])),
]


async def test_broken_records(cluster: Cluster, stack: Stack, results: Results) -> None:
    """Every kind of broken record is rejected for its own reason, and good ones do not wait for it."""
    workers = await cluster.start_all()
    ids = itertools.count(1)
    broken = [
        (reason, Sent(b"u-000007", make(purchase(f"broken-{next(ids)}"))))
        for reason, make in BROKEN
    ]
    actions = cluster.settings.topic("actions")
    async with cluster.load(CALM):
        await cluster.flow(200)
        places = await produce(stack, actions, [record for _, record in [*broken, *ODD]])
        await cluster.flow(600)
    await cluster.verified()
    rejections = await results.rejections()
    found = [rejections["actions", *place]["reason"] for place in places]
    assert found == [reason for reason, _ in [*broken, *ODD]]
    assert [worker.ends for worker in workers] == [[]] * 3
    assert await results.slowest() < DELAY_SECONDS


async def test_a_misrouted_loop(cluster: Cluster, stack: Stack, results: Results) -> None:
    """A re-keyed record that is on a wrong partition again is rejected: it goes round no further."""
    await cluster.start_all()
    internal = cluster.settings.topic("actions.internal")
    async with cluster.load():
        await cluster.flow(500)
        lost = sent(purchase("lost", "u-000007"))
        mark = (REKEYED, b"%d" % wall_clock())
        marked = [Sent(lost.key, lost.value, [mark], partition=number) for number in range(8)]
        places = await produce(stack, internal, marked)
        await cluster.flow(500)
    await cluster.healed()
    # Only Laurel may write there, and it never did: the recount says so, and nothing else.
    (difference,) = await cluster.differences()
    assert difference.startswith(
        "actions.internal: a re-keyed record was never on a wrong partition: "
    )
    rejections = await results.rejections()
    reasons = [
        rejections[place]["reason"]
        for place in (("actions.internal", *place) for place in places)
        if place in rejections
    ]
    # One of the eight partitions is the right one, and there it is scored.
    assert reasons == ["misrouted_loop"] * 7
    assert [said["action_id"] for said in await results.of("rewards.earned")].count("lost") == 1


async def test_the_engine_raises(cluster: Cluster, stack: Stack, results: Results) -> None:
    """An action that makes the engine raise is quarantined at once; its member's other actions are not."""
    worker = await cluster.start("scoring", faults=itertools.repeat("raise:poison"))
    for kind in ("boards", "ledger"):
        await cluster.start(kind)
    await cluster.ready()
    three = [sent(purchase(name, "u-quiet")) for name in ("before", "poison", "after")]
    async with cluster.load(CALM):
        await cluster.flow(200)
        _, poison, _ = await produce(stack, cluster.settings.topic("actions"), three)
        await cluster.flow(400)
    await cluster.verified()
    rejection = (await results.rejections())["actions", *poison]
    assert rejection["reason"] == "engine_failure"
    assert rejection["message"] == "InjectedError: as the test asked"
    mine = [said for said in await results.of("rewards.earned") if said["user_id"] == "u-quiet"]
    assert [(said["action_id"], said["sequence"]) for said in mine] == [("before", 1), ("after", 2)]
    assert worker.ends == []
    assert await results.slowest() < DELAY_SECONDS


async def test_the_engine_dies(cluster: Cluster, stack: Stack, results: Results) -> None:
    """An action that kills every worker that decides it is found and refused, alone of all."""
    worker = await cluster.start("scoring", faults=itertools.repeat("die:poison"))
    for kind in ("boards", "ledger"):
        await cluster.start(kind)
    await cluster.ready()
    async with cluster.load(rate=300):
        await cluster.flow(300)
        (poison,) = await produce(
            stack, cluster.settings.topic("actions"), [sent(purchase("poison"))]
        )
        await worker.ended(ATTEMPTS_BEFORE_VERDICT)
        await cluster.flow(300)
    await cluster.verified()
    failures = [
        place
        for place, said in (await results.rejections()).items()
        if said["reason"] == "engine_failure"
    ]
    assert failures == [("actions", *poison)]
    assert set(worker.ends) == {-SIGKILL}


async def test_a_refused_batch(
    cluster: Cluster, stack: Stack, results: Results, connection: dict[str, Any]
) -> None:
    """A result too large for its topic commits nothing of its turn; then it is found and refused."""
    await limit(connection, cluster.settings.topic("rewards.earned"), max_bytes=6_500)
    worker, *_ = await cluster.start_all()
    # JSON writes each of these characters in six bytes.
    large = sent(purchase("large", "u-quiet", order_id="\x01" * 1_024))
    # Few others at a time, and none while it is down: many postings are too large as well.
    async with cluster.load(rate=5):
        await cluster.flow(20)
    (place,) = await produce(stack, cluster.settings.topic("actions"), [large])
    # The first death is in the middle of work; then so many starts come to nothing.
    await worker.ended(1 + ATTEMPTS_BEFORE_CARE)
    await worker.ready()
    async with cluster.load(rate=5):
        await cluster.flow(20)
    await cluster.verified()
    rejections = await results.rejections()
    assert rejections["actions", *place]["reason"] == "engine_failure"
    assert rejections["actions", *place]["message"].startswith("MessageSizeTooLargeError")
    assert "large" not in [said["action_id"] for said in await results.of("rewards.earned")]
    assert worker.ends == [EXIT_CODE] * (1 + ATTEMPTS_BEFORE_CARE)


async def limit(connection: dict[str, Any], topic: str, max_bytes: int) -> None:
    """Let a topic take no larger batches."""
    admin = AIOKafkaAdminClient(**connection)
    await admin.start()
    config = {"max.message.bytes": str(max_bytes)}
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=config)])
    await admin.close()
