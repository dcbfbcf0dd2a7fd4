"""Stretches of a board as `laurel top` shows them."""

import pytest

from cli.top import stretches
from sinks.board_ranks import Entry


def entries(*ranks: int) -> list[Entry]:
    return [Entry(rank, f"u-{rank}", 100 - rank, 0) for rank in ranks]


@pytest.mark.parametrize(
    ("listed", "own", "expected"),
    [
        ([1, 2, 3], None, [[1, 2, 3]]),
        ([1, 2, 3], 2, [[1, 2, 3]]),
        ([1, 2, 3], 4, [[1, 2, 3, 4]]),
        ([1, 2, 3], 9, [[1, 2, 3], [9]]),
        ([4, 5, 6], 3, [[3, 4, 5, 6]]),
        ([4, 5, 6], 1, [[1], [4, 5, 6]]),
        ([], 9, [[9]]),
    ],
)
def test_a_member_stands_beside_a_stretch(
    listed: list[int], own: int | None, expected: list[list[int]]
) -> None:
    """Whoever is not in it stands before or behind it, with a gap where others are between."""
    found = stretches(entries(*listed), entries(own)[0] if own else None)
    assert [[one.rank for one in part] for part in found] == expected
