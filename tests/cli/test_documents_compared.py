"""Program documents side by side, stopped ones, and bound ones."""

from typing import Any

import pytest

from cli.compiled import compiled
from cli.documents import Change, changes, without
from cli.program_files import PROGRAMS
from cli.refusals import Refusal
from processors.engine import bind
from processors.engine.numbers import TIMES
from schemas.program_files import read_program_file


@pytest.fixture(scope="module")
def loyalty() -> dict[str, Any]:
    return dict(read_program_file(PROGRAMS / "loyalty" / "2025-01-01.yaml").content)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, [Change("a.c", "2", "3")]),
        ({"a": 1}, {"b": 2}, [Change("b", None, "2"), Change("a", "1", None)]),
        ({"a": [1]}, {"a": [1, True]}, [Change("a", "[1]", "[1, yes]")]),
        ({"a": {"b": 1}}, {"a": None}, [Change("a", "{b: 1}", "null")]),
    ],
)
def test_every_changed_place_is_named(old: object, new: object, expected: list[Change]) -> None:
    """A change has its innermost place with the old and the new value."""
    assert list(changes(old, new)) == expected


def test_a_stopped_action_has_no_rule_that_is_on(loyalty: dict[str, Any]) -> None:
    """Only the rules of the stopped action change, from the moment given on; it can be bound."""
    stopped = without(loyalty, ["REVIEW"], "2026-01-02T03:04:05.000Z")
    found = [change for change in changes(loyalty, stopped) if change.place != "examples"]
    assert found == [
        Change("effective_from", "2025-01-01", "2026-01-02T03:04:05.000Z"),
        Change("actions.REVIEW.rules.review.active", None, "no"),
    ]
    bound = bind(stopped)
    assert bound.version == "loyalty@2026-01-02T03:04:05.000Z"
    assert {era.sums for era in bound.actions["REVIEW"].awards[0].eras} == {None}


@pytest.mark.parametrize(
    ("action", "what"), [("FLY", "there is no action FLY"), ("PROFILE", "PROFILE gives nothing")]
)
def test_what_cannot_be_stopped_is_refused(loyalty: dict[str, Any], action: str, what: str) -> None:
    """An unknown action and one without rules are told."""
    with pytest.raises(Refusal, match=what):
        without(loyalty, [action], "2026-01-02")
    stopped = without(loyalty, ["REVIEW"], "2026-01-02")
    with pytest.raises(Refusal, match="REVIEW gives nothing already"):
        without(stopped, ["REVIEW"], "2026-01-03")


def test_a_bound_version_can_be_read(loyalty: dict[str, Any]) -> None:
    """Every action with its topics, and the code of its sums by era and step."""
    text = "\n".join(compiled(bind(loyalty)))
    assert text.startswith("loyalty@2025-01-01: days of UTC, accepts late 7 days\n")
    for action in loyalty["actions"]:
        assert f"\n{action} over " in text
    for part in (
        "REFERRAL over actions and actions.internal",
        "until 2025-12-01T00:00:00.000Z",
        "from 2025-12-01T00:00:00.000Z until 2026-01-01T00:00:00.000Z",
        "base = facts['order_value']",
        f"'promotion winter {TIMES} 2'",
        f"20 points: 20 = 20, tier BRONZE {TIMES} 1 = 20",
    ):
        assert part in text
