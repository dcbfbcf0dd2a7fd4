"""One transaction on a real broker: all of a turn becomes visible, or nothing."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
from aiokafka.errors import (
    IllegalGenerationError,
    KafkaError,
    MessageSizeTooLargeError,
    ProducerFenced,
    UnknownError,
    UnknownMemberIdError,
)
from faust.types import TP

from deploy.stack import Stack
from processors.stream.transaction import MAX_BATCH_BYTES, Producer, ProducerPair, Row, Sent
from processors.stream.turns import Membership
from tests.stream.conftest import MakeTopic, Member
from tests.support.kafka import consume


class Scene:
    """A group member with a producer pair, an input and a results topic."""

    def __init__(self, stack: Stack, member: Member, pair: ProducerPair, results: str) -> None:
        self.stack = stack
        self.member = member
        self.pair = pair
        self.results = results
        (self.actions,) = member.consumer.assignment()

    async def send(self, rows: Iterable[Row], topic: str = "") -> tuple[Producer, list[Sent]]:
        """Begin a transaction and send rows in it."""
        producer = self.pair.next()
        await producer.begin(self.member.group_id)
        return producer, await producer.send_rows(topic or self.results, 0, rows)

    async def commit(
        self, producer: Producer, sent: list[Sent], offset: int, by: Membership | None = None
    ) -> None:
        """Commit with the offset `offset` of the input, by the present membership or another."""
        offsets = {TP(*self.actions): offset}
        who = by or self.member.membership
        await producer.commit(self.member.group_id, who, offsets, sent)

    async def visible(self) -> list[bytes]:
        """Give the results that a reader of what is committed sees, open transactions ended."""
        await self.pair.stop()
        await self.pair.start()
        return [record.value for record in await consume(self.stack, self.results)]

    async def committed(self) -> int | None:
        """The group's offset of the input."""
        found: int | None = await self.member.consumer.committed(self.actions)
        return found


@pytest.fixture
async def scene(
    stack: Stack, connection: dict[str, Any], prefix: str, member: Member, make_topic: MakeTopic
) -> AsyncIterator[Scene]:
    results = await make_topic("results")
    pair = ProducerPair(f"{prefix}worker", **connection)
    await pair.start()
    yield Scene(stack, member, pair, results)
    await pair.stop()


def row(value: bytes) -> Row:
    """A row with a key and a header."""
    return (b"u-1", value, [("schema", b"x-1")])


async def test_a_turn_is_visible_with_its_offsets(scene: Scene) -> None:
    """Committed results are there in order, and the group stands behind what they were made of."""
    for number in range(3):
        producer, sent = await scene.send([row(b"%d" % number)])
        await scene.commit(producer, sent, offset=number + 1)
    assert await scene.visible() == [b"0", b"1", b"2"]
    assert await scene.committed() == 3


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"generation": 0}, IllegalGenerationError),
        # FENCED_INSTANCE_ID has no class of its own in aiokafka.
        ({"member_id": "somebody else"}, UnknownError),
        ({"member_id": "somebody else", "instance_id": None}, UnknownMemberIdError),
    ],
    ids=["of a past generation", "under another's name", "of a stranger"],
)
async def test_a_stale_worker_commits_nothing(
    scene: Scene, changed: dict[str, Any], refusal: type[KafkaError]
) -> None:
    """Offsets of a past generation or of a stranger are refused, and all their results with them."""
    producer, sent = await scene.send([row(b"good")])
    await scene.commit(producer, sent, offset=1)
    producer, sent = await scene.send([row(b"of a zombie")])
    stale = Membership(**(scene.member.membership._asdict() | changed))
    with pytest.raises(KafkaError) as refused:
        await scene.commit(producer, sent, offset=2, by=stale)
    assert type(refused.value.__cause__) is refusal
    assert await scene.visible() == [b"good"]
    assert await scene.committed() == 1


async def test_a_failed_batch_commits_nothing(scene: Scene, make_topic: MakeTopic) -> None:
    """A batch that the broker refuses ends the transaction: nothing visible, offsets unmoved."""
    narrow = await make_topic("narrow", max_message_bytes="1000")
    producer, sent = await scene.send([row(b"beside it")])
    sent += await producer.send_rows(narrow, 0, [row(b"x" * 2_000)])
    with pytest.raises(MessageSizeTooLargeError):
        await scene.commit(producer, sent, offset=7)
    assert await scene.visible() == []
    assert await scene.committed() is None


async def test_the_later_start_wins(scene: Scene, connection: dict[str, Any], prefix: str) -> None:
    """A second process of the same name ends the open transaction of the first, and its right to more."""
    producer, sent = await scene.send([row(b"of the first")])
    second = ProducerPair(f"{prefix}worker", **connection)
    await second.start()
    with pytest.raises(ProducerFenced):
        await scene.commit(producer, sent, offset=1)
    await second.stop()
    assert await scene.visible() == []
    assert await scene.committed() is None


@pytest.mark.parametrize("size", [1, 400_000, MAX_BATCH_BYTES + 50_000])
async def test_rows_fill_batches(scene: Scene, size: int) -> None:
    """Rows of any size that the broker takes are sent in order, in as few batches as they fit."""
    values = [b"%d" % number * size for number in range(5)]
    producer, sent = await scene.send(map(row, values))
    assert len(sent) == {1: 1, 400_000: 3}.get(size, 5)
    await scene.commit(producer, sent, offset=1)
    assert await scene.visible() == values


async def test_no_rows_are_no_batch(scene: Scene) -> None:
    """A turn that says nothing on a topic sends nothing there, and can be committed."""
    producer, sent = await scene.send([])
    assert sent == []
    await scene.commit(producer, sent, offset=4)
    assert await scene.visible() == []
    assert await scene.committed() == 4


async def test_an_open_transaction_is_not_seen(scene: Scene) -> None:
    """What is not committed is invisible, and is gone once its worker has started again."""
    await scene.send([row(b"never")])
    assert await scene.visible() == []
