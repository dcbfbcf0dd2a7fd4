"""The close of a large campaign: the result, every prize and the offsets in one transaction."""

import json
from typing import Any

import pytest

from deploy.stack import Stack
from tests.faults.cluster import Cluster
from tests.support.engine import ROOT, Document, changed, document
from tests.support.kafka import Sent, consume, produce

WINNERS = 1_000
ENDED = "2025-12-01T00:00:00Z"
SUBJECT = "period:global:all_time"


def campaign() -> Document:
    """Return a campaign that is over and rewards a thousand winners twice."""
    beta = document(ROOT / "programs" / "waitlist-beta" / "2025-01-01.yaml")
    return changed(
        beta,
        {
            "program": "waitlist-large",
            "ends": ENDED,
            "close": {"most": WINNERS},
            "rewards": {"FOUNDER": {"top": WINNERS}, "PIONEER": {"top": WINNERS}},
        },
    )


def closing() -> Sent:
    """Return what the job says at the end; member ids are as long as they may be."""
    winners = [[f"{place:0128d}", 2 * WINNERS - place] for place in range(WINNERS)]
    data = {
        "board": "global",
        "period": "all_time",
        "participants": 40_000,
        "points": 4_000_000,
        "average": "100.000",
        "median": "12.500",
        "winners": winners,
        "top": winners[:100],
        "positions": {"rewards.earned:0": 1},
    }
    action = {"id": "close@1", "program": "waitlist-large", "user_id": SUBJECT}
    action |= {"type": "PERIOD_CLOSE", "occurred_at": ENDED}
    return Sent(SUBJECT.encode(), json.dumps({**action, "data": data}).encode())


@pytest.mark.parametrize("fault", ["kill:commit:before:1", "kill:commit:after:1"])
async def test_a_thousand_winners_get_theirs_once(
    cluster: Cluster, stack: Stack, fault: str
) -> None:
    """A worker that dies on it before its commit leaves nothing, one that dies after it all."""
    await cluster.publish_programs(campaign())
    close = closing()
    assert len(close.value or b"") > 65_536
    topic = cluster.settings.topic
    async with cluster.load(rate=0):  # From when the program is in force.
        await produce(stack, topic("actions.internal"), [close])
    worker = await cluster.start("scoring", faults=[fault])
    await worker.ended(1)
    for kind in ("boards", "ledger"):
        await cluster.start(kind)
    await cluster.verified()

    async def said(name: str) -> list[dict[str, Any]]:
        records = await consume(stack, topic(name))
        return [json.loads(record.value) for record in records]

    (record,) = await said("periods.closed")
    assert (record["id"], record["kind"]) == ("close@1#closed", "closed")
    assert [place for place, _, _ in record["winners"]] == list(range(1, WINNERS + 1))
    given = [(each["achievement"], each["user_id"]) for each in await said("achievements.unlocked")]
    members = [member for _, member, _ in record["winners"]]
    assert sorted(given) == sorted(
        (name, who) for name in ("FOUNDER", "PIONEER") for who in members
    )
    told = {each["user_id"] for each in await said("notifications.send")}
    assert told == set(members)
    assert worker.ends == [-9]
