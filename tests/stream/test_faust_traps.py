"""Why processors/stream replaces Faust's own path: its traps, shown on the pinned version.

Each test passes as long as the trap is there. One that fails after an upgrade is good news: its
docstring says what of our package could then go.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from faust.stores.memory import Store
from faust.types import TP

from tests.stream.faust_agents import TOPIC, made_app, made_message
from tests.support.waiting import eventually


@pytest.fixture
async def app() -> AsyncIterator[faust.App]:
    app = made_app()
    yield app
    consumer: Any = app.consumer
    consumer._thread.thread_loop.close()  # that thread never ran


@pytest.fixture(scope="module")
def agents() -> dict[str, object]:
    """Give what Faust's agents did with records that went wrong."""
    command = [sys.executable, "-m", "tests.stream.faust_agents"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, object] = json.loads(ended.stdout)
    return found


@pytest.mark.parametrize(
    ("committed", "acked", "commits"),
    [(100, [101, 102, 103], 104), (None, [5, 6, 7], 8), (0, [5, 6, 7], 8)],
)
async def test_the_head_of_a_gap_is_lost(
    app: faust.App, committed: int | None, acked: list[int], commits: int
) -> None:
    """Faust commits past a record in flight (T1, T2); were it to withhold, `Consumer.commit` could use it."""
    consumer: Any = app.consumer
    consumer._committed_offset[TOPIC] = committed
    consumer._acked[TOPIC] = acked
    assert consumer._new_offset(TOPIC) == commits


async def test_a_batch_is_committed_late(app: faust.App) -> None:
    """An ack of a whole batch is committed with the next one (T16); were it right, `Consumer.ack` could go."""
    consumer: Any = app.consumer
    read, commits = 100, []
    consumer._committed_offset[TOPIC] = read
    for last in (599, 1099, 1599):
        await consumer._add_gap(TOPIC, read + 1, last)
        consumer.ack(made_message(app, last))
        read = last
        consumer._committed_offset[TOPIC] = consumer._new_offset(TOPIC)
        commits.append(consumer._committed_offset[TOPIC])
    assert commits == [600, 600, 1100]


async def test_flush_gives_up(app: faust.App) -> None:
    """A flush returns with records unsent (T4); were it to wait, results could leave by `topic.send`."""
    sent: list[object] = []
    broker_answers = asyncio.Event()

    async def publish(future: object, *, wait: bool) -> None:  # noqa: ARG001 - as Faust calls it
        await broker_answers.wait()
        sent.append(future)

    channel = SimpleNamespace(publish_message=publish)
    waiting: list[Any] = [SimpleNamespace(message=SimpleNamespace(channel=channel))] * 3
    async with app.producer.buffer as buffer:
        for future in waiting:
            buffer.put(future)
        await buffer.flush()
        assert sent == []
        broker_answers.set()
        await eventually(lambda: asyncio.sleep(0, sent == waiting))


async def test_acks_vanish_before_the_revoke(app: faust.App) -> None:
    """Faust drops acks before its revoke callback can commit them (T8); else it need not commit in turns."""
    consumer: Any = app.consumer
    seen = []

    async def revoked(_: set[TP]) -> None:
        seen.append(dict(consumer._acked))

    consumer._acked[TOPIC] = [100, 101, 102]
    consumer._on_partitions_revoked = revoked
    await consumer.on_partitions_revoked({TOPIC})
    assert seen == [{}]


def test_a_failed_batch_is_acknowledged(agents: dict[str, object]) -> None:
    """A failed batch is acked and the next one handled (T9, T10); else `work` need not end the process."""
    assert agents["failing_batch"] == {
        "batches": [["0", "1", "2", "3", "4"], ["5", "6", "7", "8", "9"]],
        "acked after failure": [0, 1, 2, 3, 4],
    }


def test_a_failed_record_is_acknowledged(agents: dict[str, object]) -> None:
    """A record whose handling raised is acked (T9); else `work` need not end the process."""
    assert agents["failing_record"] == [10]


def test_a_poison_pill_ends_an_agent_in_silence(agents: dict[str, object]) -> None:
    """A decoding error ends an agent that looks alive (T11); else `TurnSchema` might let Faust decode."""
    assert agents["poison_pill"] == {
        "state": "running",
        "crashed": False,
        "handled": 0,
        "waiting": 3,
    }


def test_a_past_generation_is_skipped(agents: dict[str, object]) -> None:
    """What was fetched before a rebalance never reaches us (T12); else `_take_over` must empty the queue."""
    assert agents["past_generation"] == {"handled": ["2"], "acked": [2]}


async def test_lost_partitions_leave_keys_behind(app: faust.App) -> None:
    """Faust's store keeps keys of lost partitions (T13); else `PartitionedRows` could be its dictionary."""
    store: Store[str, int] = Store("memory://", app, app.Table("points"))
    store.data["written while it was ours"] = 1
    await store.on_recovery_completed(active_tps={TP("changelog", 1)}, standby_tps=set())
    assert store.data == {"written while it was ours": 1}


async def test_recovery_deletes_what_came_back(app: faust.App) -> None:
    """A zero behind a delete is lost in recovery (T14); else `changelog.apply_rows` could be Faust's."""
    store: Store[str, int | None] = Store("memory://", app, app.Table("points"))
    changes = [("u-1", 5), ("u-1", None), ("u-1", 0)]
    batch: list[Any] = [
        SimpleNamespace(key=key, value=value, message=SimpleNamespace(value=value, partition=0))
        for key, value in changes
    ]
    store.apply_changelog_batch(batch, to_key=lambda key: key, to_value=lambda value: value)
    assert store.data == {}
