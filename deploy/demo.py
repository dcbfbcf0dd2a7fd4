"""Sends the seeded workload to Kafka at a steady rate, for `laurel run` and for fault tests."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from time import monotonic, time_ns
from typing import Any

import aiokafka
from aiokafka.structs import RecordMetadata

from deploy.workload import USUAL_MIX, Message, Mix, workload

TICK_SECONDS = 0.02
CATCH_UP_SECONDS = 1.0
"""What fell behind further than this, a broker's pause for one, is not made up for in a burst."""


@dataclass
class Sent:
    """How far the demo is; `failed` records may or may not be on the topic."""

    handed_over: int = 0
    acknowledged: int = 0
    failed: int = 0


def wall_clock() -> int:
    """Epoch milliseconds now."""
    return time_ns() // 1_000_000


async def produce(
    bootstrap: str,
    rate: float,
    seed: int,
    *,
    topic: str = "actions",
    limit: int | None = None,
    run: str | None = None,
    members: int = 5_000,
    mix: Mix = USUAL_MIX,
    connection: Mapping[str, Any] | None = None,
    progress: Callable[[Sent], None] | None = None,
    acknowledged: Callable[[Message, RecordMetadata], None] | None = None,
) -> Sent:
    """Send the demo's workload, `rate` records a second, as `deliver` does; say how it went.

    Without `run` the start time names it, so that a later demo says new things.
    """
    run = run or f"{seed:x}-{wall_clock():x}"
    messages = workload(seed, wall_clock, run=run, members=members, mix=mix)
    return await deliver(
        bootstrap,
        rate,
        ((topic, message) for message in messages),
        limit=limit,
        connection=connection,
        progress=progress,
        acknowledged=acknowledged,
    )


async def deliver(
    bootstrap: str,
    rate: float,
    messages: Iterator[tuple[str, Message]],
    *,
    limit: int | None = None,
    connection: Mapping[str, Any] | None = None,
    progress: Callable[[Sent], None] | None = None,
    acknowledged: Callable[[Message, RecordMetadata], None] | None = None,
) -> Sent:
    """Send `rate` records a second, each to its topic, until `limit` of them, or for ever.

    `connection` holds further arguments of the Kafka client (TLS, SASL). `progress` hears of every
    tick, `acknowledged` of every record the broker took. A cancelled call has flushed what it
    handed over.
    """
    sent = Sent()
    producer = aiokafka.AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, linger_ms=5, **(connection or {})
    )
    async with producer:
        began, owed = monotonic(), 0
        while limit is None or sent.handed_over < limit:
            due = int((monotonic() - began) * rate) - owed
            if due > rate * CATCH_UP_SECONDS + 1:
                began, owed, due = monotonic(), 0, 0
            due = due if limit is None else min(due, limit - sent.handed_over)
            for topic, message in islice(messages, due):
                future = await producer.send(
                    topic, value=message.value, key=message.key, headers=message.headers
                )
                future.add_done_callback(partial(_answered, sent, message, acknowledged))
            owed += due
            sent.handed_over += due
            if progress:
                progress(sent)
            await asyncio.sleep(TICK_SECONDS)
        await producer.flush()
    return sent


def _answered(
    sent: Sent,
    message: Message,
    acknowledged: Callable[[Message, RecordMetadata], None] | None,
    future: asyncio.Future[RecordMetadata],
) -> None:
    if future.cancelled() or future.exception():
        sent.failed += 1
        return
    sent.acknowledged += 1
    if acknowledged:
        acknowledged(message, future.result())
