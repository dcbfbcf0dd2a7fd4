"""Reading boards from a replica, which cannot load the Functions itself."""

import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis
from redis.exceptions import ReadOnlyError, RedisError

from deploy.embedded.ports import free
from deploy.embedded.valkey import find
from sinks.board_ranks import Entry
from sinks.board_reads import rank_of, top
from sinks.board_store import connect
from sinks.redis_boards import RedisBoards
from tests.support.boards import GLOBAL, NEW, bring, on_global
from tests.support.runs import NOON
from tests.support.waiting import eventually


@pytest.fixture
def port(redis_url: str, tmp_path: Path) -> Iterator[int]:
    """Give the port of a replica of the server."""
    primary, (port,) = urlsplit(redis_url), free(1)
    binary, _ = find(wheels_only=False)
    command = [
        *(str(binary), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path)),
        *("--save", "", "--replicaof", f"{primary.hostname} {primary.port}"),
        *("--masterauth", primary.password or ""),
    ]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    yield port
    process.kill()
    process.wait()


@pytest.fixture
async def replica(redis_url: str, port: int) -> AsyncIterator[Redis]:
    """Give a client of the replica once it follows, with the database of the test chosen."""
    client = connect(f"redis://127.0.0.1:{port}{urlsplit(redis_url).path}")
    await eventually(lambda: follows(client))
    yield client
    await client.aclose()


async def follows(replica: Redis) -> bool:
    try:
        return (await replica.info("replication")).get("master_link_status") == "up"
    except RedisError:
        return False


async def test_a_replica_reads_what_its_primary_was_brought(replica: Redis, redis_url: str) -> None:
    """It answers once a projector has loaded the Functions on the primary, and says so before."""
    primary = connect(redis_url)
    await primary.function_flush()
    await eventually(lambda: knows_no_function(replica))
    with pytest.raises(ReadOnlyError, match="this replica lacks the Functions of this release"):
        await top(replica, "loyalty", GLOBAL, 10)
    sink = RedisBoards(primary)
    await sink.standing(NEW)
    await bring(sink, [on_global(1, "ann", 10)])
    await primary.wait(1, 10_000)
    assert await top(replica, "loyalty", GLOBAL, 10) == [Entry(1, "ann", 10, NOON)]
    found = await rank_of(replica, "loyalty", GLOBAL, "ann", around=5)
    assert (found.own, found.participants) == (Entry(1, "ann", 10, NOON), 1)
    await primary.aclose()


async def knows_no_function(replica: Redis) -> bool:
    return await replica.function_list() == []
