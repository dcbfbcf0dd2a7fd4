"""The boards projector: postings -> boards in Redis -> `leaderboard.updated`.

A turn's partitions go side by side; within one, each program's postings go to the boards in calls
of at most 150 scores, and each call's answer is published before the next call acknowledges it.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from processors.projector import Projector, Run, Turn, side_by_side
from schemas.results import LeaderboardUpdated
from sinks.board_calls import Answer, Call, Scored, cut, read_posting, updates
from sinks.board_store import FAILURES
from sinks.positions import Assigned, Partition
from sinks.redis_boards import RedisBoards

TOPIC = "rewards.earned"

Publish = Callable[[int, list[LeaderboardUpdated]], Awaitable[None]]
"""Sends records of `leaderboard.updated` to a partition number; returns once the broker has them."""


def boards_projector(sink: RedisBoards, publish: Publish) -> Projector:
    """Return the projector that brings `rewards.earned` into `sink`."""
    stand_there = partial(stand, sink, publish)
    return Projector("redis", stand_there, partial(project, sink, publish), FAILURES)


async def stand(
    sink: RedisBoards, publish: Publish, assigned: Mapping[Partition, Assigned]
) -> dict[Partition, int]:
    """Read where the boards stand; publish again what may have been left unpublished."""
    standing = await sink.standing(assigned)
    for answer in standing.answers:
        await published(publish, answer)
    await sink.acknowledge(standing.answers)
    return standing.positions


async def project(sink: RedisBoards, publish: Publish, turn: Turn) -> None:
    """Bring every run of a turn into the boards, then move the positions that reading starts at."""
    await side_by_side(project_run(sink, publish, at, run) for at, run in turn.items())
    await settled(sink, turn)


async def project_run(sink: RedisBoards, publish: Publish, partition: Partition, run: Run) -> None:
    """Bring one run into the boards, program by program."""
    for program, postings in by_program(run).items():
        position = sink.position(program, partition)
        lacking = [(offset, posting) for offset, posting in postings if offset >= position]
        for call in cut(lacking, run.end):
            answer = await applied(sink, program, partition, call)
            await published(publish, answer)


def by_program(run: Run) -> dict[str, list[tuple[int, Scored]]]:
    """Read a run's postings with their offsets, by program."""
    programs: dict[str, list[tuple[int, Scored]]] = {}
    for record in run.records:
        posting = read_posting(record.value)
        programs.setdefault(posting.program, []).append((record.offset, posting))
    return programs


async def applied(sink: RedisBoards, program: str, partition: Partition, call: Call) -> Answer:
    """Apply one call; from here on Redis keeps its answer."""
    return await sink.apply(program, partition, call)


async def published(publish: Publish, answer: Answer) -> None:
    """Publish what an answer tells of; from here on it may be acknowledged."""
    if told := updates(answer):
        await publish(answer.partition[1], told)


async def settled(sink: RedisBoards, turn: Turn) -> None:
    """Say that a whole turn is in the boards."""
    await sink.settle({partition: (run.start, run.end) for partition, run in turn.items()})
