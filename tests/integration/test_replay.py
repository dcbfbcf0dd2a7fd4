"""Topics read again from Kafka: exactly what lies between two positions."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from processors.replay import Replay
from sinks.positions import LostRecordsError


@pytest.fixture
async def replay(connection: dict[str, Any]) -> AsyncIterator[Replay]:
    log = Replay(connection)
    await log.start()
    yield log
    await log.stop()


async def write(connection: dict[str, Any], topic: str, prefix: str) -> None:
    """Write thirty records in ten transactions, and abort every other one."""
    async with AIOKafkaProducer(transactional_id=f"{prefix}writer", **connection) as producer:
        for turn in range(10):
            await producer.begin_transaction()
            for n in range(3):
                await producer.send(topic, b"%d.%d" % (turn, n), partition=turn % 2)
            if turn % 4 < 2:
                await producer.commit_transaction()
            else:
                await producer.flush()
                await producer.abort_transaction()


async def test_what_lies_between_two_positions(
    replay: Replay, topics: str, prefix: str, connection: dict[str, Any]
) -> None:
    """Committed records of each partition from its first position to its last, and no other one.

    Runs join without a gap; markers and aborted records only move positions.
    """
    topic = f"{topics}rewards.earned"
    await write(connection, topic, prefix)
    both = [(topic, 0), (topic, 1)]
    firsts, ends = await replay.firsts(both), await replay.ends(both)
    assert set(firsts.values()) == {0}
    assert await read(replay, firsts, ends) == {
        (topic, 0): [b"0.0", b"0.1", b"0.2", b"4.0", b"4.1", b"4.2", b"8.0", b"8.1", b"8.2"],
        (topic, 1): [b"1.0", b"1.1", b"1.2", b"5.0", b"5.1", b"5.2", b"9.0", b"9.1", b"9.2"],
    }
    assert await read(replay, {(topic, 0): 1, (topic, 1): 0}, {(topic, 0): 9, (topic, 1): 0}) == {
        (topic, 0): [b"0.1", b"0.2", b"4.0"],
    }
    with pytest.raises(LostRecordsError, match="it is not the topic"):
        await read(replay, firsts, {(topic, 0): ends[topic, 0] + 1})


async def read(replay: Replay, start: Any, end: Any) -> dict[tuple[str, int], list[bytes | None]]:  # noqa: ANN401
    """Read all turns; they must cover the positions."""
    values: dict[tuple[str, int], list[bytes | None]] = {}
    reached = dict(start)
    async for turn in replay.turns(start, end):
        for at, run in turn.items():
            assert run.start == reached[at]
            reached[at] = run.end
            values.setdefault(at, []).extend(one.value for one in run.records)
    assert {at: reached[at] for at in end} == end
    return values
