"""Fixtures of the real stack. It starts when the first test asks for it and serves the whole run."""

import itertools
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest
import redis
from aiokafka.admin import AIOKafkaAdminClient

from deploy import topics as broker_topics
from deploy.stack import Stack
from schemas.topics import expected, load
from tests.support.stacks import Provider, Servers, provided

_REDIS_DATABASES = itertools.cycle(range(1, 16))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the stack, and run the fast tests first, those of faults last."""
    for item in items:
        if "provider" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.stack)
    items.sort(key=lambda item: ("stack" in item.keywords) + 2 * ("faults" in item.keywords))


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    with provided() as chosen:
        yield chosen
        chosen.stop()


@pytest.fixture(scope="session")
def stack(provider: Provider) -> Stack:
    """Give the addresses of a running Kafka, Redis and PostgreSQL."""
    return provider.start()


@pytest.fixture(scope="session")
def servers(provider: Provider, stack: Stack) -> Servers:  # noqa: ARG001 - they run
    """Give the running servers by name, to be stopped, killed and restarted."""
    return Servers(provider.servers)


@pytest.fixture
def connection(stack: Stack) -> dict[str, Any]:
    """Give aiokafka's arguments for reaching the broker."""
    return {"bootstrap_servers": stack.kafka}


@pytest.fixture
def prefix() -> str:
    """Give a topic prefix that no other test uses."""
    return f"t{uuid4().hex[:10]}."


@pytest.fixture
async def topics(connection: dict[str, Any], prefix: str) -> AsyncIterator[str]:
    """Make every topic of topics.yaml under a prefix of this test's own, and give the prefix."""
    wanted = expected(load(), "embedded", prefix)
    await broker_topics.apply(connection, wanted)
    yield prefix
    admin = AIOKafkaAdminClient(**connection)
    await admin.start()
    await admin.delete_topics(list(wanted))
    await admin.close()


@pytest.fixture
async def database(stack: Stack) -> AsyncIterator[str]:
    """Give the address of an empty database of this test's own."""
    name = f"t{uuid4().hex}"
    server = await asyncpg.connect(stack.postgres)
    await server.execute(f"CREATE DATABASE {name}")
    await server.close()
    yield urlunsplit(urlsplit(stack.postgres)._replace(path=f"/{name}"))
    server = await asyncpg.connect(stack.postgres)  # The test may have restarted it.
    await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await server.close()


@pytest.fixture
def redis_url(stack: Stack) -> str:
    """Give the address of an empty Redis database of this test's own."""
    url = urlunsplit(urlsplit(stack.redis)._replace(path=f"/{next(_REDIS_DATABASES)}"))
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url
