"""Loading accounts from a real changelog: all that was committed, nothing else, and it ends."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import aiokafka
import msgspec
import pytest

from deploy.stack import Stack
from processors.stream import changelog
from processors.stream.changelog import Position, Rows, StuckChangelogError
from tests.stream.conftest import MakeTopic
from tests.support.kafka import Sent, produce

PATIENCE_SECONDS = 1.0

Change = tuple[bytes, bytes | None]


class Changelog:
    """A changelog of two partitions, and whoever writes to it."""

    def __init__(self, stack: Stack, topic: str, prefix: str, connection: dict[str, Any]) -> None:
        self.stack = stack
        self.topic = topic
        self.prefix = prefix
        self.connection = connection
        self.writers: list[aiokafka.AIOKafkaProducer] = []

    async def begin(
        self, worker: str, changes: Iterable[Change], partition: int = 0
    ) -> aiokafka.AIOKafkaProducer:
        """Write in a transaction that stays open."""
        writer = aiokafka.AIOKafkaProducer(
            transactional_id=self.prefix + worker, transaction_timeout_ms=60_000, **self.connection
        )
        self.writers.append(writer)
        await writer.start()
        await writer.begin_transaction()
        for key, value in changes:
            await writer.send_and_wait(self.topic, value, key, partition=partition)
        return writer

    async def commit(self, worker: str, changes: Iterable[Change], partition: int = 0) -> None:
        """Write a transaction and commit it."""
        await (await self.begin(worker, changes, partition)).commit_transaction()

    async def load(self, *partitions: int) -> dict[int, Rows]:
        """Load partitions, both without a name."""
        return await changelog.load(
            self.topic,
            partitions or (0, 1),
            patience=PATIENCE_SECONDS,
            connection=self.connection,
        )


@pytest.fixture
async def log(
    stack: Stack, connection: dict[str, Any], prefix: str, make_topic: MakeTopic
) -> AsyncIterator[Changelog]:
    topic = await make_topic("changelog", partitions=2, cleanup_policy="compact")
    log = Changelog(stack, topic, prefix, connection)
    yield log
    for writer in log.writers:
        await writer.stop()


def position(worker: str, actions: int = 0) -> Change:
    """The row by which a worker says where a partition stands."""
    return changelog.POSITION_KEY, msgspec.json.encode(Position(0, actions, worker))


async def test_an_empty_changelog_is_empty(log: Changelog) -> None:
    """A partition without a record is loaded as no rows, at once."""
    assert await log.load() == {0: {}, 1: {}}


async def test_the_last_value_of_each_row_counts(log: Changelog) -> None:
    """Every committed row is there with its last value, deleted ones are not, each in its partition."""
    await log.commit("one", [(b"a", b"1"), (b"b", b"2"), (b"c", b"3")])
    await log.commit("one", [(b"a", b"4"), (b"b", None)])
    await log.commit("one", [(b"d", b"5")], partition=1)
    assert await log.load() == {0: {b"a": b"4", b"c": b"3"}, 1: {b"d": b"5"}}
    assert await log.load(1) == {1: {b"d": b"5"}}


async def test_aborted_rows_are_not_there(log: Changelog) -> None:
    """Rows of an aborted transaction are passed over, at the end of the log and before it."""
    await log.commit("one", [(b"a", b"1")])
    await (await log.begin("two", [(b"a", b"2"), (b"b", b"2")])).abort_transaction()
    assert await log.load(0) == {0: {b"a": b"1"}}
    await log.commit("one", [(b"c", b"3")])
    assert await log.load(0) == {0: {b"a": b"1", b"c": b"3"}}


async def test_loading_waits_for_an_open_transaction(log: Changelog) -> None:
    """What another worker has under way is waited for, and is there once it is committed."""
    await log.commit("one", [(b"a", b"1")])
    under_way = await log.begin("two", [(b"b", b"2")])
    loading = asyncio.create_task(log.load(0))
    done, _ = await asyncio.wait([loading], timeout=PATIENCE_SECONDS / 3)
    assert not done
    await under_way.commit_transaction()
    assert await loading == {0: {b"a": b"1", b"b": b"2"}}


async def test_a_stuck_changelog_names_who_wrote_last(log: Changelog) -> None:
    """A transaction that stays open is reported after the patience, with the partition's last owner."""
    await log.commit("one", [(b"a", b"1"), position("scoring-one")])
    await log.commit("one", [position("scoring-three")], partition=1)
    await log.begin("two", [(b"b", b"2")])
    with pytest.raises(StuckChangelogError) as stuck:
        await log.load()
    assert stuck.value.workers == {"scoring-one"}


async def test_a_stuck_changelog_without_an_owner(log: Changelog) -> None:
    """A partition that nobody ever committed to names nobody: the broker's timeout must end it."""
    await log.begin("two", [(b"b", b"2")])
    with pytest.raises(StuckChangelogError, match=r"\?") as stuck:
        await log.load(0)
    assert stuck.value.workers == set()


async def test_loading_ends_where_the_log_ended(log: Changelog) -> None:
    """Loading reads to the end as it stood when it began, however fast others go on writing."""
    await log.commit("one", [(b"%d" % number, b"1") for number in range(100)])
    stop = asyncio.Event()

    async def write_on() -> None:
        while not stop.is_set():
            await produce(log.stack, log.topic, [Sent(b"later", b"2", partition=0)] * 200)

    writing = asyncio.create_task(write_on())
    try:
        rows = await asyncio.wait_for(log.load(0), timeout=60)
    finally:
        stop.set()
        await writing
    assert {key for key in rows[0] if key != b"later"} == {b"%d" % n for n in range(100)}
