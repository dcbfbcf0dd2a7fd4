"""What the rules say of a board: the decimals of its scores, and whether there is such a board."""

from decimal import Decimal

import pytest

from cli.boards import Present, score_as
from schemas.moments import calendar_of

RULES = {
    "currencies": {"kg": {"scale": 3}, "trips": None},
    "boards": {
        "teams": {"split": "team", "measure": "balance", "periods": ["weekly"]},
        "savers": {"periods": ["all_time", "weekly"]},
        "trips": {"currency": "trips", "periods": ["monthly"]},
        "rides": {"measure": "count(RIDE)", "periods": ["all_time"]},
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


def test_the_board_worth_a_look_is_of_all_members() -> None:
    """Its week, where it has weeks; a program may have none."""
    boards = RULES["boards"]
    assert NOW.first_board() == ("savers", "weekly:1970-W01")
    without_weeks = {name: boards[name] for name in ("teams", "rides")}
    assert NOW._replace(rules={"boards": without_weeks}).first_board() == ("rides", "all_time")
    assert NOW._replace(rules={"boards": {"teams": boards["teams"]}}).first_board() is None
    assert NOW._replace(rules={}).first_board() is None


def test_it_is_told_whether_program_or_board_is_missing() -> None:
    """A board that there is lacks nothing, a misspelt one is told with those there are."""
    assert NOW.lacks("carbon", "teams:red") is None
    gone = NOW.lacks("carbon", "gone:red")
    assert gone is not None
    assert (gone.what, gone.advice) == (
        "carbon has no board gone",
        "it has teams, savers, trips, rides",
    )
    unknown = Present({}, NOW.day).lacks("carbno", "savers")
    assert unknown is not None
    assert unknown.what == "no version of carbno is in force"
