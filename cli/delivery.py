"""Records sent one after another, each known to have reached the broker before all is called sent."""

from asyncio import Future, gather
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from cli.refusals import Refusal
from schemas.wire import VALUE_BYTES_MAX

_WAITING_MOST = 10_000
"""Most records on their way at a time; what a producer has read is kept until it arrived."""


class _Sent(NamedTuple):
    name: str
    arriving: "Future[object]"


class Delivery:
    """Sends records to a topic and hears, in their order, whether each arrived.

    Both methods raise Refusal for the first record that did not arrive: its name, how many before
    it did, and what to do. Nothing is to be sent after that.
    """

    def __init__(self, producer: AIOKafkaProducer, topic: str) -> None:
        self._producer = producer
        self._topic = topic
        self._waiting: deque[_Sent] = deque()
        self._arrived = 0

    async def send(
        self,
        name: str,
        value: bytes | None,
        key: bytes | None,
        headers: Sequence[tuple[str, bytes | None]] | None = None,
    ) -> None:
        """Send a record, which people know by `name`, as soon as few enough are on their way."""
        while self._waiting and (
            self._waiting[0].arriving.done() or len(self._waiting) >= _WAITING_MOST
        ):
            await self._first()
        try:
            arriving = await self._producer.send(self._topic, value, key, headers=headers)
        except KafkaError as error:  # One that is too large for the producer itself.
            await self.arrived()
            raise self._lost(name, error) from error
        self._waiting.append(_Sent(name, arriving))

    async def arrived(self) -> int:
        """Wait until all that was sent has arrived; give its number."""
        while self._waiting:
            await self._first()
        return self._arrived

    async def _first(self) -> None:
        name, arriving = self._waiting.popleft()
        try:
            await arriving
        except KafkaError as error:
            # The others are heard out, or asyncio would print each that fails too.
            await gather(*(one.arriving for one in self._waiting), return_exceptions=True)
            self._waiting.clear()
            raise self._lost(name, error) from error
        self._arrived += 1

    def _lost(self, name: str, error: KafkaError) -> Refusal:
        mend = "Mend the cause"
        if isinstance(error, MessageSizeTooLargeError):
            mend = (
                f"An action has at most {VALUE_BYTES_MAX:,} bytes: shorten it. If it has fewer, the "
                f"topic takes less than that: mend its max.message.bytes"
            )
        return Refusal(
            f"{name} did not reach {self._topic}: {error}",
            f"{self._arrived:,} before it were sent, perhaps some after it. {mend}, and send all of "
            "them again: what was sent already is declined as `duplicate`",
        )
