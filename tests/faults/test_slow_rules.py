"""A version of the rules that takes long to be published decides from when it was written all the same."""

import asyncio
import json
from typing import Any

import aiokafka

from cli.versions import EMBEDDED_LEAD_MS, version_of
from deploy.demo import wall_clock
from deploy.stack import Stack
from schemas import moments
from schemas.programs import encode_published
from tests.faults.cluster import Cluster
from tests.support.kafka import Sent, consume, produce
from tests.support.waiting import eventually


def paying(points: int, effective_from: str) -> dict[str, Any]:
    """A version of a program that gives so many points for a visit."""
    return {
        "program": "slow",
        "effective_from": effective_from,
        "currencies": {"points": {}},
        "actions": {"VISIT": {"origin": "outside", "rules": {"visit": {"points": points}}}},
    }


async def test_an_action_waits_for_an_open_publication(cluster: Cluster, stack: Stack) -> None:
    """It came after the version's lead: that version decides it, as it will in every replay."""
    await cluster.publish(paying(1, "2025-01-01"))
    worker = await cluster.start("scoring")
    await worker.ready()
    await cluster.rules_count()
    topic = cluster.settings.topic
    version = version_of(paying(2, "2025-02-01"), EMBEDDED_LEAD_MS)
    said = {"id": "visit", "program": "slow", "user_id": "anna", "type": "VISIT", "data": {}}
    said["occurred_at"] = moments.write(wall_clock())
    async with aiokafka.AIOKafkaProducer(
        bootstrap_servers=stack.kafka, transactional_id=cluster.settings.group("slow")
    ) as publisher:
        await publisher.begin_transaction()
        await publisher.send_and_wait(
            topic("rules"), encode_published(version), version.version.encode()
        )
        await asyncio.sleep(EMBEDDED_LEAD_MS / 1000 + 0.5)
        await produce(stack, topic("actions"), [Sent(b"anna", json.dumps(said).encode())])
        await worker.complains("stale rules")
        assert await consume(stack, topic("rewards.earned")) == []
        await publisher.commit_transaction()

    async def posted() -> list[int]:
        records = await consume(stack, topic("rewards.earned"))
        return [json.loads(record.value or b"{}")["points"] for record in records]

    assert await eventually(posted) == [2]
    assert worker.ends == []
