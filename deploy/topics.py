"""Makes a broker's topics as topics.yaml says, and reads how they are."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from deploy.stack import StackError
from schemas.topics import Difference, TopicState, diff

_TOPIC_SOURCE = 1
"""`config_source` of a setting that was made for the topic itself."""
_CREATE_MS = 30_000
_SEEN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Applied:
    """What `apply` did, and what is left for a person."""

    created: list[str]
    altered: list[Difference]
    left: list[Difference]


async def apply(connection: Mapping[str, Any], expected: Mapping[str, TopicState]) -> Applied:
    """Create what is missing, alter what may be altered, and report the rest.

    `connection` holds aiokafka's arguments for reaching the brokers. Nothing is altered while any
    difference that no worker may start with needs a person. Raises `StackError` when the broker
    refuses a change.
    """
    async with _admin(connection) as admin:
        found = diff(expected, await _describe(admin, expected))
        left = [one for one in found if one.mend == "hand"]
        if any(one.severity == "refused" for one in left):
            return Applied([], [], found)
        missing = [one.topic for one in found if one.mend == "create"]
        altered = [one for one in found if one.mend == "alter"]
        await _create(admin, {name: expected[name] for name in missing})
        await _alter(admin, altered)
        await _until_seen(admin, expected)
        return Applied(missing, altered, left)


async def describe(connection: Mapping[str, Any], names: Iterable[str]) -> dict[str, TopicState]:
    """Give those of the named topics that the broker has."""
    async with _admin(connection) as admin:
        return await _describe(admin, names)


@asynccontextmanager
async def _admin(connection: Mapping[str, Any]) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**connection)
    try:
        await admin.start()
        yield admin
    except (KafkaError, TimeoutError) as error:
        brokers = connection["bootstrap_servers"]
        raise StackError(f"Kafka at {brokers}: {type(error).__name__}: {error}") from error
    finally:
        await admin.close()


async def _describe(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, TopicState]:
    wanted = set(names)
    found = {
        topic["topic"]: topic["partitions"]
        for topic in await admin.describe_topics()
        if topic["topic"] in wanted
    }
    settings = await _settings(admin, found)
    return {
        name: TopicState(
            len(partitions),
            min(len(partition["replicas"]) for partition in partitions),
            {setting: value for setting, (value, _) in settings[name].items()},
            frozenset(setting for setting, (_, own) in settings[name].items() if own),
        )
        for name, partitions in found.items()
    }


async def _settings(
    admin: AIOKafkaAdminClient, names: Iterable[str]
) -> dict[str, dict[str, tuple[str, bool]]]:
    """Give (value, whether it was made for this topic) of each setting of each topic."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    found: dict[str, dict[str, tuple[str, bool]]] = {}
    for response in await admin.describe_configs(resources):
        for code, message, _, name, entries in response.resources:
            _raise_for(code, f"cannot read the settings of {name}", message)
            # (name, value, read only, source, sensitive, ...)
            found[name] = {entry[0]: (entry[1], entry[3] == _TOPIC_SOURCE) for entry in entries}
    return found


async def _create(admin: AIOKafkaAdminClient, topics: Mapping[str, TopicState]) -> None:
    if not topics:
        return
    new = [
        NewTopic(name, state.partitions, state.replication, topic_configs=dict(state.config))
        for name, state in topics.items()
    ]
    response = await admin.create_topics(new, timeout_ms=_CREATE_MS)
    for name, code, message, *_ in response.topic_errors:
        if code != TopicAlreadyExistsError.errno:  # Another process applies the same file.
            _raise_for(code, f"cannot make the topic {name}", message)


async def _alter(admin: AIOKafkaAdminClient, differences: list[Difference]) -> None:
    """Set what differs. The request replaces all of a topic's own settings, so it repeats the rest."""
    names = sorted({one.topic for one in differences})
    if not names:
        return
    now = await _settings(admin, names)
    resources = []
    for name in names:
        own = {setting: value for setting, (value, own) in now[name].items() if own}
        wanted = {one.what: one.expected for one in differences if one.topic == name}
        resources.append(ConfigResource(ConfigResourceType.TOPIC, name, own | wanted))
    for response in await admin.alter_configs(resources):
        for code, message, _, name in response.resources:
            _raise_for(code, f"cannot alter the topic {name}", message)


async def _until_seen(admin: AIOKafkaAdminClient, expected: Mapping[str, TopicState]) -> None:
    """Wait until the brokers answer with what was changed; they learn of it a moment later."""
    async with asyncio.timeout(_SEEN_SECONDS):
        while True:
            left = diff(expected, await _describe(admin, expected))
            if all(one.mend == "hand" for one in left):
                return
            await asyncio.sleep(0.05)


def _raise_for(code: int, what: str, message: str | None) -> None:
    if code:
        raise StackError(f"Kafka {what}: {message or for_code(code).__name__}")
