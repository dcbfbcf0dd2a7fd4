"""The two projector workers: a sink that owns its positions, plugged into Faust's turns."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from time import monotonic
from typing import cast

from aiokafka import AIOKafkaProducer
from faust.types import TP

from processors import boards, ledger
from processors.app import App, make_app, work
from processors.boards import boards_projector
from processors.ledger import ledger_projector
from processors.pages import add_pages
from processors.projector import Projector, SinkState
from processors.settings import Settings
from processors.stream.last_words import die
from processors.stream.transport import Consumer
from processors.stream.turns import Membership, Pace, Turn
from schemas import wire
from schemas.results import LeaderboardUpdated
from sinks import board_store
from sinks.positions import Assigned, Partition
from sinks.postgres_ledger import PostgresLedger
from sinks.redis_boards import RedisBoards

LOOK_SECONDS = 3.0
"""Between two looks at a sink that may have been moved by somebody else."""

TELL_GROUP_SECONDS = 2.0
"""Between two commits of offsets to the consumer group, for whoever watches lag by it."""

PACE = Pace(turns=0.025, fetches=0.005)
"""A sink is written to no oftener while little comes in: each time costs it the same, and keeps its readers
waiting."""


class SinkOwner:
    """Owns partitions in the name of a sink: it alone knows where to read on from."""

    def __init__(self, projector: Projector, consumer: Consumer) -> None:
        self._projector = projector
        self._consumer = consumer
        self._assigned: dict[Partition, Assigned] = {}
        # The sink is asked, or written to, by one at a time.
        self._sink = asyncio.Lock()

    async def take_over(self, partitions: set[TP], membership: Membership) -> Mapping[TP, int]:  # noqa: ARG002
        """Ask the sink where it stands in these partitions."""
        first = await self._consumer.earliest_offsets(*partitions)
        committed = await self._consumer.committed(partitions)
        async with self._sink:
            self._assigned = {(*tp,): Assigned(first[tp], committed[tp]) for tp in partitions}
            positions = await self._projector.positions(self._assigned)
        return {TP(*partition): offset for partition, offset in positions.items()}

    async def apply(self, turn: Turn) -> None:
        """Bring a turn into the sink; returns once all of it is there."""
        async with self._sink:
            await self._projector.apply({(*tp,): run for tp, run in turn.runs.items()})

    async def watch(self) -> None:
        """Look now and then whether the sink still stands where it was left, also with no records.

        Somebody may have rebuilt it, or it may have lost what it held. While partitions are handed over whoever
        has them moves it, as it should.
        """
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            async with self._sink:
                left = dict(self._projector.state.positions)
                found = await self._projector.positions(self._assigned)
            if found != left and self._consumer.flow_active:
                die("the sink was moved; reading starts over from where it stands now")


class GroupTeller:
    """Commits where a sink stands to its consumer group now and then, for whoever watches lag by it.

    A sink that holds anything is never positioned by it. A Redis that was emptied is told by it from a
    new one, and boards that are made anew for it are built up to there.
    """

    def __init__(self, consumer: Consumer, state: SinkState) -> None:
        self._consumer = consumer
        self._state = state

    async def keep_telling(self) -> None:
        """Commit whenever the sink has moved, also when no record follows: else a lag would be left."""
        told: dict[TP, int] = {}
        while True:
            await asyncio.sleep(TELL_GROUP_SECONDS)
            stands = {TP(*partition): at for partition, at in self._state.positions.items()}
            if stands != told and await self._consumer.commit_positions(stands):
                told = stands


def boards_app(settings: Settings) -> App:
    """Return the app of a worker that brings postings to the boards in Redis."""

    async def start() -> Projector:
        publisher = Publisher(settings)
        await publisher.start()
        return boards_projector(RedisBoards(board_store.connect(settings.redis)), publisher.publish)

    return _projector_app("boards", settings, [boards.TOPIC], start)


def ledger_app(settings: Settings) -> App:
    """Return the app of a worker that brings results and accounts to PostgreSQL."""

    async def start() -> Projector:
        return ledger_projector(PostgresLedger(settings.postgres), settings.topic_prefix)

    return _projector_app("ledger", settings, ledger.TOPICS, start)


def _projector_app(
    kind: str,
    settings: Settings,
    topics: Iterable[str],
    start: Callable[[], Awaitable[Projector]],
) -> App:
    app = make_app(kind, settings)
    app.turns.pace = PACE
    status = app.status

    async def prepare() -> None:
        projector = await start()
        owner = app.turns.owner = SinkOwner(projector, app.turns)
        app.background.append(owner.watch())
        app.background.append(GroupTeller(app.turns, projector.state).keep_telling())
        status.sinks.append(projector.state)

    async def project(turn: Turn) -> None:
        began = monotonic()
        owner = cast("SinkOwner", app.turns.owner)
        await owner.apply(turn)
        status.turn_finished(turn.size, monotonic() - began)

    app.preparations.append(prepare)
    work(app, [settings.topic(topic) for topic in topics], project)
    add_pages(app, status)
    return app


class Publisher:
    """Sends `leaderboard.updated`, at least once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = settings.topic("leaderboard.updated")

    async def start(self) -> None:
        """Connect; an idempotent producer keeps the order of each partition over retries."""
        self._producer = AIOKafkaProducer(
            enable_idempotence=True, max_batch_size=900_000, **self._settings.kafka_connection
        )
        await self._producer.start()

    async def publish(self, partition: int, updates: list[LeaderboardUpdated]) -> None:
        """Send updates to a partition; returns once the broker has all of them."""
        sent = []
        batch = self._producer.create_batch()
        for update in updates:
            row = {
                "key": update.user_id.encode(),
                "value": wire.encode(update),
                "headers": wire.result_headers(LeaderboardUpdated, update.program),
            }
            if batch.append(timestamp=None, **row) is None:
                sent.append(
                    await self._producer.send_batch(batch, self._topic, partition=partition)
                )
                batch = self._producer.create_batch()
                batch.append(timestamp=None, **row)
        sent.append(await self._producer.send_batch(batch, self._topic, partition=partition))
        for future in sent:
            await future
