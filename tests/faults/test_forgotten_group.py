"""A consumer group that was away for so long that Kafka forgot where it stood."""

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import DeleteGroupsRequest

from processors.jobs.ends import ends_of
from processors.jobs.gate import behind
from tests.faults.cluster import Cluster
from tests.support.waiting import eventually


async def test_a_group_that_was_forgotten_is_told_where_it_stands(cluster: Cluster) -> None:
    """Kafka keeps the offsets of a group nobody is in for a week; jobs go by them, also with no more actions."""
    settings = cluster.settings
    group = settings.group("scoring")
    topics = [settings.topic("actions"), settings.topic("actions.internal")]
    scoring = await cluster.start("scoring")
    await cluster.ready()
    async with cluster.load():
        await cluster.flow(1_000)
    await cluster.healed()
    admin = AIOKafkaAdminClient(**settings.kafka_connection)
    await admin.start()

    async def forgotten() -> bool:
        coordinator = await admin.find_coordinator(group)
        answer = await admin._send_request(DeleteGroupsRequest([group]), coordinator)
        return [code for _, code in answer.results] == [0]

    async def has_passed() -> bool:
        committed = await admin.list_consumer_group_offsets(group)
        positions = {(*tp,): said.offset for tp, said in committed.items()}
        ends = await ends_of(settings.kafka_connection, topics)
        return not behind(positions, {(*tp,): end for tp, end in ends.items()})

    try:
        await eventually(has_passed)
        await scoring.stop()
        await eventually(forgotten)  # As soon as the broker has missed the worker.
        assert not await has_passed()
        await cluster.start("scoring")
        await eventually(has_passed)
    finally:
        await admin.close()
