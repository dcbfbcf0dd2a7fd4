"""Calls for boards that nobody reads yet: cut into pieces, and parted by member."""

import random

import pytest

from sinks.board_calls import Board, Call, add
from sinks.board_pieces import changes_of, nothing, pieces, taken
from tests.support.boards import scored
from tests.support.runs import posting


def call_of(postings: int) -> Call:
    """Give a call with changes of twenty members on three boards, some of them hidden."""
    rng, call = random.Random(1), nothing()
    for n in range(postings):
        user = rng.randrange(20)
        words = ["hidden"] if user % 5 == 0 else []
        board = f"b{rng.randrange(3)}"
        add(call, scored(posting(n, f"u{user}", [(board, "all_time", 1, *words)])))
    return call


def changes(call: Call) -> dict[tuple[bool, Board, str], int]:
    return {
        (hidden, board, user): change.amount
        for hidden, boards in ((False, call.boards), (True, call.hidden))
        for board, changes in boards.items()
        for user, change in changes.items()
    }


@pytest.mark.parametrize("most", [1, 7, 1_000])
def test_pieces_hold_every_change_once(most: int) -> None:
    """No piece is larger than asked, none is empty, none is told, and together they are the call."""
    call = call_of(500)
    cut = list(pieces(call, most))
    assert {changes_of(piece) for piece in cut[:-1]} <= {most}
    assert 0 < changes_of(cut[-1]) <= most
    assert all(change.quiet for p in cut for on in p.boards.values() for change in on.values())
    together: dict[tuple[bool, Board, str], int] = {}
    for piece in cut:
        assert not together.keys() & changes(piece).keys()
        together |= changes(piece)
    assert together == changes(call)


def test_nothing_gives_no_piece() -> None:
    """A call without changes is not sent."""
    assert list(pieces(nothing())) == []


@pytest.mark.parametrize("user", ["u3", "u5", "nobody"])
def test_a_members_changes_are_parted(user: str) -> None:
    """What is taken is the member's, hidden or not; what stays is all others'."""
    call = call_of(500)
    before = changes(call)
    part = changes(taken(call, user))
    assert part == {at: amount for at, amount in before.items() if at[2] == user}
    assert changes(call) == {at: amount for at, amount in before.items() if at[2] != user}
