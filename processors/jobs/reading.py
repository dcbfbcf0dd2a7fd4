"""Reading boards for what is said once and for ever: a Redis that is emptied meanwhile is noticed."""

from collections.abc import AsyncIterator, Mapping

from processors.jobs.means import Means
from processors.jobs.results import is_behind
from sinks.board_calls import Board
from sinks.board_closing import Member, board_positions, members


class LostBoardsError(Exception):
    """Redis lost boards while they were read; who reads again once they are there gets all of them."""


async def certain(means: Means, results: Mapping[str, int]) -> None:
    """Return where boards that were read just now were whole. Raises LostBoardsError.

    `results` are positions that they had passed before, like `rewards.earned:3`.
    """
    if is_behind(results, await board_positions(means.boards), means.topic_prefix):
        raise LostBoardsError("Redis lost boards while they were read: they are waited for")


async def whole(
    means: Means, name: str, board: Board, results: Mapping[str, int]
) -> AsyncIterator[Member]:
    """Give every member of a board; raises LostBoardsError in the end where they may not be all."""
    async for one in members(means.boards, name, board):
        yield one
    await certain(means, results)
