"""What ranks mean: percentages, names of standings, points to the next rank; and what decaying scores are worth."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.board_ranks import (
    Entry,
    Ties,
    points_to_pass,
    points_to_share,
    standing,
    top_percent,
    worth,
)

BANDS = {"Champion": 1, "Master": 5, "Expert": 10}
MOST = 2**53


@pytest.mark.parametrize(
    ("rank", "participants", "expected"),
    [
        (16, 125_000, "0.01"),  # 0.0128
        (19, 125_000, "0.02"),  # 0.0152
        (3, 20_000, "0.02"),  # 0.015: halves go up
        (1, 125_000, "0.01"),  # 0.0008: at least 0.01
        (1, MOST, "0.01"),
        (1, 1, "100.00"),
        (1, 3, "33.33"),
        (2, 3, "66.67"),
        (999, 1_000, "99.90"),
        (99_999, 100_000, "100.00"),  # 99.999
        (125_000, 125_000, "100.00"),
    ],
)
def test_the_top_percentage(rank: int, participants: int, expected: str) -> None:
    """Nearest to two places, never less than 0.01."""
    assert f"{top_percent(rank, participants)}" == expected


@given(st.integers(1, MOST), st.integers(1, MOST))
def test_the_top_percentage_is_the_nearest(one: int, other: int) -> None:
    """No other value of two places is nearer."""
    rank, participants = min(one, other), max(one, other)
    shown = Fraction(top_percent(rank, participants))
    exact = Fraction(100 * rank, participants)
    assert abs(shown - exact) <= Fraction(1, 200) or shown == Fraction(1, 100) > exact


@pytest.mark.parametrize(
    ("rank", "participants", "expected"),
    [
        (1, 1, "Champion"),
        (1, 100, "Champion"),
        (2, 100, "Master"),
        (2, 101, "Champion"),  # 1 % of 101 are 1.01, which are two members
        (5, 100, "Master"),
        (6, 100, "Expert"),
        (10, 100, "Expert"),
        (11, 100, None),
        (11, 101, "Expert"),
        (100, 100, None),
        (90_071_992_547_410, MOST, "Champion"),
        (90_071_992_547_411, MOST, "Master"),
    ],
)
def test_the_name_of_a_standing(rank: int, participants: int, expected: str | None) -> None:
    """A band holds the first ceil(n * percent / 100): no board has a top of nobody."""
    assert standing(rank, participants, BANDS) == expected


def test_bands_may_be_parts_of_a_percent() -> None:
    """Percentages are exact decimals, however a document of JSON spells them."""
    for bands in ({"Elite": 0.1}, {"Elite": "0.1"}, {"Elite": Decimal("0.1")}):
        assert standing(100, 100_000, bands) == "Elite"
        assert standing(101, 100_000, bands) is None
    assert standing(1, 100, {}) is None


@pytest.mark.parametrize(
    ("ties", "own", "other", "points"),
    [
        ("reached", ("bob", 1504, 5), ("ann", 1580, 9), 77),
        ("reached", ("bob", 10, 5), ("ann", 10, 3), 1),
        ("reached", ("bob", -3, 5), ("ann", 2, 3), 6),
        ("reached", ("bob", -MOST, 5), ("ann", MOST, 3), 2 * MOST + 1),
        ("signup", ("bob", 10, 2), ("ann", 12, 3), 2),
        ("signup", ("bob", 10, 4), ("ann", 12, 3), 3),
        ("id", ("ann", 10, 0), ("bob", 12, 0), 2),
        ("id", ("zoe", 10, 0), ("bob", 12, 0), 3),
    ],
)
def test_points_to_pass(
    ties: Ties, own: tuple[str, int, int], other: tuple[str, int, int], points: int
) -> None:
    """An equal score reached later stands behind; with an earlier tie value that stays it is enough."""
    entries = [Entry(0, user, score, tie) for user, score, tie in (own, other)]
    assert points_to_pass(*entries, ties) == points


@given(st.integers(-MOST, MOST), st.integers(-MOST, MOST))
def test_points_to_share(one: int, other: int) -> None:
    """Whoever gets them has the very score."""
    low, high = sorted((one, other))
    assert low + points_to_share(Entry(2, "a", low, 1), Entry(1, "b", high, 1)) == high


@pytest.mark.parametrize(
    ("own", "other", "points"),
    [("0.810", "0.900", 1), ("0.810", "1.810", 2), ("0.810", "1.811", 2), ("1.000", "1.000", 1)],
)
def test_whole_points_pass_decaying_scores(own: str, other: str, points: int) -> None:
    """Points are whole; as many as bring the score over the other's."""
    entries = [Entry(0, user, Decimal(score), 1) for user, score in (("a", own), ("b", other))]
    assert points_to_pass(*entries) == points


@pytest.mark.parametrize(
    ("score", "of_a_point", "expected"),
    [
        (1, 0.9**2, "0.810"),
        (1, 0.5**4, "0.063"),  # 0.0625: halves away from zero
        (-1, 0.5**4, "-0.063"),
        (5, 0.9**4, "3.281"),  # 3.2805, though 5 * 0.9 ** 4 is a double above or below it
        (1, 0.9**400, "0.000"),
        (0, 0.9, "0.000"),
    ],
)
def test_a_worth_has_three_places(score: float, of_a_point: float, expected: str) -> None:
    """Rounded nearest, as if doubles were exact."""
    assert f"{worth(score, of_a_point)}" == expected
