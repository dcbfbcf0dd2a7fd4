"""What Faust's agents do with records that go wrong: a program of its own, printed as JSON.

A failed agent may hang when it is stopped, so the process ends without stopping any.
"""

import asyncio
import json
import logging
import os
import sys
import tempfile
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import faust
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from tests.support.waiting import eventually

TOPIC = TP("numbers", 0)
FROM_ANOTHER_GENERATION = -7

Body = Callable[[faust.StreamT[bytes]], Awaitable[None]]


def made_app(name: str = "traps") -> faust.App:
    """An app that never reaches a broker, but acknowledges as if it did."""
    app = faust.App(
        name,
        broker="kafka://127.0.0.1:1",
        store="memory://",
        autodiscover=False,
        topic_disable_leader=True,
        datadir=tempfile.gettempdir(),
    )
    app.topics.acking_topics.add(TOPIC.topic)
    app.flow_control.resume()
    return app


def made_message(app: faust.App, offset: int, generation: int | None = None) -> ConsumerMessage:
    """A record as Faust's consumer hands it on."""
    return ConsumerMessage(
        TOPIC.topic, TOPIC.partition, offset, 0.0, 0, [], None, b"%d" % offset, None, tp=TOPIC,
        generation_id=app.consumer_generation_id if generation is None else generation,
    )  # fmt: skip


class Agent:
    """A running agent over one topic, fed by hand."""

    def __init__(self, name: str, body: Body) -> None:
        self.app = made_app(name)
        self.agent = self.app.agent(self.app.topic(TOPIC.topic, value_serializer="raw"))(body)

    @property
    def actor(self) -> Any:  # noqa: ANN401 - Faust's own type says less than it has
        """The actor that consumes now, None while the supervisor replaces one that failed."""
        agent: Any = self.agent
        return next((one for one in agent._actors if not one.crashed), None)

    @property
    def acked(self) -> list[int]:
        """The offsets that were acknowledged."""
        consumer: Any = self.app.consumer
        return list(consumer._acked[TOPIC])

    async def feed(self, *offsets: int, generation: int | None = None) -> None:
        """Put a record at each offset into the agent's queue."""
        for offset in offsets:
            message = made_message(self.app, offset, generation)
            event = faust.Event(self.app, None, message.value, {}, message)
            await self.actor.stream.channel.put(event)

    async def until(self, ask: Callable[[], bool]) -> None:
        """Wait for something to come true."""

        async def answer() -> bool:
            return ask()

        await eventually(answer)


async def failing_batch() -> object:
    """An agent whose first batch of five raises."""
    batches: list[list[str]] = []

    async def body(stream: faust.StreamT[bytes]) -> None:
        # Every batch fills up: `within` is only the bound that keeps a busy machine from splitting one.
        async for batch in stream.take(5, within=5):
            batches.append([value.decode() for value in batch])
            if len(batches) == 1:
                raise ValueError("the first batch fails")

    agent = Agent("failing-batch", body)
    await agent.agent.start()
    await agent.feed(0, 1, 2, 3, 4)
    await agent.until(lambda: len(agent.acked) == 5 and agent.actor is not None)
    acked_after_failure = list(agent.acked)
    await agent.feed(5, 6, 7, 8, 9)
    await agent.until(lambda: len(agent.acked) == 10)
    return {"batches": batches, "acked after failure": acked_after_failure}


async def failing_record() -> object:
    """An agent that raises at its only record."""

    async def body(stream: faust.StreamT[bytes]) -> None:
        async for _ in stream:
            raise ValueError("every record fails")

    agent = Agent("failing-record", body)
    await agent.agent.start()
    await agent.feed(10)
    await agent.until(lambda: bool(agent.acked))
    return agent.acked


async def poison_pill() -> object:
    """An agent into which a decoding error is thrown, as Faust does, before three good records."""
    handled = 0

    async def body(stream: faust.StreamT[bytes]) -> None:
        nonlocal handled
        async for batch in stream.take(5, within=0.05):
            handled += len(batch)

    agent = Agent("poison-pill", body)
    await agent.agent.start()
    await agent.actor.stream.channel.throw(ValueError("cannot be decoded"))
    await agent.until(agent.actor.actor_task.done)
    await agent.feed(0, 1, 2)
    return {
        "state": agent.agent.state,
        "crashed": agent.actor.crashed,
        "handled": handled,
        "waiting": agent.actor.stream.channel.queue.qsize(),
    }


async def past_generation() -> object:
    """An agent that is given a record of a past generation, then one of the present."""
    handled: list[str] = []

    async def body(stream: faust.StreamT[bytes]) -> None:
        async for value in stream:
            handled.extend([value.decode()])

    agent = Agent("past-generation", body)
    await agent.agent.start()
    await agent.feed(1, generation=FROM_ANOTHER_GENERATION)
    await agent.feed(2)
    await agent.until(lambda: bool(agent.acked))
    return {"handled": handled, "acked": agent.acked}


async def main() -> None:
    """Run all and print what each found."""
    logging.disable()
    runs = (failing_batch, failing_record, poison_pill, past_generation)
    try:
        sys.stdout.write(json.dumps({run.__name__: await run() for run in runs}))
        sys.stdout.flush()
        os._exit(0)
    except Exception:  # noqa: BLE001 - ends the process, saying why
        traceback.print_exc()
        os._exit(1)


if __name__ == "__main__":
    asyncio.run(main())
