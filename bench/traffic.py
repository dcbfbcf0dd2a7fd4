"""Open-loop traffic: actions leave at their times, whether or not earlier ones were answered.

Latency is counted from the moment at which an action was to be sent: when the producer or the broker
stalls, the wait of every action behind it counts too (no coordinated omission).
"""

import asyncio
import time
from collections.abc import Callable
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
    """What was sent when; times are epoch seconds."""

    began: float
    rate: float
    count: int = 0
    finished: bool = False
    # By number of the action: when the broker took it.
    appended: dict[int, float] = field(default_factory=dict)
    # The longest that an action was handed over after its time.
    late: float = 0.0

    def due(self, number: int) -> float:
        """When the n-th action was to be sent."""
        return self.began + number / self.rate


async def send(
    ground: Ground,
    load: Load,
    rate: float,
    begun: Callable[[Sent], None] = lambda _: None,
) -> Sent:
    """Send a load at `rate` actions a second; `begun` is given what is being filled."""
    sent = Sent(time.time() + 0.1, rate)
    begun(sent)
    records, place = make(load, sent.due), Partitions(ground.partitions)
    topic = ground.settings.topic("actions")
    async with aiokafka.AIOKafkaProducer(acks="all", linger_ms=0, **ground.connection) as producer:
        while sent.count < load.actions:
            now = time.time()
            waiting = int((now - sent.began) * rate) - sent.count
            if waiting > 0:
                sent.late = max(sent.late, now - sent.due(sent.count))
            for key, value in islice(records, max(0, waiting)):
                future = await producer.send(topic, value, key, partition=place.of(key))
                if sent.count % SAMPLED == 0:
                    future.add_done_callback(partial(_appended, sent, sent.count))
                sent.count += 1
            await asyncio.sleep(_TICK_SECONDS)
        await producer.flush()
    sent.finished = True
    return sent


def _appended(sent: Sent, number: int, future: "asyncio.Future[RecordMetadata]") -> None:
    if not future.cancelled() and future.exception() is None:
        sent.appended[number] = future.result().timestamp / 1000
