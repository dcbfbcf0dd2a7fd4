"""Rank history: every member's rank on a board whose period was closed, kept in PostgreSQL.

It is read from the board soon after the result was decided; of the few actions that come late in
between the restatement tells.
"""

from collections import Counter
from collections.abc import Iterable

from processors.jobs.means import Means
from processors.jobs.reading import whole
from processors.jobs.results import is_behind
from sinks.board_calls import Board
from sinks.board_closing import board_positions
from sinks.job_reads import KnownPeriod, known_periods, results_at
from sinks.rank_history import write_ranks


def due(known: Iterable[KnownPeriod]) -> list[Board]:
    """Name the closed boards whose ranks were not kept yet, the earliest ended first."""
    lacking = [each for each in known if each.status != "OPEN" and each.history == "none"]
    lacking.sort(key=lambda each: (each.ends_at, each.board, each.period))
    return [(each.board, each.period) for each in lacking]


async def run(means: Means) -> Counter[str]:
    """Keep the ranks of every closed board."""
    written, positions = 0, await board_positions(means.boards)
    for name in means.programs.names():
        for board in due(await known_periods(means.ledger, name)):
            results = await results_at(means.ledger, name, board)
            if is_behind(results, positions, means.topic_prefix):
                continue
            async with means.ledger.acquire() as connection:
                found = whole(means, name, board, results)
                written += await write_ranks(connection, name, board, found)
    return Counter({"boards' ranks kept": written}) if written else Counter()
