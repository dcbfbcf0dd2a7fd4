"""Open-loop traffic: actions leave at their times, whether or not earlier ones were answered.

Latency is counted from the moment at which an action was to be sent: when the producer or the broker
stalls, the wait of every action behind it counts too (no coordinated omission).
"""

import asyncio
import time
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

import aiokafka
from aiokafka.structs import RecordMetadata

from bench.load import Load, Partitions, make
from bench.stage import Ground

SAMPLED = 10
"""The broker's append time is kept of one action in so many."""

_TICK_SECONDS = 0.001


@dataclass(slots=True)
class Sent:
    """What was sent when, at `rate` actions a second; times are epoch seconds."""

    rate: float
    began: float = 0.0
    count: int = 0
    # By number of the action: when the broker took it.
    appended: dict[int, float] = field(default_factory=dict)
    # The longest that an action was handed over after its time.
    late: float = 0.0

    def due(self, number: int) -> float:
        """When the n-th action was to be sent."""
        return self.began + number / self.rate


async def send(ground: Ground, load: Load, sent: Sent) -> None:
    """Send a load, filling in `sent` as it goes."""
    place = Partitions(ground.partitions)
    topic = ground.settings.topic("actions")
    async with aiokafka.AIOKafkaProducer(acks="all", linger_ms=0, **ground.connection) as producer:
        sent.began = time.time()
        records = make(load, sent.due)
        while sent.count < load.actions:
            now = time.time()
            waiting = int((now - sent.began) * sent.rate) - sent.count
            if waiting > 0:
                sent.late = max(sent.late, now - sent.due(sent.count))
            for key, value in islice(records, max(0, waiting)):
                future = await producer.send(topic, value, key, partition=place.of(key))
                if sent.count % SAMPLED == 0:
                    future.add_done_callback(partial(_appended, sent, sent.count))
                sent.count += 1
            await asyncio.sleep(_TICK_SECONDS)
        await producer.flush()


def _appended(sent: Sent, number: int, future: "asyncio.Future[RecordMetadata]") -> None:
    if not future.cancelled() and future.exception() is None:
        sent.appended[number] = future.result().timestamp / 1000
