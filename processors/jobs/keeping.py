"""Keeping boards: how long a closed one stays in Redis.

An effect on Redis alone, found by comparing what is with what should be: a Redis that was emptied and
filled again gets it again.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from processors.jobs.means import Means
from processors.jobs.results import is_behind
from sinks.board_calls import Board
from sinks.board_closing import (
    all_boards,
    board_positions,
    closed_boards,
    keep,
)
from sinks.job_reads import KnownPeriod, known_periods, results_at


def lacking(
    known: Iterable[KnownPeriod], closed: Mapping[Board, int], standing: Collection[Board], now: int
) -> list[tuple[Board, int]]:
    """Give the closed boards, with the moment until which each is kept, of which Redis does not know.

    Also those it knows of that stand there still though their time is over.
    """
    found = []
    for each in known:
        board = (each.board, each.period)
        if each.status == "OPEN" or each.keep_until is None:
            continue
        if closed.get(board) != each.keep_until or (board in standing and each.keep_until <= now):
            found.append((board, each.keep_until))
    return found


async def run(means: Means) -> Counter[str]:
    """Let Redis keep closed boards as long as it should."""
    done, now = Counter[str](), means.clock.now()
    for name in means.programs.names():
        done += await _keep(means, name, await known_periods(means.ledger, name), now)
    return done


async def _keep(means: Means, name: str, known: list[KnownPeriod], now: int) -> Counter[str]:
    closed = await closed_boards(means.boards, name)
    standing = await all_boards(means.boards, name)
    positions, done = await board_positions(means.boards), Counter[str]()
    for board, until in lacking(known, closed, standing, now):
        results = await results_at(means.ledger, name, board)
        if not is_behind(results, positions, means.topic_prefix):
            stays = await keep(means.boards, name, board, until)
            done["boards to be kept" if stays else "boards removed"] += 1
    return done
