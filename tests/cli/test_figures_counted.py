"""Figures of the live view."""

import json
from decimal import Decimal

import pytest

from cli.figures import RATE_SECONDS, Figures, Moves


def said(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def test_actions_are_counted_by_outcome() -> None:
    """Several postings of one action are one action; points count only where they are given, in units."""
    figures = Figures()
    for partition, action, points in [(0, "a", 4), (0, "a", 6), (1, "a", 1), (0, "b", -5)]:
        earned = said(action_id=action, program="p", points=points, currency="points", id="x")
        figures.count("rewards.earned", partition, earned)
    earned = said(action_id="e", program="q", points=1_500, currency="kg", scale=3, id="x")
    figures.count("rewards.earned", 2, earned)
    figures.count("actions.accepted", 0, said(action_id="c"))
    figures.count("actions.declined", 0, said(action_id="d", reason="duplicate"))
    figures.count("actions.rejected", 0, said(action_id=None, reason="unreadable"))
    assert figures.posted == 4
    assert figures.programs == {"p": 3, "q": 1}
    assert figures.given == {"points": 11, "kg": Decimal("1.5")}
    assert (figures.accepted, dict(figures.declined)) == (1, {"duplicate": 1})
    assert dict(figures.rejected) == {"unreadable": 1}
    assert figures.actions == 7


def test_rate_is_that_of_the_last_seconds() -> None:
    """What happened longer ago than RATE_SECONDS does not count any more."""
    figures = Figures()
    assert figures.rate(100.0) == 0.0
    for second in range(1, 21):
        for number in range(10):
            figures.count("actions.accepted", 0, said(action_id=f"{second}-{number}"))
        assert figures.rate(100.0 + second) == pytest.approx(10.0)
    assert figures.rate(120.0 + RATE_SECONDS) == 0.0


def test_moves_compare_with_a_moment_ago() -> None:
    """Who rose is above 0, who fell below, who was not there is new; old moments are forgotten."""
    moves = Moves(seconds=10.0)
    assert moves.of(0.0, {"a": 1, "b": 2}) == {"a": 0, "b": 0}
    assert moves.of(5.0, {"b": 1, "a": 2, "c": 3}) == {"b": 1, "a": -1, "c": None}
    assert moves.of(16.0, {"b": 1, "c": 2}) == {"b": 0, "c": 1}
