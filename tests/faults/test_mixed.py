"""Scoring dies under the load of all programs: what one subject tells another comes exactly once."""

import asyncio
import json
import random
from collections import Counter
from signal import SIGKILL

from deploy.stack import Stack
from tests.faults.cluster import PATIENCE, Cluster
from tests.faults.mixed import MixedLoad, versions
from tests.support.kafka import consume

KILLS = 5
RATE = 100
"""Actions a second: less than any machine bears, as every one of them is recounted."""

ENOUGH = 4_000
"""So many actions have every kind of derived action among what follows."""

WAITLIST = {"CODE_REGISTER", "CODE_LOOKUP", "REFERRAL_CONFIRMED", "REWARD_CLAIM", "REWARD_GRANT"}
DERIVED = {
    "loyalty": {"CODE_REGISTER", "CODE_LOOKUP", "REFERRAL", "WEEKLY_WINNER"},
    "trading": {"COPIED_BY_OTHERS", "REFERRAL_SIGNUP", "REFERRAL_TRADE"},
    "waitlist-alpha": WAITLIST,
    "waitlist-beta": WAITLIST,
    "forum": {"TRANSFER_IN", "TIP_IN", "RETURN", "PAYMENT_STATUS", "DGT_CREDIT", "DGT_REFUND"},
    "contribution": {"SUSPEND"},
}
"""What actions derive for codes, pools, payments and other members, by program."""


async def test_what_follows_for_others_comes_once(cluster: Cluster, stack: Stack) -> None:
    """Scoring is killed five times at work: codes, pools, transfers, payments lose and double nothing.

    Members live in two versions of every program meanwhile, and what is forged is refused.
    """
    documents = versions()
    await cluster.publish(*documents)
    load, rng = MixedLoad(20251207, documents), random.Random(20251207)
    scoring, *_ = await cluster.start_all()
    async with cluster.load_of(load.records(), RATE):
        for _ in range(KILLS):
            await scoring.works(100)
            await asyncio.sleep(rng.uniform(0, 1))
            await scoring.killed()
        await cluster.flow(max(ENOUGH - cluster.sent.acknowledged, 500))
    await cluster.verified(within=PATIENCE)
    assert scoring.ends == [-SIGKILL] * KILLS
    await every_kind_followed(cluster, stack)
    await forgeries_were_refused(cluster, stack, load)


async def every_kind_followed(cluster: Cluster, stack: Stack) -> None:
    """Assert that every kind of derived action was among what the verdict is about."""
    derived: dict[str, set[str]] = {program: set() for program in DERIVED}
    for record in await consume(stack, cluster.settings.topic("actions.internal")):
        said = json.loads(record.value)
        if "#" in said["id"]:
            derived[said["program"]].add(said["type"])
    assert derived == DERIVED


async def forgeries_were_refused(cluster: Cluster, stack: Stack, load: MixedLoad) -> None:
    """Assert that each record that only Laurel may send was refused for that, once."""
    rejected = await consume(stack, cluster.settings.topic("actions.rejected"))
    reasons = Counter(
        said["reason"]
        for said in (json.loads(record.value) for record in rejected)
        if (said["action_id"] or "").startswith("forged-")
    )
    assert load.forged > 0
    assert reasons == {"not_allowed": load.forged}
