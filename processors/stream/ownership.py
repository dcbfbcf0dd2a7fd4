"""Owning partitions of scoring: the accounts loaded, the position known, former owners fenced."""

from collections.abc import Mapping
from typing import Any

import msgspec
import structlog
from faust.types import TP

from processors.stream import changelog
from processors.stream.changelog import Attempts, Position, Rows
from processors.stream.transaction import Producer, ProducerPair, Sent
from processors.stream.turns import Membership, Run

log = structlog.get_logger("laurel")

ATTEMPTS_BEFORE_CARE = 3
"""After this many starts at one position without progress, a few actions are decided at a time."""

ATTEMPTS_BEFORE_VERDICT = 6
"""After this many, the first record there kills every worker that decides it: it is refused."""

PATIENCE = 1.0
"""Seconds a former owner's open transaction may hold back the changelog before it is fenced."""


class Ownership:
    """The partitions a scoring worker owns, with their accounts.

    An owner of the transport: `take_over` runs after each rebalance while nothing flows. A
    partition kept from one generation to the very next keeps its accounts; nobody else can have
    owned it in between.
    """

    def __init__(
        self,
        *,
        worker: str,
        inputs: tuple[str, str],
        changelog_topic: str,
        group_id: str,
        connection: Mapping[str, Any],
    ) -> None:
        self.worker = worker
        self.inputs = inputs
        self.changelog_topic = changelog_topic
        self.group_id = group_id
        self.producers = ProducerPair(worker, **connection)
        self.accounts: dict[int, Rows] = {}
        self.positions: dict[TP, int] = {}
        self.generation = -1
        self.suspects: set[int] = set()
        self.hopeless: set[int] = set()
        self._unmarked: set[int] = set()
        self._untold: set[int] = set()
        self._connection = connection
        self.beginnings: Any = None
        self.tell_group: Any = None

    async def take_over(self, partitions: set[TP], membership: Membership) -> Mapping[TP, int]:
        """Load what is new, drop what is gone; answer where to read each input from."""
        numbers = {tp.partition for tp in partitions}
        if membership.generation != self.generation + 1:
            self.accounts.clear()
        for gone in self.accounts.keys() - numbers:
            del self.accounts[gone]
        taken = numbers - self.accounts.keys()
        self.accounts.update(await self._load(taken))
        self.positions = await self._positions(partitions)
        self._judge(taken, numbers)
        self.generation = membership.generation
        await self._tell_group(taken, numbers)
        log.info("partitions taken over", partitions=sorted(numbers), loaded=sorted(taken))
        return dict(self.positions)

    async def _load(self, numbers: set[int]) -> dict[int, Rows]:
        if not numbers:
            return {}
        patience = PATIENCE
        while True:
            try:
                return await changelog.load(
                    self.changelog_topic, numbers, patience=patience, connection=self._connection
                )
            except changelog.StuckChangelogError as stuck:
                log.warning("the changelog is held back", why=str(stuck))
                for worker in stuck.workers - {self.worker}:
                    await self._fence(worker)
                patience *= 2

    async def _fence(self, worker: str) -> None:
        """End the open transactions of a worker that lost its partitions, and its right to more."""
        fencing = ProducerPair(worker, **self._connection)
        await fencing.start()
        await fencing.stop()

    async def _positions(self, partitions: set[TP]) -> dict[TP, int]:
        beginnings = await self.beginnings(*partitions)
        positions = {}
        for tp in partitions:
            stands = changelog.position_of(self.accounts[tp.partition])
            begins = beginnings[tp]
            positions[tp] = begins if stands is None else self._next_offset(stands, tp)
            if positions[tp] < begins:
                log.error(
                    "records were deleted before they were decided: the topic's retention is "
                    "shorter than this worker was away; going on with the oldest that is left",
                    topic=tp.topic, partition=tp.partition, lost=(positions[tp], begins),
                )  # fmt: skip
                positions[tp] = begins
        return positions

    def _next_offset(self, stands: Position, tp: TP) -> int:
        return stands.internal if tp.topic == self.inputs[0] else stands.actions

    async def _tell_group(self, taken: set[int], owned: set[int]) -> None:
        """Commit where new partitions stand: Kafka forgets it of a group that nobody was in for a week.

        Jobs wait for what the group has committed, and no turn may commit in a partition for long.
        """
        self._untold = self._untold & owned | taken
        stands = {tp: at for tp, at in self.positions.items() if tp.partition in self._untold}
        if stands and await self.tell_group(stands):
            self._untold.clear()

    def _judge(self, taken: set[int], owned: set[int]) -> None:
        """Look up how often workers have begun where the partitions stand, to no avail."""
        kept = owned - taken
        times = {number: self._attempts(number) for number in taken}
        suspects = {number for number in taken if times[number] >= ATTEMPTS_BEFORE_CARE}
        hopeless = {number for number in taken if times[number] >= ATTEMPTS_BEFORE_VERDICT}
        self.suspects = self.suspects & kept | suspects
        self.hopeless = self.hopeless & kept | hopeless
        self._unmarked = self._unmarked & kept | taken

    def _attempts(self, number: int) -> int:
        internal, actions = (self.positions[TP(topic, number)] for topic in self.inputs)
        return changelog.attempts_at(self.accounts[number], internal, actions)

    async def mark_attempt(self, numbers: set[int], membership: Membership) -> None:
        """Write down, before the first turn since they were taken, that a worker begins here.

        Whatever kills every worker is found by that. Starts with nothing to decide do not count.
        Suspected partitions are marked before every turn, so that suspicion outlives the worker.
        """
        first = (self._unmarked | self.suspects) & numbers
        if not first:
            return
        producer = await self.producer()
        sent: list[Sent] = []
        rows: dict[int, tuple[bytes, bytes]] = {}
        for number in first:
            internal, actions = (self.positions[TP(topic, number)] for topic in self.inputs)
            times = 1 + self._attempts(number)
            if number in self.suspects:
                times = max(times, ATTEMPTS_BEFORE_CARE)
            attempts = msgspec.json.encode(Attempts(internal, actions, times))
            rows[number] = changelog.ATTEMPTS_KEY, attempts
            sent += await producer.send_rows(self.changelog_topic, number, [(*rows[number], [])])
        offsets = {tp: at for tp, at in self.positions.items() if tp.partition in first}
        await producer.commit(self.group_id, membership, offsets, sent)
        for number, row in rows.items():
            changelog.apply_rows(self.accounts[number], [row])
        self._unmarked -= first

    def spans(self, number: int, runs: Mapping[TP, Run]) -> list[tuple[int, int]]:
        """Offsets (from, to) that a turn read of each input of partition `number`."""
        spans = []
        for tp in (TP(topic, number) for topic in self.inputs):
            run = runs.get(tp)
            spans.append((run.start, run.end) if run else (self.positions[tp], self.positions[tp]))
        return spans

    def position_row(self, number: int, offsets: Mapping[TP, int]) -> tuple[bytes, bytes]:
        """The changelog row that says where partition `number` stands after a turn to `offsets`."""
        inputs = (TP(topic, number) for topic in self.inputs)
        internal, actions = (offsets.get(tp, self.positions[tp]) for tp in inputs)
        return changelog.POSITION_KEY, msgspec.json.encode(Position(internal, actions, self.worker))

    async def producer(self) -> Producer:
        """A producer with its transaction begun."""
        producer = self.producers.next()
        await producer.begin(self.group_id)
        return producer

    def verdict(self, number: int) -> str:
        """Why the next record of partition `number` must not be decided; empty when it may be."""
        if number not in self.hopeless:
            return ""
        self.hopeless.discard(number)
        return f"{ATTEMPTS_BEFORE_VERDICT} workers ended without a word while deciding it"

    async def renew_producers(self) -> None:
        """Start new producers under the same ids, which aborts what the old ones left open."""
        await self.producers.stop()
        await self.producers.start()
