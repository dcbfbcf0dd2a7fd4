"""Sends actions of jobs, no more than the workers are to be asked for in a second."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from aiokafka import AIOKafkaProducer

from processors.jobs.actions import JobAction, record
from processors.jobs.clock import Clock
from processors.settings import Settings

PER_SECOND: Final = 1_000
"""Actions a second at most: jobs never crowd out what members do."""

AT_ONCE: Final = 100
"""Actions sent before the first of them must be acknowledged."""

REQUEST_MS: Final = 10_000
"""A broker that has not answered after this long is away."""


class Sender:
    """Sends to `actions.internal`; every acknowledgement tells the clock which time it is.

    `told` is given how many actions the broker has taken.
    """

    def __init__(
        self, settings: Settings, clock: Clock, told: Callable[[int], None] = lambda _: None
    ) -> None:
        self._told = told
        self._settings = settings
        self._topic = settings.topic("actions.internal")
        self._clock = clock
        self._producer: AIOKafkaProducer | None = None
        self._turn = asyncio.Lock()
        self._free_at = 0.0

    async def send(self, actions: Sequence[JobAction]) -> Counter[str]:
        """Send actions in order; return how many of each type, once the broker has them all."""
        for first in range(0, len(actions), AT_ONCE):
            async with self._turn:
                await self._send(actions[first : first + AT_ONCE])
        return Counter(action.type for action in actions)

    async def stop(self) -> None:
        """Let go of the broker."""
        if self._producer is not None:
            await self._producer.stop()
            self._producer = None

    async def _send(self, actions: Sequence[JobAction]) -> None:
        await asyncio.sleep(self._free_at - time.monotonic())
        self._free_at = time.monotonic() + len(actions) / PER_SECOND
        try:
            written = await write(await self._started(), self._topic, actions)
        except BaseException:
            # Nobody knows what it still sends: a new one begins anew, and ids keep it harmless.
            await self.stop()
            raise
        self._clock.learn(written)
        self._told(len(actions))

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            self._producer = AIOKafkaProducer(
                enable_idempotence=True,
                request_timeout_ms=REQUEST_MS,
                max_request_size=8 << 20,
                **self._settings.kafka_connection,
            )
            await self._producer.start()
        return self._producer


async def write(producer: AIOKafkaProducer, topic: str, actions: Sequence[JobAction]) -> int:
    """Write actions in order; return the append time of the last, once the broker has them all."""
    sending = []
    for action in actions:
        key, value = record(action)
        sending.append(await producer.send(topic, value, key))
    written = [await future for future in sending]
    return int(written[-1].timestamp)
