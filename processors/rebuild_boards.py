"""Rebuilds boards from `rewards.earned` while they are read and written: beside them, then a switch.

What was told to subscribers is not told again: the rebuilt boards hold exactly the records that the
projector has applied and published, and it goes on from there.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Final

from redis.asyncio import Redis

from processors.boards import by_program
from processors.projector import Run
from processors.replay import Log, Positions, distance
from processors.stream.turns import Run as Records
from sinks.board_rebuild import RebuiltBoards, known_programs, restore, settled
from sinks.positions import Assigned, Partition

FEW: Final = 10_000
"""Offsets still to be read when projectors are stopped for the switch: a fraction of a second."""

RECORDS_AT_ONCE: Final = 500
"""Records read before the calls under way get their turn."""

Progress = Callable[[int, int], None]
"""Told how many offsets were read, and how many there are to read as far as is known."""


def silent(_done: int, _total: int) -> None:
    """Tell nobody."""


async def rebuild_boards(
    redis: Redis,
    log: Log,
    assigned: Mapping[Partition, Assigned],
    programs: Collection[str] | None = None,
    progress: Progress = silent,
) -> list[str]:
    """Rebuild the boards of `programs`, or of all in the log; give the programs switched to.

    `assigned` is what Kafka knows of every partition. Broken off it leaves everything as it was, but
    for projectors that wait if that happened during the switch; called again it begins anew. Raises
    SupersededError when somebody else begins to rebuild the same boards.
    """
    rebuilt = RebuiltBoards(redis)
    for program in await known_programs(redis) if programs is None else programs:
        await rebuilt.begin(program)
    at: Positions = {partition: known.first for partition, known in assigned.items()}
    done, left = 0, 0
    while True:
        to, before = await settled(redis, assigned), left
        left = distance(at, to)
        total = done + left
        async for turn in log.turns(at, to):
            for run in turn.values():
                await bring(rebuilt, run, new_too=programs is None)
                done += run.end - run.start
                progress(done, total)
        at = to
        if left <= FEW or 0 < before <= left:
            break
    await _switch(rebuilt, log, at)
    await restore(redis, rebuilt.programs, at)
    return rebuilt.programs


async def bring(rebuilt: RebuiltBoards, run: Run, *, new_too: bool) -> None:
    """Bring a run to the boards of every program begun; those first seen here too where wanted."""
    records = list(run.records)
    for first in range(0, len(records), RECORDS_AT_ONCE):
        part = Records(run.start, run.end, records[first : first + RECORDS_AT_ONCE])
        for program, postings in by_program(part).items():
            if new_too:
                await rebuilt.begin(program)
            if program in rebuilt.programs:
                await rebuilt.bring(program, (posting for _, posting in postings))
        await asyncio.sleep(0)


async def _switch(rebuilt: RebuiltBoards, log: Log, at: Positions) -> None:
    """Stop the projectors, read what they are ahead, and put the rebuilt boards in place."""
    async with rebuilt.held():
        stands = {program: await rebuilt.reached(program, at) for program in rebuilt.programs}
        ends = {p: max([to, *(reached[p] for reached in stands.values())]) for p, to in at.items()}
        async for turn in log.turns(at, ends):
            for partition, run in turn.items():
                for program, postings in by_program(run).items():
                    if program in stands:
                        end = stands[program][partition]
                        await rebuilt.bring(program, (one for at, one in postings if at < end))
        await rebuilt.flushed()
        for program, positions in stands.items():
            await switched(rebuilt, program, positions)


async def switched(rebuilt: RebuiltBoards, program: str, positions: Positions) -> None:
    """Put one program's rebuilt boards in place; from here on they are read and written."""
    await rebuilt.switch(program, positions)
