"""Who owns partitions in the name of a sink, and looks whether it still stands where it was left."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from faust.types import TP
from redis.asyncio import Redis

from processors import projections
from processors.boards import boards_projector
from processors.projections import SinkOwner
from processors.stream.last_words import EXIT_CODE
from processors.stream.turns import Membership
from sinks.redis_boards import RedisBoards
from tests.support.boards import AT, NEW, Published, bring, on_global
from tests.support.waiting import eventually


class EndedError(Exception):
    """The process would have ended."""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let looks follow one another, and the end of a process be seen."""

    def end(code: int) -> NoReturn:
        raise EndedError(code)

    monkeypatch.setattr(projections, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(os, "_exit", end)


async def owner(redis: Redis, consumer: Any) -> SinkOwner:  # noqa: ANN401 - as much of Faust's as is asked
    """Give who owns a partition of an empty sink."""
    made = SinkOwner(boards_projector(RedisBoards(redis), Published().publish), consumer)
    await made.take_over({TP(*AT)}, Membership(1, "one", None))
    return made


def consumer(*, flow_active: bool) -> Any:  # noqa: ANN401 - as much of Faust's as is asked
    """Give a consumer whose records flow, or which hands partitions over."""

    async def first(*partitions: TP) -> dict[TP, int]:
        return dict.fromkeys(partitions, 0)

    async def committed(partitions: set[TP]) -> dict[TP, None]:
        return dict.fromkeys(partitions)

    return SimpleNamespace(earliest_offsets=first, committed=committed, flow_active=flow_active)


@contextmanager
def watching(owner: SinkOwner) -> Iterator[asyncio.Task[None]]:
    """Look until the end."""
    task = asyncio.create_task(owner.watch())
    yield task
    task.cancel()


async def moved(redis: Redis) -> int:
    """Let another worker bring a posting; give where the sink stands then."""
    other = RedisBoards(redis)
    await other.standing(NEW)
    await bring(other, [on_global(1, "ann", 5)])
    await other.settle({AT: (0, 1)})
    return 1


@pytest.mark.usefixtures("quick")
async def test_a_sink_that_somebody_moved_is_read_from_where_it_stands(redis: Redis) -> None:
    """A worker whose sink was rebuilt, say, ends: started again it asks where to read on."""
    with watching(await owner(redis, consumer(flow_active=True))) as task:
        await moved(redis)
        with pytest.raises(EndedError, match=str(EXIT_CODE)):
            await asyncio.wait_for(task, 60.0)


@pytest.mark.usefixtures("quick")
async def test_who_hands_partitions_over_sees_the_sink_move(redis: Redis) -> None:
    """Their next owner may be quicker to take them over than we hear what is ours; nobody ends for that."""
    handing = await owner(redis, consumer(flow_active=False))
    with watching(handing) as task:
        stands = await moved(redis)

        async def seen() -> bool:
            return task.done() or handing._projector.state.positions == {AT: stands}

        await eventually(seen)
        await asyncio.sleep(0)
        assert not task.done()
