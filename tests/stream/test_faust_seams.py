"""The private names that processors/stream overrides and reads are there, and mean what we think.

A failure after an upgrade says which override no longer takes effect, or which value is gone.
"""

import asyncio
import inspect
from typing import Any

import aiokafka
import pytest
from aiokafka.conn import AIOKafkaConnection
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.producer import sender
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import TopicPartition
from faust.stores import memory
from faust.tables import TableManager as FaustTableManager
from faust.tables.recovery import Recovery
from faust.tables.table import Table
from faust.transport.consumer import Fetcher
from faust.transport.drivers import aiokafka as driver

from processors.app import make_app
from processors.settings import Settings
from processors.stream import takeover, transaction, transport
from processors.stream.changelog import AccountStore, AccountTable
from tests.support.waiting import eventually

OVERRIDES = [
    (transport.ConsumerThread, driver.AIOKafkaConsumerThread, "_create_worker_consumer"),
    (transport.Consumer, driver.Consumer, "_new_consumer_thread"),
    (transport.Consumer, driver.Consumer, "_drain_messages"),
    (transport.Consumer, driver.Consumer, "ack"),
    (transport.Consumer, driver.Consumer, "commit"),
    (transport.Consumer, driver.Consumer, "perform_seek"),
    (transport.Consumer, driver.Consumer, "track_message"),
    (transport.Consumer, driver.Consumer, "verify_event_path"),
    (transport.Consumer, driver.Consumer, "wait_empty"),
    (takeover.TakeOver, Recovery, "_restart_recovery"),
    (takeover.TableManager, FaustTableManager, "recovery"),
    (takeover.TableManager, FaustTableManager, "on_start"),
    (takeover.TableManager, FaustTableManager, "_update_channels"),
    (AccountTable, Table, "_new_store"),
    (AccountTable, Table, "on_start"),
    (AccountStore, memory.Store, "__post_init__"),
    (transaction._FencedSender, sender.Sender, "_do_txn_offset_commit"),
    (transaction._FencedOffsetCommitHandler, sender.TxnOffsetCommitHandler, "create_request"),
    (transaction._FencedOffsetCommitHandler, sender.TxnOffsetCommitHandler, "handle_response"),
]

USES: list[tuple[object, str]] = [
    (driver.AIOKafkaConsumerThread, "_ensure_consumer"),
    (driver.AIOKafkaConsumerThread, "_fetch_records"),
    (driver.AIOKafkaConsumerThread, "call_thread"),
    (driver.AIOKafkaConsumerThread, "seek_wait"),
    (driver.Consumer, "_get_active_partitions"),
    (Recovery, "_resume_streams"),
    (Recovery, "_set_recovery_started"),
    (Recovery, "_set_recovery_ended"),
    (Recovery, "_wait"),
    (AIOKafkaConnection, "_send_sasl_token"),
    (sender.Sender, "_do_add_offsets_to_txn"),
    (sender.Sender, "_find_coordinator"),
]


def name_of(case: tuple[object, ...]) -> str:
    """Name a case by its class and what it holds to its word."""
    owner, *_, name = case
    return f"{getattr(owner, '__name__', owner)}.{name}"


@pytest.mark.parametrize("override", OVERRIDES, ids=name_of)
def test_overrides_override(override: tuple[type, type, str]) -> None:
    """What we override is a method of the base class, and is called with the same arguments."""
    ours, theirs, name = override
    assert name in vars(ours)
    mine, base = (_arguments(getattr(owner, name)) for owner in (ours, theirs))
    assert mine in (base, "any")


def _arguments(member: Any) -> int | str:  # noqa: ANN401 - a function, a task or a property
    """Count the arguments, `any` for a function that takes whatever it is given."""
    function = getattr(member, "fun", member)
    if isinstance(function, property):
        return 0
    arguments = inspect.signature(function).parameters.values()
    anything = any(argument.kind is argument.VAR_POSITIONAL for argument in arguments)
    return "any" if anything else len(arguments)


@pytest.mark.parametrize("use", USES, ids=name_of)
def test_what_we_call_is_there(use: tuple[object, str]) -> None:
    """A private method that we call exists."""
    owner, name = use
    assert callable(getattr(owner, name, None))


def test_the_pinned_versions_are_installed() -> None:
    """The names above were read in exactly these versions; another one wants them read again."""
    import faust  # noqa: PLC0415 - only its version

    assert (faust.__version__, aiokafka.__version__) == ("0.15.3", "0.14.0")


async def test_the_fetcher_drains_our_consumer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faust's fetcher is one call of `_drain_messages`; another name would bring back its own path."""
    drained: list[object] = []

    async def drain(fetcher: object) -> None:
        drained.append(fetcher)

    app = make_app("scoring", Settings(kafka="127.0.0.1:1"))
    app.turns._thread.thread_loop.close()  # that thread never runs
    monkeypatch.setattr(app.turns, "_drain_messages", drain)
    async with Fetcher(app) as fetcher:
        await eventually(lambda: asyncio.sleep(0, drained == [fetcher]))


def test_recovery_is_one_task() -> None:
    """Faust recovers in `_restart_recovery`; its other tasks only wait for changelogs and tell of them."""
    tasks: dict[str, set[str]] = Recovery._tasks or {}
    kept = {"_slurp_changelogs", "_publish_stats"}
    assert tasks[takeover.TakeOver._get_class_id()] == kept | {"_restart_recovery"}


async def test_settings_read_when_a_consumer_starts() -> None:
    """Isolation and fetch wait are read when a consumer starts, so setting them before is enough."""
    consumer = aiokafka.AIOKafkaConsumer(fetch_max_wait_ms=1500)
    started = inspect.getsource(aiokafka.AIOKafkaConsumer.start)
    await consumer.stop()
    assert consumer._fetch_max_wait_ms == 1500
    assert consumer._isolation_level == "read_uncommitted"
    assert "fetch_max_wait_ms=self._fetch_max_wait_ms" in started
    assert "isolation_level=self._isolation_level" in started


async def test_positions_are_where_we_look() -> None:
    """A fetch position, the end for readers of what is committed, and the assignment stand here."""
    subscriptions = SubscriptionState(loop=None)
    subscriptions.subscribe({"actions"})
    subscriptions.assign_from_subscribed({TopicPartition("actions", 0)})
    assignment = subscriptions.subscription.assignment
    state = assignment.state_value(TopicPartition("actions", 0))
    assert (state._position, state.lso) == (None, None)
    state.reset_to(5)
    assert state._position == 5
    assert assignment.state_value(TopicPartition("actions", 1)) is None


def test_a_batch_is_filled_through_its_builder() -> None:
    """Rows given to a batch's builder, and counted in it, are the batch that `append` would make."""
    rows = [(b"u-1", b"{}", []), (b"u-2", None, [("schema", b"x-1")])]
    filled, appended = (BatchBuilder(900_000, 0, is_transactional=1) for _ in range(2))
    for number, (key, value, headers) in enumerate(rows):
        assert appended.append(timestamp=5, key=key, value=value, headers=headers)
        assert filled._builder.append(number, 5, key, value, headers)
    filled._relative_offset = len(rows)
    assert filled.record_count() == appended.record_count()
    assert bytes(filled._build()) == bytes(appended._build())
