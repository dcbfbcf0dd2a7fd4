"""What is fetched too early for the next turn is delivered all the same, without waiting for more."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.types import TP

from processors.app import make_app
from processors.settings import Settings
from processors.stream.transport import Consumer
from processors.stream.turns import Membership, Pace, Run, Turn
from tests.support.waiting import eventually

ACTIONS = TP("actions", 0)


class Fetched:
    """Stands for aiokafka's thread: gives one run for each fetch, then nothing for as long as is waited."""

    def __init__(self, *runs: Run) -> None:
        self.runs = list(runs)
        self.waits: list[float] = []

    async def fetch(self, partitions: set[TP], timeout: float) -> dict[TP, Run]:  # noqa: ARG002, ASYNC109
        """Give the next run; without one, come back after the time that nothing came in."""
        if self.runs:
            return {ACTIONS: self.runs.pop(0)}
        self.waits.append(timeout)
        await asyncio.sleep(timeout)
        return {}


def run(start: int, end: int) -> Run:
    records: list[Any] = [SimpleNamespace(offset=offset) for offset in range(start, end)]
    return Run(start, end, records)


@pytest.fixture
async def consumer(monkeypatch: pytest.MonkeyPatch) -> Consumer:
    """Give a consumer that owns one partition and is about to read it from the beginning."""
    made = make_app("scoring", Settings()).turns
    made._thread.thread_loop.close()  # It is not started here.
    monkeypatch.setattr(made, "_get_active_partitions", lambda: {ACTIONS})
    made.next_offsets = {ACTIONS: 0}
    made.membership = Membership(1, "member", None)
    made.waiting = Turn(made.membership)
    made.flow_active = True
    return made


async def drained(consumer: Consumer, until: Callable[[], bool]) -> None:
    """Let the consumer fetch and deliver until something holds."""
    fetcher: Any = SimpleNamespace(should_stop=False)
    draining = asyncio.create_task(consumer._drain_messages(fetcher))

    async def holds() -> bool:
        return until()

    await eventually(holds)
    fetcher.should_stop = True
    await draining


async def test_what_comes_too_early_is_delivered_when_it_is_time(consumer: Consumer) -> None:
    """A turn shorter than the pace leaves records waiting: the loop brings them, and waits for no others."""
    turns: list[Turn] = []

    async def deliver(message: Any) -> None:  # noqa: ANN401 - Faust's message, whose value is a turn
        turn = cast("Turn", message.value)
        turns.append(turn)
        await consumer.finish(turn)

    consumer.callback = deliver
    consumer.pace = Pace(turns=0.2, fetches=0.01)
    consumer.delivered_at -= 1
    fetched = Fetched(run(0, 2), run(2, 5))
    consumer._thread = cast("Any", fetched)
    await drained(consumer, lambda: len(turns) == 2)
    assert [turn.runs[ACTIONS].end for turn in turns] == [2, 5]
    first_without_records = fetched.waits[0]
    assert first_without_records == 0.0
