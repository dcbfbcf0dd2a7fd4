"""A whole Laurel, run by the command under test, for all tests of commands."""

import asyncio
import signal
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest
import redis
from aiokafka.admin import AIOKafkaAdminClient

from deploy.embedded import keeper
from deploy.stack import Stack
from schemas.topics import expected, load
from sinks.migrate import read_migrations
from tests.cli.laurels import Laurel


@pytest.fixture(scope="session")
def laurel(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laurel]:
    """Give a Laurel with topics, a Redis and a database of its own; it must end without a trace."""
    name = f"cli{uuid4().hex[:8]}"
    environment = stack.environment() | {
        "LAUREL_TOPIC_PREFIX": f"{name}.",
        "LAUREL_POSTGRES": urlunsplit(urlsplit(stack.postgres)._replace(path=f"/{name}")),
    }
    with redis.Redis.from_url(stack.redis) as client:
        client.flushdb()
    asyncio.run(_execute(stack, f"CREATE DATABASE {name}"))
    one = Laurel(environment, tmp_path_factory.mktemp("laurel"))
    log = one.folder / "run.log"
    process = one.start("run", "--no-demo", log=log)
    try:
        one.until("doctor", part="1 ledger worker")
        # A member of the group makes its tables a moment after it joined.
        one.until("doctor", part=f"the ledger's tables have version {len(read_migrations())}\n")
        yield one
        workers = [one.pid(worker) for worker in ("scoring", "boards", "ledger")]
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, log.read_text()
        assert [keeper.birth(pid) for pid in workers if pid] == [None] * 3
    finally:
        process.kill()
        process.wait()
        asyncio.run(_remove_topics(stack, name))
        asyncio.run(_execute(stack, f"DROP DATABASE {name} WITH (FORCE)"))


async def _execute(stack: Stack, statement: str) -> None:
    server = await asyncpg.connect(stack.postgres)
    await server.execute(statement)
    await server.close()


async def _remove_topics(stack: Stack, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka)
    await admin.start()
    await admin.delete_topics(list(expected(load(), "embedded", f"{name}.")))
    await admin.close()
