"""A Faust transport that delivers turns instead of single records.

Faust keeps what it is good at: group membership, assignment, agents, the web server. Its path per
event, its acknowledgements and its offset commits are not used. This module overrides private
names of faust-streaming 0.15.3; tests/stream holds them to their word.
"""

import asyncio
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Any, Protocol, cast

import aiokafka
from aiokafka.errors import CommitFailedError
from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import Message
from mode.types import ServiceT

from processors.stream.last_words import die
from processors.stream.records import lean
from processors.stream.turns import (
    FIRST_RECORDS,
    TURN_RECORDS,
    Membership,
    Pace,
    Run,
    Turn,
    is_due,
    records_for,
)

FETCH_SECONDS = 0.2
"""How long a fetch waits for a first record; a rebalance may have to wait as long."""

LAST_TURN_SECONDS = 5.0
"""How long a turn may take to end once its partitions were revoked; after that the worker dies."""


class Owner(Protocol):
    """What a worker must do to own partitions, and what it tells while it does."""

    async def take_over(self, partitions: set[TP], membership: Membership) -> Mapping[TP, int]:
        """Make ready for exactly these partitions; answer where to read each of them from."""
        ...


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """The aiokafka consumer in its own thread, reading committed records only."""

    def _create_worker_consumer(self, transport: driver.Transport) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # Faust has no setting for these two, and aiokafka reads them when it starts.
        consumer._isolation_level = "read_committed"
        consumer._fetch_max_wait_ms = 100
        return lean(consumer)

    async def fetch(self, partitions: set[TP], timeout: float) -> dict[TP, Run]:  # noqa: ASYNC109
        """Runs of what was fetched, in [position before, position after); empty after `timeout`."""
        runs: dict[TP, Run] = await self.call_thread(self._fetch, partitions, timeout)
        return runs

    async def _fetch(self, partitions: set[TP], timeout: float) -> dict[TP, Run]:  # noqa: ASYNC109
        consumer = self._ensure_consumer()
        subscription = consumer._subscription.subscription
        if not self.consumer.flow_active or not subscription or not subscription.assignment:
            return {}
        assignment = subscription.assignment
        states = {tp: assignment.state_value(TopicPartition(*tp)) for tp in partitions}
        before = {tp: state._position for tp, state in states.items() if state}
        fetched = await self._fetch_records(consumer, partitions, timeout=timeout)
        runs = {}
        for tp, start in before.items():
            end = states[tp]._position
            if start is not None and end != start:
                runs[tp] = Run(start, end, fetched.get(tp, []))
        return runs

    async def committed(self, tp: TP) -> int | None:
        """The group's committed offset of a partition, None when there is none."""
        consumer = self._ensure_consumer()
        offset: int | None = await self.call_thread(consumer.committed, TopicPartition(*tp))
        return offset

    async def commit_mine(self, offsets: Mapping[TP, int]) -> bool:
        """Commit those offsets whose partitions are assigned now; answer whether all were committed."""
        consumer = self._ensure_consumer()
        mine = {tp: offsets[TP(*tp)] for tp in consumer.assignment() if TP(*tp) in offsets}
        if not mine:
            return False
        try:
            await consumer.commit(mine)
        except CommitFailedError:  # The group is about to assign partitions anew.
            return False
        return len(mine) == len(offsets)

    def membership(self) -> Membership:
        """Return this worker's membership as of the last join."""
        coordinator = self._ensure_consumer()._coordinator
        instance_id = coordinator._group_instance_id
        return Membership(coordinator.generation, coordinator.member_id, instance_id)


class Consumer(driver.Consumer):
    """Collects runs while a turn is under way and delivers them as the next turn."""

    _thread: ConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner: Owner | None = None
        self.pace = Pace(turns=0.0, fetches=0.001)
        self.next_offsets: dict[TP, int] = {}
        self.membership = Membership(0, "", None)
        self.waiting = Turn(self.membership)
        self.current: Turn | None = None
        # A fetch under way when partitions are taken over would move positions unseen.
        self.fetching = asyncio.Lock()
        self.idle = asyncio.Event()
        self.idle.set()
        # How many records the next turn may hold.
        self.most = FIRST_RECORDS
        self.delivered_at = self.finished_at = self.resumed_at = monotonic()

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # --- ownership

    async def take_over(self) -> None:
        """Make ready for what the last rebalance assigned; called while no records flow."""
        assert self.owner is not None
        async with self.fetching:
            await self._take_over(self.owner)

    async def _take_over(self, owner: Owner) -> None:
        self.membership = await self._thread.call_thread(self._read_membership)
        partitions = self.assignment()
        positions = dict(await owner.take_over(partitions, self.membership))
        if positions:
            await self._thread.seek_wait(positions)
        self.next_offsets = positions
        self.waiting = Turn(self.membership)
        self.current = None
        self.idle.set()
        self.resumed_at = monotonic()

    async def _read_membership(self) -> Membership:
        return self._thread.membership()

    async def perform_seek(self) -> None:
        """Do nothing: `take_over` has moved every position already."""

    async def commit(self, *_: Any, **__: Any) -> bool:
        """Do nothing: offsets are committed inside a turn's transaction, or live in a sink."""
        return False

    async def committed(self, partitions: Iterable[TP]) -> dict[TP, int | None]:
        """The group's committed offsets, None where there is none."""
        return {tp: await self._thread.committed(tp) for tp in partitions}

    async def commit_positions(self, offsets: Mapping[TP, int]) -> bool:
        """Tell the group where an owner stands, who is not positioned by it while anything is known otherwise.

        Answers whether it heard; it does not while partitions are handed over, or the worker stops.
        """
        if self.should_stop:
            return False
        told: bool = await self._thread.call_thread(self._thread.commit_mine, offsets)
        return told

    async def wait_empty(self) -> None:
        """Wait for the turn under way, if any; what only waits is dropped and fetched again."""
        self.waiting = Turn(self.membership)
        if self.current is None or not self.current.started:
            return
        try:
            await asyncio.wait_for(self.idle.wait(), LAST_TURN_SECONDS)
        except TimeoutError:
            die("a turn did not end in time after its partitions were revoked")

    # --- delivery

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        while not (self.should_stop or fetcher.should_stop):
            if not self.flow_active:
                await self.can_resume_flow.wait()
                continue
            active = self._get_active_partitions()
            if not active:
                await self.sleep(0.1)
                continue
            async with self.fetching:
                self._collect(await self._thread.fetch(set(active), timeout=self._patience()))
            await self._deliver()
            if self.waiting.size >= TURN_RECORDS:
                await self.idle.wait()
            elif self.waiting.runs or not self.idle.is_set():
                await asyncio.sleep(self.pace.fetches)

    def _patience(self) -> float:
        """How long a fetch may wait for a first record: not while the next turn's time comes before that.

        A turn that outlasts the pace is followed by the next one as soon as it ends.
        """
        paced = self.idle.is_set() or monotonic() < self.delivered_at + self.pace.turns
        return 0.0 if self.waiting.runs and paced else FETCH_SECONDS

    def _collect(self, runs: dict[TP, Run]) -> None:
        for tp, run in runs.items():
            # Faust was seen to lose a fetched batch after a recovery; silence here would be loss.
            expected = self.next_offsets.get(tp)
            if run.start != expected:
                die("records are missing", tp=tp, fetched_from=run.start, expected=expected)
            self.next_offsets[tp] = run.end
        self.waiting.add(runs)

    async def _deliver(self) -> None:
        if not self.waiting.runs or not self.idle.is_set() or not self.flow_active:
            return
        if not is_due(self.waiting.size, monotonic() - self.delivered_at, self.pace):
            return  # The next fetch comes before long.
        self.current = turn = self.waiting.take(self.most)
        self.idle.clear()
        self.delivered_at = monotonic()
        await self.callback(self._message_of(turn))

    def _message_of(self, turn: Turn) -> Message:
        tp, run = next(iter(turn.runs.items()))
        # Faust knows a message by its first record; the turn is its value.
        return Message(
            topic=tp.topic,
            partition=tp.partition,
            offset=run.start,
            timestamp=0.0,
            timestamp_type=0,
            headers=None,
            key=None,
            value=cast("bytes", turn),
            checksum=None,
            serialized_value_size=0,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def finish(self, turn: Turn) -> None:
        """End `turn`; the next one is delivered if records wait and it is time."""
        if self.current is turn:
            self.current = None
            self.finished_at = monotonic()
            seconds = self.finished_at - self.delivered_at
            self.most = records_for(self.most, turn.size, seconds)
            self.idle.set()
            await self._deliver()

    def track_message(self, message: Message) -> None:
        """Do nothing: a turn is not acknowledged, it is committed."""

    def ack(self, message: Message) -> bool:
        """Mark the message only: a turn is not acknowledged, it is committed."""
        message.acked = True
        return False

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Do nothing: the status page and the watchdog see a turn that makes no progress."""

    def left_group(self) -> bool:
        """Whether a task ended that keeps the group membership, or the metadata, unnoticed by Faust."""
        consumer = self._thread._consumer
        if consumer is None or self.should_stop:
            return False
        coordination = getattr(consumer._coordinator, "_coordination_task", None)
        tasks = (coordination, consumer._client._sync_task)
        return any(task is not None and task.done() for task in tasks)

    def lag(self, partitions: Iterable[TP]) -> dict[TP, int]:
        """Count the records of each partition not fetched yet, as the broker last told."""
        assignment = self._thread._ensure_consumer()._subscription.subscription.assignment
        found = {}
        for tp in partitions:
            state = assignment.state_value(TopicPartition(*tp)) if assignment else None
            if state is not None and state.lso is not None and tp in self.next_offsets:
                found[tp] = max(0, state.lso - self.next_offsets[tp])
        return found


class Transport(driver.Transport):
    """Faust's aiokafka transport with turns."""

    Consumer = Consumer
