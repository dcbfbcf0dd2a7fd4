"""Calls of the boards' Function: where they end, and that every amount arrives as it was."""

import pytest

from schemas.results import Posting
from sinks.board_calls import Call, columns, cut, hidden_changes
from sinks.board_words import EXACT
from tests.support.boards import GLOBAL, on_global, scored
from tests.support.runs import posting


def calls(*postings: Posting) -> list[Call]:
    return list(cut([(n, scored(one)) for n, one in enumerate(postings)], len(postings)))


def amounts(call: Call) -> list[object]:
    """Give the amounts of the global board as they are sent."""
    sent, _ = columns(call.boards[GLOBAL])
    found = sent[1]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("words", [[], ["hidden"]])
def test_no_amount_is_merged_beyond_2_to_the_53(sign: int, words: list[str]) -> None:
    """The change that would pass it begins the next call; up to it they become one."""
    steps = [EXACT - 1, 1, 1, 5]
    cuts = calls(*(on_global(n, "ann", sign * step, *words) for n, step in enumerate(steps)))
    assert [call.end for call in cuts] == [2, 4]
    merged = [hidden_changes(call)[0][3] if words else amounts(call)[0] for call in cuts]
    assert merged == [sign * EXACT, sign * 6]


def test_all_that_a_posting_adds_is_looked_at() -> None:
    """Two scores on one board are small enough each, and too much together."""
    twice = posting(1, "ann", [(*GLOBAL, 3), (*GLOBAL, 3)])
    assert [call.end for call in calls(on_global(0, "ann", EXACT - 4), twice)] == [1, 2]


def test_large_amounts_of_different_members_share_a_call() -> None:
    """Only what becomes one amount has to fit into one."""
    (call,) = calls(*(on_global(n, f"u{n}", EXACT - n) for n in range(9)))
    assert amounts(call) == [EXACT - n for n in range(9)]


@pytest.mark.parametrize("sign", [1, -1])
def test_what_one_posting_adds_may_be_more_than_a_double_holds(sign: int) -> None:
    """It is sent in parts that one does."""
    for parts, sent in (
        ([EXACT], EXACT),
        ([EXACT, EXACT], [EXACT, EXACT]),
        ([EXACT, 1], [EXACT, 1]),
        ([EXACT, EXACT, 2], [EXACT, EXACT, 2]),
    ):
        (call,) = calls(posting(1, "ann", [(*GLOBAL, sign * part) for part in parts]))
        found = sent if isinstance(sent, int) else [sign * part for part in sent]
        assert amounts(call) == [sign * sent if isinstance(sent, int) else found]


def test_who_turns_begins_a_call_and_ends_it() -> None:
    """Hiding looks at all that stands there: it is alone, and no empty call goes before it."""
    hides = [posting(n, "ann", [("*", "", 0, "hides")]) for n in (0, 1)]
    cuts = calls(hides[0], on_global(1, "bob", 5), on_global(2, "bob", 5), hides[1])
    assert [call.end for call in cuts] == [1, 3, 4]
    assert [call.turning is not None for call in cuts] == [True, False, True]


@pytest.mark.parametrize(
    ("before", "after", "ends"),
    [
        ([], ["best"], [1, 2]),
        (["best"], [], [1, 2]),
        (["best"], ["last"], [1, 2]),
        (["best"], ["best"], [2]),
        (["best"], ["leaves"], [2]),  # However the board is taken, a score may leave it.
    ],
)
def test_a_board_is_taken_one_way_in_a_call(
    before: list[str], after: list[str], ends: list[int]
) -> None:
    """A new version of the program may take it another way, which begins the next call."""
    cuts = calls(on_global(0, "ann", 5, *before), on_global(1, "bob", 6, *after))
    assert [call.end for call in cuts] == ends


@pytest.mark.parametrize(
    ("modes", "quiet"),
    [(("quiet", "quiet"), True), (("quiet", None), False), ((None, "quiet"), False)],
)
def test_only_what_all_leave_untold_is_untold(modes: tuple[str | None, ...], quiet: bool) -> None:  # noqa: FBT001
    """Of several changes that become one, each that is told is told with it."""
    told = [on_global(n, "ann", 5, *([mode] if mode else [])) for n, mode in enumerate(modes)]
    (call,) = calls(*told)
    assert call.boards[GLOBAL]["ann"].quiet is quiet
