"""Which version of a program an action sees."""

from typing import Any

import pytest

from processors.engine import RuleBook, Rules
from schemas import moments
from schemas.envelopes import Rejection
from schemas.programs import PublishedVersion, publish

DOCUMENT: dict[str, Any] = {
    "program": "gym",
    "currencies": {"points": {}},
    "actions": {"VISIT": {"origin": "outside", "rules": {"visit": {"points": 1}}}},
}
HOUR = moments.HOUR
LEAD = 60_000


def book_of(*versions: tuple[str, int]) -> RuleBook:
    """Make a book of versions, each with its effective_from and its append time."""
    book = RuleBook()
    for effective_from, append_time in versions:
        document = DOCUMENT | {"effective_from": effective_from}
        version = publish(document, lead_ms=LEAD, published_at=0, published_by="test")
        book.add(version, append_time)
    return book


def seen(book: RuleBook, append_time: int, occurred_at: int, version: str | None = None) -> str:
    """Return the version in force, or why there is none."""
    found = book.in_force("gym", append_time, occurred_at, version)
    return found.version if isinstance(found, Rules) else found.message


FIRST = ("1970-01-01", 0)
SECOND = ("1970-01-01T10:00:00Z", 5 * HOUR)


@pytest.mark.parametrize(
    ("append_time", "occurred_at", "version"),
    [
        (LEAD, 0, "gym@1970-01-01"),
        (12 * HOUR, 10 * HOUR - 1, "gym@1970-01-01"),
        (12 * HOUR, 10 * HOUR, "gym@1970-01-01T10:00:00Z"),
        (5 * HOUR + LEAD - 1, 11 * HOUR, "gym@1970-01-01"),
        (5 * HOUR + LEAD, 11 * HOUR, "gym@1970-01-01T10:00:00Z"),
        (12 * HOUR, 11 * HOUR, "gym@1970-01-01T10:00:00Z"),
    ],
)
def test_the_logs_decide_the_version(append_time: int, occurred_at: int, version: str) -> None:
    """Seen is what was appended its lead before; of it holds what began last, in any asking order."""
    book = book_of(FIRST, SECOND)
    for other in (0, 6 * HOUR, 20 * HOUR):
        seen(book, other, other)
        assert seen(book, append_time, occurred_at) == version


def test_before_a_version_is_seen_there_are_no_rules() -> None:
    """An action that came before the lead had passed, or happened before all versions, has none."""
    book = book_of(SECOND)
    assert "no version is in force" in seen(book, 5 * HOUR + LEAD - 1, 11 * HOUR)
    assert "no version is in force" in seen(book, 6 * HOUR, 9 * HOUR)
    refused = book.in_force("bank", HOUR, HOUR)
    assert isinstance(refused, Rejection)
    assert (refused.reason, refused.program) == ("unknown_program", "bank")


def test_a_derived_action_has_its_parents_version() -> None:
    """The named version decides, whatever has come since; one that is not there decides nothing."""
    book = book_of(FIRST, SECOND)
    assert seen(book, 20 * HOUR, 20 * HOUR, "gym@1970-01-01") == "gym@1970-01-01"
    assert "no version is called" in seen(book, 20 * HOUR, 20 * HOUR, "gym@1999-01-01")


def test_a_version_never_changes() -> None:
    """Of two versions with one name the first stays."""
    book = book_of(FIRST, FIRST)
    book.add(PublishedVersion("gym", "gym@1970-01-01", 0, 0, None, "", ""), 0)
    assert seen(book, HOUR, HOUR) == "gym@1970-01-01"
    assert len(book.versions()) == 1


def test_a_stopped_program_has_no_rules() -> None:
    """A version without a document stops the program for what happens from then on."""
    book = book_of(FIRST)
    stop = PublishedVersion("gym", "gym@stop", 10 * HOUR, LEAD, None, "", "")
    book.add(stop, 9 * HOUR)
    assert seen(book, 12 * HOUR, 10 * HOUR - 1) == "gym@1970-01-01"
    assert "stopped since 1970-01-01T10:00:00.000Z" in seen(book, 12 * HOUR, 10 * HOUR)
    assert "gym@stop" in seen(book, 12 * HOUR, 12 * HOUR, "gym@stop")
