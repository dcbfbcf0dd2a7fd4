"""What the rules say of a board: the decimals of its scores, and whether there is such a board."""

from decimal import Decimal

import pytest

from cli.boards import Present, score_as
from schemas.moments import calendar_of

RULES = {
    "currencies": {"kg": {"scale": 3}, "trips": None},
    "boards": {
        "savers": {},
        "trips": {"currency": "trips"},
        "rides": {"measure": "count(RIDE)"},
        "teams": {"split": "team", "measure": "balance"},
    },
}
NOW = Present(RULES, calendar_of("UTC").day(0))


@pytest.mark.parametrize(
    ("board", "scale"), [("savers", 3), ("trips", 0), ("rides", 0), ("teams:red", 3), ("gone", 3)]
)
def test_scores_have_the_decimals_of_their_currency(board: str, scale: int) -> None:
    """Of the board's own or the first; what counts actions has none."""
    assert NOW.scale(board) == scale


def test_a_score_is_written_in_whole_units() -> None:
    """Also one that decays, which is between two smallest units."""
    assert score_as(1_234_500, 3) == "1,234.5"
    assert score_as(1_234_500, 0) == "1,234,500"
    assert score_as(Decimal("1500.25"), 3) == "1.50025"
    assert score_as(Decimal("1500.25"), 0) == "1,500.25"


def test_it_is_told_whether_program_or_board_is_missing() -> None:
    """A board that there is lacks nothing, a misspelt one is told with those there are."""
    assert NOW.lacks("carbon", "teams:red") is None
    gone = NOW.lacks("carbon", "gone:red")
    assert gone is not None
    assert (gone.what, gone.advice) == (
        "carbon has no board gone",
        "it has savers, trips, rides, teams",
    )
    unknown = Present({}, NOW.day).lacks("carbno", "savers")
    assert unknown is not None
    assert unknown.what == "no version of carbno is in force"
