"""The embedded Kafka, Redis and PostgreSQL themselves, and the topics made on them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import asyncpg
import pytest
import redis
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy import topics as broker_topics
from deploy.containers import Containers, docker_missing
from deploy.embedded import Embedded, keeper
from deploy.stack import Stack, StackError
from schemas.topics import diff, expected, load
from tests.support.kafka import Sent, consume, produce
from tests.support.stacks import data_folder

pytestmark = pytest.mark.stack

PARTS = ("kafka", "redis", "postgres")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with data_folder() as data:
        yield data


@pytest.fixture(scope="module", params=["", "wheels"], ids=["system first", "wheels"])
def own(request: pytest.FixtureRequest) -> Iterator[tuple[Embedded, Stack]]:
    """Give a stack that nobody else uses, from the system's binaries and from the wheels."""
    with data_folder() as data:
        embedded = Embedded(data, {"LAUREL_STACK": request.param})
        yield embedded, embedded.start()
        embedded.stop()


async def write(stack: Stack, word: str) -> None:
    """Leave a word in each of the three."""
    await produce(stack, "words", [Sent(None, word.encode())])
    with redis.Redis.from_url(stack.redis) as client:
        client.rpush("words", word)
    async with postgres(stack) as database:
        await database.execute("CREATE TABLE IF NOT EXISTS words (word text)")
        await database.execute("INSERT INTO words VALUES ($1)", word)


async def read(stack: Stack) -> dict[str, list[str]]:
    """Give the words that each of the three holds, in order."""
    with redis.Redis.from_url(stack.redis, decode_responses=True) as client:
        in_redis = client.lrange("words", 0, -1)
    async with postgres(stack) as database:
        rows = await database.fetch("SELECT word FROM words")
    records = await consume(stack, "words")
    return {
        "kafka": [record.value.decode() for record in records],
        "redis": list(in_redis),
        "postgres": [row["word"] for row in rows],
    }


def everywhere(*words: str) -> dict[str, list[str]]:
    return {part: list(words) for part in PARTS}


@asynccontextmanager
async def postgres(stack: Stack) -> AsyncIterator[Any]:
    database = await asyncpg.connect(stack.postgres)
    yield database
    await database.close()


async def make_topic(stack: Stack) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka)
    await admin.start()
    await admin.create_topics([NewTopic("words", 1, 1)])
    await admin.close()


def plain_environment() -> dict[str, str]:
    """Give our environment without what it says of the stack."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LAUREL_")}


def listening(stack: Stack) -> list[str]:
    """Give the parts that take connections."""
    found = []
    for part in PARTS:
        address = getattr(stack, part)
        at = urlsplit(address if "://" in address else f"kafka://{address}")
        with socket.socket() as link:
            if link.connect_ex((at.hostname, at.port)) == 0:
                found.append(part)
    return found


async def test_stop_and_start_again(folder: Path) -> None:
    """A stop leaves no process; the next start has the same addresses and the same data."""
    embedded = Embedded(folder, {})
    stack = embedded.start()
    pids = [server.pid for server in embedded.servers.values()]
    await make_topic(stack)
    await write(stack, "first")
    assert Stack.read(folder) == stack
    embedded.stop()
    assert listening(stack) == []
    assert [keeper.birth(pid) for pid in pids if pid] == [None, None, None]
    assert Stack.read(folder) is None

    with Embedded(folder, {}) as again:
        assert again == stack
        await write(again, "second")
        assert await read(again) == everywhere("first", "second")


async def test_one_owner(folder: Path) -> None:
    """A second stack on the same folder is refused, naming the process that runs the first."""
    with Embedded(folder, {}) as stack:
        with pytest.raises(StackError, match=f"process {os.getpid()} runs a stack"):
            Embedded(folder, {}).start()
        assert listening(stack) == list(PARTS)


@pytest.mark.parametrize("how", ["SIGTERM", "SIGKILL"])
def test_the_parent_dies(folder: Path, how: str) -> None:
    """When the process that started the stack is gone, its servers stop in good order too."""
    command = [sys.executable, "-m", "deploy.embedded", "up", "--data", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=plain_environment()) as parent:
        assert parent.stdout is not None
        while b"Ctrl-C" not in (line := parent.stdout.readline()):
            assert line, "it ended while it started"
        stack = Stack.read(folder)
        assert stack is not None
        assert listening(stack) == list(PARTS)
        parent.send_signal(getattr(signal, how))
        parent.stdout.read()

    deadline = time.monotonic() + 30
    while (still := listening(stack)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert still == []
    with Embedded(folder, {}):
        log = (folder / "run" / "postgres.log").read_text()
    assert "was not properly shut down" not in log


def test_ctrl_c_while_it_starts(folder: Path) -> None:
    """A start that is broken off ends soon and leaves no server behind."""
    command = [sys.executable, "-m", "deploy.embedded", "up", "--data", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=plain_environment()) as starting:
        assert starting.stdout is not None
        while b"kafka: starting" not in (line := starting.stdout.readline()):
            assert line, "it ended while it started"
        starting.send_signal(signal.SIGINT)
        assert b"kafka: ready" not in starting.stdout.read()
    assert starting.returncode == 0
    assert list((folder / "run").glob("*.pid")) == []
    assert Stack.read(folder) is None


@pytest.mark.parametrize("how", ["stop", "kill"])
@pytest.mark.parametrize("part", PARTS)
async def test_restart_one_part(
    own: tuple[Embedded, Stack], part: str, how: Literal["stop", "kill"]
) -> None:
    """A part that is stopped or killed comes back at its address, the others undisturbed."""
    embedded, stack = own
    pids = {name: server.pid for name, server in embedded.servers.items()}
    embedded.servers[part].restart(how)
    after = {name: server.pid for name, server in embedded.servers.items()}
    assert {name for name in PARTS if after[name] != pids[name]} == {part}
    assert listening(stack) == list(PARTS)


async def test_restart_keeps_or_empties(own: tuple[Embedded, Stack]) -> None:
    """A restart keeps what was written; an empty one loses it, in the one part alone."""
    embedded, stack = own
    await make_topic(stack)
    await write(stack, "kept")
    for server in embedded.servers.values():
        server.restart()
    assert await read(stack) == everywhere("kept")

    embedded.servers["redis"].restart("kill", empty=True)
    assert await read(stack) == {**everywhere("kept"), "redis": []}
    embedded.servers["postgres"].restart(empty=True)
    async with postgres(stack) as database:
        assert await database.fetchval("SELECT to_regclass('words')") is None


def test_sources(own: tuple[Embedded, Stack], request: pytest.FixtureRequest) -> None:
    """Every part says what runs; `LAUREL_STACK=wheels` passes over whatever the system has."""
    versions = [server.plan.version for server in own[0].servers.values()]
    wheels_only = request.node.callspec.params["own"] == "wheels"
    sources = ("(wheel)",) if wheels_only else ("(system)", "(wheel)")
    assert [version for version in versions if not version.endswith(sources)] == []


def test_a_configured_part_is_used(own: tuple[Embedded, Stack]) -> None:
    """Parts whose addresses the environment gives are taken as they are, none is started."""
    _, stack = own
    with data_folder() as data:
        with Embedded(data, stack.environment()) as same:
            assert same == stack
        assert not list((data / "run").iterdir())
    assert listening(stack) == list(PARTS)


def test_a_configured_part_is_away() -> None:
    """A configured address that nobody listens on is named, with what to do; nothing stays behind."""
    with socket.socket() as reserved, data_folder() as data:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        embedded = Embedded(data, {"LAUREL_KAFKA": f"127.0.0.1:{port}"})
        with pytest.raises(StackError, match=rf"LAUREL_KAFKA names 127.0.0.1:{port}.*unset"):
            embedded.start()
        assert not list((data / "run").glob("*.pid"))
        assert Stack.read(data) is None


def test_a_server_that_does_not_start(tmp_path: Path) -> None:
    """A server that ends while it starts is reported with the end of its log."""
    others = {"LAUREL_KAFKA": "127.0.0.1:1", "LAUREL_POSTGRES": "postgresql://127.0.0.1:1/x"}
    (tmp_path / "redis" / "data" / "appendonlydir").mkdir(parents=True)
    damaged = tmp_path / "redis" / "data" / "appendonlydir" / "appendonly.aof.manifest"
    damaged.write_text("no manifest\n")
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        address = f"127.0.0.1:{somebody.getsockname()[1]}"
        others = {"LAUREL_KAFKA": address, "LAUREL_POSTGRES": f"postgresql://{address}/x"}
        with pytest.raises(StackError, match=r"(?s)ended while it started.*redis\.log.*manifest"):
            Embedded(tmp_path, others).start()


async def test_apply_makes_and_mends(connection: dict[str, Any], topics: str) -> None:
    """Applied topics match; what then differs is altered, and the broker answers with it at once."""
    should = expected(load(), "embedded", topics)
    assert diff(should, await broker_topics.describe(connection, should)) == []

    name = f"{topics}tier.changed"
    longer = {**should[name].config, "retention.ms": "99999999999"}
    should[name] = replace(should[name], config=longer)
    done = await broker_topics.apply(connection, should)
    assert [(one.topic, one.what) for one in done.altered] == [(name, "retention.ms")]
    assert (done.created, done.left) == ([], [])
    assert diff(should, await broker_topics.describe(connection, should)) == []


async def test_apply_lets_the_broker_stamp_a_topic_that_is_there(
    stack: Stack, connection: dict[str, Any], topics: str
) -> None:
    """What comes from then on has the broker's time; what was there keeps its producer's."""
    name = f"{topics}actions"
    should = {name: expected(load(), "embedded", topics)[name]}
    stamped = {**should[name].config, "message.timestamp.type": "CreateTime"}
    await broker_topics.apply(connection, {name: replace(should[name], config=stamped)})
    record = Sent(b"u", b"{}", timestamp_ms=1_000)
    await produce(stack, name, [record])
    done = await broker_topics.apply(connection, should)
    assert [(one.what, one.actual, one.severity) for one in done.altered] == [
        ("message.timestamp.type", "CreateTime", "refused")
    ]
    await produce(stack, name, [record])
    before, after = await consume(stack, name)
    assert (before.timestamp, before.timestamp_type) == (1_000, 0)
    assert (after.timestamp > 1_700_000_000_000, after.timestamp_type) == (True, 1)
    assert diff(should, await broker_topics.describe(connection, should)) == []


async def test_apply_refuses_another_count(connection: dict[str, Any], topics: str) -> None:
    """A changed partition count is refused, and then nothing else is changed either."""
    should = expected(load(), "embedded", topics)
    actions, rules = f"{topics}actions", f"{topics}rules"
    should[actions] = replace(should[actions], partitions=12)
    should[rules] = replace(should[rules], config={**should[rules].config, "segment.ms": "60000"})
    done = await broker_topics.apply(connection, should)
    assert (done.created, done.altered) == ([], [])
    assert [(one.topic, one.what, one.severity) for one in done.left] == [
        (actions, "partitions", "refused"),
        (rules, "segment.ms", "warned"),
    ]
    assert (await broker_topics.describe(connection, [rules]))[rules].own.isdisjoint({"segment.ms"})


async def test_broker_stamps_the_inputs(stack: Stack, topics: str) -> None:
    """A producer's own stamp on `actions` is replaced by the broker's time, on results it stays."""
    sent = [Sent(b"u", b"{}", timestamp_ms=1_000)]
    for topic in (f"{topics}actions", f"{topics}rewards.earned"):
        await produce(stack, topic, sent)
    (action,) = await consume(stack, f"{topics}actions")
    (result,) = await consume(stack, f"{topics}rewards.earned")
    assert action.timestamp > 1_700_000_000_000
    assert result.timestamp == 1_000


def test_containers() -> None:
    """The same stack comes up in containers, and a part of it can be restarted empty."""
    if (reason := docker_missing()) is not None:
        pytest.skip(reason)
    containers = Containers()
    try:
        stack = containers.start()
        with redis.Redis.from_url(stack.redis) as client:
            client.set("word", "lost")
        containers.servers["redis"].restart("kill", empty=True)
        with redis.Redis.from_url(stack.redis) as client:
            assert client.get("word") is None
        assert listening(stack) == list(PARTS)
    finally:
        containers.stop()
