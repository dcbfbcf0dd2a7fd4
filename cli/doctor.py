"""`laurel doctor`: check all that Laurel stands on."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping

import typer
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.coordinator.protocol import ConsumerProtocol
from aiokafka.errors import GroupCoordinatorNotAvailableError

from cli import checks, kafka
from cli.addresses import FOLDER, Folder, Place, find
from cli.boards import boards
from cli.checks import Finding
from cli.commands import examples
from cli.console import console
from cli.ledger import ledger
from cli.program_files import PROGRAMS, files_in, read_checked
from cli.refusals import Refusal
from cli.topics import wanted
from cli.versions import now_ms, read_versions, version_of
from deploy import topics as broker_topics
from processors.jobs.worker import APPLICATION
from schemas.topics import diff, load
from sinks.migrate import read_migrations, version

app = typer.Typer(add_completion=False, rich_markup_mode="rich")

_SESSIONS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE application_name = $1 AND datname = current_database()
"""
_ASSIGNMENT = ConsumerProtocol.ASSIGNMENT
_SIGNS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


@app.command(epilog=examples("laurel doctor", "LAUREL_PROFILE=production laurel doctor"))
def doctor(folder: Folder = FOLDER) -> None:
    """Check addresses, versions, topics, broker settings, rules and workers; code 1 when one fails.

    Every line that is not well says what to do.
    """
    findings = asyncio.run(_examine(find(folder)))
    for finding in findings:
        sign, style = _SIGNS[finding.level]
        console.print(f"{sign} {finding.what}", style=style)
        if finding.advice:
            console.print(f"    → {finding.advice}")
    raise typer.Exit(any(finding.level == "fail" for finding in findings))


async def _examine(place: Place) -> list[Finding]:
    """Examine one thing after another; what cannot be reached is a finding too."""
    found: list[Finding] = []
    for examine in (_broker, _topics, _rules, _workers, _redis, _postgres):
        try:
            found += [finding async for finding in examine(place)]
        except Refusal as refusal:
            finding = Finding("fail", refusal.what, refusal.advice)
            found += [finding] if finding not in found else []
    return found


async def _broker(place: Place) -> AsyncIterator[Finding]:
    async with kafka.admin(place) as client:
        brokers = (await client.describe_cluster())["brokers"]
        yield Finding(
            "ok", f"Kafka answers, {len(brokers)} broker{'s' if len(brokers) > 1 else ''}"
        )
        name = str(brokers[0]["node_id"])
        config: dict[str, str] = {}
        for answer in await client.describe_configs(
            [ConfigResource(ConfigResourceType.BROKER, name)]
        ):
            for _, _, _, _, entries in answer.resources:
                config |= {entry[0]: entry[1] for entry in entries}
    replication = load().profiles[place.settings.profile].replication
    for finding in checks.broker(config, replication):
        yield finding


async def _topics(place: Place) -> AsyncIterator[Finding]:
    should = wanted(place)
    async with kafka.admin(place):
        has = await broker_topics.describe(place.settings.kafka_connection, should)
    for finding in checks.topics(diff(should, has), len(should)):
        yield finding


async def _rules(place: Place) -> AsyncIterator[Finding]:
    files = [version_of(read_checked(path), 0).version for path in files_in([PROGRAMS])]
    for finding in checks.rules(await read_versions(place), now_ms(), files):
        yield finding


async def _workers(place: Place) -> AsyncIterator[Finding]:
    earliest = {"auto_offset_reset": "earliest"}  # Where records were deleted unread.
    async with kafka.admin(place) as client, kafka.consumer(place, **earliest) as reader:
        for kind in checks.KINDS:
            group = place.settings.group(kind)
            members = await _members(client, group)
            committed = await client.list_consumer_group_offsets(group) if members else {}
            known = {tp: stands.offset for tp, stands in committed.items()}
            behind = await _behind(reader, known, set().union(*members))
            yield checks.group(kind, len(members), behind)


async def _members(client: AIOKafkaAdminClient, group: str) -> list[set[TopicPartition]]:
    """Give the partitions of each member."""
    try:
        answers = await client.describe_consumer_groups([group])
    except GroupCoordinatorNotAvailableError:  # No group ever was on this broker.
        return []
    members = [
        member for answer in answers for described in answer.groups for member in described[5]
    ]
    return [
        set(_ASSIGNMENT.decode(member[4]).partitions()) if member[4] else set()
        for member in members
    ]


async def _behind(
    reader: AIOKafkaConsumer,
    committed: Mapping[TopicPartition, int],
    owned: Collection[TopicPartition],
) -> int | None:
    """Give how many records of the partitions wait; None while they are being handed over.

    Only where offsets are few the records among them are counted; others are ends of transactions.
    """
    if not owned:
        return None
    firsts = await reader.beginning_offsets(list(owned))
    starts = {tp: max(first, committed.get(tp, 0)) for tp, first in firsts.items()}
    ends = await reader.end_offsets(list(owned))
    left = {tp: start for tp, start in starts.items() if start < ends[tp]}
    offsets = sum(ends[tp] - start for tp, start in left.items())
    return await kafka.count(reader, left) if 0 < offsets <= checks.BEHIND else offsets


async def _redis(place: Place) -> AsyncIterator[Finding]:
    async with boards(place, place.settings.redis) as redis:
        for finding in checks.redis(await redis.info()):
            yield finding


async def _postgres(place: Place) -> AsyncIterator[Finding]:
    async with ledger(place) as connection:
        said = await connection.fetchval("SHOW server_version")
        yield checks.jobs(await connection.fetchval(_SESSIONS, APPLICATION))
        for finding in checks.postgres(said, await version(connection), len(read_migrations())):
            yield finding
