"""Calls for boards that nobody reads yet: of any size, and cut so that Redis takes them side by side. Pure.

Such a call has no end: rebuilt boards get their positions when they are switched to.
"""

from collections.abc import Iterator
from typing import Final

from sinks.board_calls import Board, Call, Change
from sinks.board_words import Way

CHANGES_PER_CALL: Final = 250
"""A call of so many keeps reads waiting for some milliseconds."""


def changes_of(call: Call) -> int:
    """Count the changes of a call."""
    return sum(map(len, call.boards.values())) + sum(map(len, call.hidden.values()))


def pieces(call: Call, most: int = CHANGES_PER_CALL) -> Iterator[Call]:
    """Cut a call into quiet ones of at most `most` changes; they may be applied in any order."""
    piece, count = nothing(call.ways), 0
    for hidden, boards in enumerate((call.boards, call.hidden)):
        for board, changes in boards.items():
            for user, change in changes.items():
                change.quiet = True
                into = piece.hidden if hidden else piece.boards
                into.setdefault(board, {})[user] = change
                count += 1
                if count == most:
                    yield piece
                    piece, count = nothing(call.ways), 0
    if count:
        yield piece


def taken(call: Call, user: str) -> Call:
    """Part a member's changes from a call; the call keeps the others'."""

    def part(boards: dict[Board, dict[str, Change]]) -> dict[Board, dict[str, Change]]:
        return {
            board: {user: changes.pop(user)} for board, changes in boards.items() if user in changes
        }

    return Call(0, part(call.boards), part(call.hidden), ways=call.ways)


def nothing(ways: dict[Board, Way] | None = None) -> Call:
    """Give a call that changes nothing yet, on boards of these ways."""
    return Call(0, {}, {}, ways={} if ways is None else ways)
