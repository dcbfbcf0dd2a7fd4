"""Listens to a result topic while traffic comes in, and notes how long each result took."""

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import aiokafka
import msgspec
from aiokafka.structs import ConsumerRecord, TopicPartition

from bench.stage import Ground
from bench.traffic import Sent

WARM_UP_SECONDS = 3.0
"""Actions sent before this do not count."""

_ACTION_ID = b'"action_id":"a-'
_DIGITS = 8


@dataclass(slots=True)
class Heard:
    """What a reader heard: seconds from the intended send of an action to each result of it."""

    own: list[float] = field(default_factory=list)
    # Of what was derived for another member, from the intended send of the parent.
    derived: list[float] = field(default_factory=list)
    # Of sampled ones: to the broker; waiting and deciding; committing and reading.
    stages: list[tuple[float, float, float]] = field(default_factory=list)


@dataclass(slots=True)
class Reader:
    """A topic, and what hears each of its records with the time at which it was read."""

    topic: str
    hear: Callable[[Sent, ConsumerRecord, float], None]


class _Update(msgspec.Struct):
    board: str
    period: str
    occurred_at: str


_read_update = msgspec.json.Decoder(_Update).decode


async def listen(ground: Ground, reader: Reader, sent: Sent) -> None:
    """Hand on every committed record of the reader's topic, until cancelled."""
    numbers = range(ground.partitions)
    topics = [TopicPartition(ground.settings.topic(reader.topic), number) for number in numbers]
    async with aiokafka.AIOKafkaConsumer(
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        **ground.connection,
    ) as client:
        client.assign(topics)
        while True:
            fetched = await client.getmany(timeout_ms=100)
            at = time.time()
            for records in fetched.values():
                for record in records:
                    reader.hear(sent, record, at)


def hear_posting(heard: Heard, sent: Sent, record: ConsumerRecord, at: float) -> None:
    """Note how long after its action a posting is read."""
    start = record.value.find(_ACTION_ID) + len(_ACTION_ID)
    number = int(record.value[start : start + _DIGITS])
    if sent.due(number) < sent.began + WARM_UP_SECONDS:
        return
    latency = at - sent.due(number)
    if record.value[start + _DIGITS : start + _DIGITS + 1] == b"#":
        heard.derived.append(latency)
        return
    heard.own.append(latency)
    appended = sent.appended.get(number)
    if appended is not None:
        written = record.timestamp / 1000
        heard.stages.append((appended - sent.due(number), written - appended, at - written))


def hear_update(heard: Heard, sent: Sent, record: ConsumerRecord, at: float) -> None:
    """Note how long after the action that happened last a board's change is read."""
    update = _read_update(record.value)
    due = dt.datetime.fromisoformat(update.occurred_at).timestamp()
    if (update.board, update.period) == ("global", "all_time") and due >= (
        sent.began + WARM_UP_SECONDS
    ):
        heard.own.append(at - due)
