"""Owning partitions of scoring: the accounts loaded, the position known, former owners fenced."""

from collections.abc import Mapping
from typing import Any

import msgspec
import structlog
from faust.types import TP

from processors.stream import changelog
from processors.stream.changelog import Attempts, Position, Rows
from processors.stream.transaction import Producer, ProducerPair
from processors.stream.turns import Membership

log = structlog.get_logger("laurel")

ATTEMPTS_BEFORE_SINGLES = 3
"""After this many starts at one position without progress, actions are decided one by one."""

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
        self.internal_topic, self.actions_topic = inputs
        self.changelog_topic = changelog_topic
        self.group_id = group_id
        self.producers = ProducerPair(worker, **connection)
        self.accounts: dict[int, Rows] = {}
        self.generation = -1
        self.suspects: set[int] = set()
        self._connection = connection
        self.beginnings: Any = None

    async def take_over(self, partitions: set[TP], membership: Membership) -> Mapping[TP, int]:
        """Load what is new, drop what is gone; answer where to read each input from."""
        numbers = {tp.partition for tp in partitions}
        if membership.generation != self.generation + 1:
            self.accounts.clear()
        for gone in self.accounts.keys() - numbers:
            del self.accounts[gone]
        taken = numbers - self.accounts.keys()
        self.accounts.update(await self._load(taken))
        positions = await self._positions(partitions)
        await self._count_attempts(taken, positions, membership)
        self.generation = membership.generation
        log.info("partitions taken over", partitions=sorted(numbers), loaded=sorted(taken))
        return positions

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
        return stands.internal if tp.topic == self.internal_topic else stands.actions

    async def _count_attempts(
        self, taken: set[int], positions: Mapping[TP, int], membership: Membership
    ) -> None:
        """Write down that a worker begins here: whatever kills it every time is found by that."""
        if not taken:
            return
        producer = self.producers.next()
        await producer.begin_transaction()
        sent = []
        changed = {}
        for number in taken:
            internal = positions[TP(self.internal_topic, number)]
            actions = positions[TP(self.actions_topic, number)]
            times = 1 + changelog.attempts_at(self.accounts[number], internal, actions)
            row = msgspec.json.encode(Attempts(internal, actions, times))
            changed[number] = [(changelog.ATTEMPTS_KEY, row)]
            rows = [(changelog.ATTEMPTS_KEY, row, [])]
            sent += await producer.send_rows(self.changelog_topic, number, rows)
            if times > ATTEMPTS_BEFORE_SINGLES:
                self.suspects.add(number)
        offsets = {tp: offset for tp, offset in positions.items() if tp.partition in taken}
        await producer.commit(self.group_id, membership, offsets, sent)
        for number, rows_changed in changed.items():
            changelog.apply_rows(self.accounts[number], rows_changed)

    def position_row(self, number: int, offsets: Mapping[TP, int]) -> tuple[bytes, bytes]:
        """The changelog row that says where partition `number` stands after a turn."""
        stands = Position(
            offsets[TP(self.internal_topic, number)],
            offsets[TP(self.actions_topic, number)],
            self.worker,
        )
        return changelog.POSITION_KEY, msgspec.json.encode(stands)

    async def producer(self) -> Producer:
        """A producer with its transaction begun."""
        producer = self.producers.next()
        await producer.begin_transaction()
        return producer
