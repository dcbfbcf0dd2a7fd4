"""Waits for what scoring says of one action."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.structs import RecordMetadata

from cli import kafka
from cli.addresses import Place
from cli.refusals import Refusal

OUTCOMES = ("rewards.earned", "actions.accepted", "actions.declined", "actions.rejected")
CONSEQUENCES = ("tier.changed", "achievements.unlocked")


class Result(NamedTuple):
    """A record of a result topic; `topic` is its name without prefix."""

    topic: str
    value: bytes


class _Named(msgspec.Struct, gc=False):
    id: str
    action_id: str | None = None


_read_names = msgspec.json.Decoder(_Named).decode


class Awaiting:
    """Results that come from now on, in one partition."""

    def __init__(self, client: AIOKafkaConsumer, names: dict[str, str]) -> None:
        self._client = client
        self._names = names
        self._read: list[ConsumerRecord] = []

    async def results(self, action_id: str, sent: RecordMetadata, seconds: float) -> list[Result]:
        """Give everything that was said of the action once there is any of it.

        Raises Refusal when nothing is said within so many seconds.
        """
        try:
            async with asyncio.timeout(seconds):
                while not (found := self._found(action_id, sent)):
                    await self._fetch()
        except TimeoutError as error:
            at = f"{sent.topic} partition {sent.partition} offset {sent.offset}"
            raise Refusal(
                f"the action is at {at}, but nothing was said of it within {seconds:g} s",
                "no scoring worker runs or it lags behind: `laurel doctor` tells",
            ) from error
        # All results of one action became visible together; what is fetched first may be a part.
        ends = await self._client.end_offsets(self._client.assignment())
        while any([await self._client.position(tp) < end for tp, end in ends.items()]):
            await self._fetch()
            found = self._found(action_id, sent)
        return found

    async def _fetch(self) -> None:
        for records in (await self._client.getmany(timeout_ms=200)).values():
            self._read += records

    def _found(self, action_id: str, sent: RecordMetadata) -> list[Result]:
        place = f"{sent.topic}/{sent.partition}/{sent.offset}"
        return [
            Result(self._names[record.topic], record.value)
            for record in sorted(self._read, key=_order)
            if is_about(record.value, action_id, place)
        ]


def is_about(value: bytes, action_id: str, place: str) -> bool:
    """Tell whether a result was said of the action with this id, or of the record at this place."""
    said = _read_names(value)
    return action_id == said.action_id or said.id.startswith(f"{action_id}#") or said.id == place


def _order(record: ConsumerRecord) -> tuple[bool, int, str, int]:
    consequence = record.topic.endswith(CONSEQUENCES)
    return consequence, record.timestamp, record.topic, record.offset


@asynccontextmanager
async def awaiting(place: Place, user_id: str) -> AsyncIterator[Awaiting]:
    """Listen to what is said of a subject's actions from now on."""
    names = {place.settings.topic(name): name for name in (*OUTCOMES, *CONSEQUENCES)}
    there = await kafka.partitions(place, *names)
    numbers = sorted({tp.partition for tp in there})
    number = DefaultPartitioner()(user_id.encode(), numbers, numbers)
    async with kafka.consumer(place) as client:
        client.assign([tp for tp in there if tp.partition == number])
        await client.seek_to_end()
        yield Awaiting(client, names)
