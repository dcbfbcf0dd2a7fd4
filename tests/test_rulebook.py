"""Which version of a program an action sees: the logs alone decide."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from processors.engine import RuleBook, Rules
from schemas.actions import Action
from schemas.envelopes import Rejection
from schemas.moments import read, write
from schemas.programs import PublishedVersion, publish
from tests.support.pace import PACE

MONDAY = read("2025-11-03T00:00:00Z")
HOUR = 3_600_000


def version(
    begins: int, *, lead: int = 0, program: str = "p", stops: bool = False
) -> PublishedVersion:
    """Return a version of a program in force from a moment on, or its stop from then on."""
    moment = write(begins)
    document = {
        "program": program,
        "effective_from": moment,
        "currencies": {"c": {}},
        "actions": {"A": {"origin": "outside"}},
    }
    if not stops:
        return publish(document, lead_ms=lead, published_at=0, published_by="test")
    return PublishedVersion(program, f"{program}@{moment}", begins, lead, None, write(0), "test")


def seen(book: RuleBook, came: int, happened: int, program: str = "p") -> int | None:
    """Return the moment from which the version in force holds; None when there is none."""
    rules = book.in_force(program, came, happened)
    if isinstance(rules, Rejection):
        assert (rules.reason, rules.program) == ("unknown_program", program)
        return None
    return read(rules.version.partition("@")[2])


def booked(*versions: tuple[PublishedVersion, int]) -> RuleBook:
    """Return a book of versions, each with the append time of its record."""
    book = RuleBook()
    for published, append_time in versions:
        book.add(published, append_time)
    return book


def test_a_version_is_seen_its_lead_after_its_record() -> None:
    """Actions appended before that do not see it, even when it had begun."""
    book = booked((version(MONDAY, lead=60_000), MONDAY))
    assert seen(book, MONDAY + 59_999, MONDAY) is None
    assert seen(book, MONDAY + 60_000, MONDAY) == MONDAY


def test_the_latest_version_that_had_begun_holds() -> None:
    """What counts is when an action happened, whichever version was published last."""
    tuesday, friday = MONDAY + 24 * HOUR, MONDAY + 96 * HOUR
    book = booked((version(MONDAY), 0), (version(friday), 1), (version(tuesday), 2))
    assert seen(book, friday, MONDAY - 1) is None
    assert seen(book, friday, MONDAY) == MONDAY
    assert seen(book, friday, tuesday - 1) == MONDAY
    assert seen(book, friday, tuesday) == tuesday
    assert seen(book, friday, friday) == friday


def test_a_stopped_program_is_unknown() -> None:
    """It is for what happens from the stop on; what happened before is still decided."""
    noon, evening = MONDAY + 12 * HOUR, MONDAY + 18 * HOUR
    book = booked((version(MONDAY), 0), (version(noon, stops=True), 0))
    assert seen(book, evening, noon - 1) == MONDAY
    assert seen(book, evening, noon) is None
    rules = book.in_force("p", evening, noon)
    assert isinstance(rules, Rejection)
    assert "stopped since 2025-11-03T12:00:00.000Z" in rules.message
    book.add(version(evening), evening)
    assert seen(book, evening, evening - 1) is None
    assert seen(book, evening, evening) == evening


def test_programs_do_not_mix() -> None:
    """A program that was never published is unknown, whatever others there are."""
    book = booked((version(MONDAY), 0), (version(MONDAY + HOUR, program="q"), 0))
    assert seen(book, MONDAY, MONDAY + HOUR) == MONDAY
    assert seen(book, MONDAY, MONDAY, "q") is None
    assert seen(book, MONDAY, MONDAY, "r") is None


def test_a_published_version_never_changes() -> None:
    """Of two with one name the first stays, also when the second would be seen earlier."""
    book = booked((version(MONDAY, lead=HOUR), 0), (version(MONDAY), 0))
    assert seen(book, HOUR - 1, MONDAY) is None
    assert [each.visible_from for each in book.versions()] == [HOUR]


def said(name: str, came: int, version: str) -> Action:
    """Return an action that Laurel said, which names its version."""
    return Action(name, "p", "u", "A", came, Raw(b"{}"), came, internal=True, version=version)


def acted(name: str, came: int) -> Action:
    """Return an action of a member, decided by the version in force."""
    return Action(name, "p", "u", "A", came, Raw(b"{}"), came)


def test_a_derived_action_has_its_parents_version() -> None:
    """Neither later versions nor a stop change what it is decided by, nor when it came."""
    first, second = version(MONDAY), version(MONDAY + HOUR, lead=HOUR)
    book = booked((first, 0), (second, MONDAY), (version(MONDAY + 2 * HOUR, stops=True), 0))
    for published in (first, second):
        rules = book.rules_for(said("parent#child", MONDAY, published.version))
        assert isinstance(rules, Rules)
        assert rules.version == published.version
    for name in ("p@never", f"p@{write(MONDAY + 2 * HOUR)}"):
        assert isinstance(book.in_force("p", MONDAY, MONDAY, name), Rejection)


def test_a_derived_action_has_its_parents_version_whatever_was_asked_before() -> None:
    """An action of another member may have come between, and another version holds for it."""
    first, second = version(MONDAY), version(MONDAY + HOUR)
    book = booked((first, 0), (second, 0))
    assert isinstance(book.rules_for(acted("a-1", MONDAY + HOUR)), Rules)
    rules = book.rules_for(said("parent#child", MONDAY + HOUR, first.version))
    assert isinstance(rules, Rules)
    assert rules.version == first.version


def test_a_job_names_no_version_before_it_counts() -> None:
    """A worker may not have read it yet, whatever the clock of the job says."""
    published = version(MONDAY, lead=HOUR)
    book = booked((published, MONDAY))
    early = book.rules_for(said("close-1", MONDAY + HOUR - 1, published.version))
    assert isinstance(early, Rejection)
    assert isinstance(book.rules_for(said("close-1", MONDAY + HOUR, published.version)), Rules)


def test_a_rejection_names_its_action() -> None:
    """Who looks for a record that found no rules finds it by id, program and member."""
    action = Action("a-1", "q", "anna", "A", MONDAY, Raw(b"{}"), MONDAY)
    rejection = booked((version(MONDAY), 0)).rules_for(action)
    assert isinstance(rejection, Rejection)
    assert (rejection.id, rejection.program, rejection.user_id) == ("a-1", "q", "anna")


def test_a_document_that_is_no_program_is_refused() -> None:
    """Nothing of it stays in the book."""
    good = version(MONDAY)
    bad = PublishedVersion("p", good.version, MONDAY, 0, {"program": "p"}, write(0), "test")
    book = RuleBook()
    with pytest.raises(ValueError, match="effective_from"):
        book.add(bad, 0)
    book.add(good, 0)
    assert seen(book, MONDAY, MONDAY) == MONDAY


class Entry(NamedTuple):
    """A record of the topic `rules`, in small numbers."""

    begins: int
    append_time: int
    lead: int
    stops: bool


SMALL = st.integers(0, 12)
ENTRIES = st.lists(st.builds(Entry, SMALL, SMALL, st.integers(0, 4), st.booleans()), max_size=6)
ASKED = st.lists(st.tuples(st.integers(0, 18), SMALL), min_size=1, max_size=25)


def naive(entries: list[Entry], came: int, happened: int) -> int | None:
    """Return the moment from which the version in force holds, found by looking at all."""
    first = {entry.begins: entry for entry in reversed(entries)}
    visible = [each for each in first.values() if each.append_time + each.lead <= came]
    begun = [each for each in visible if each.begins <= happened]
    latest = max(begun, default=None)
    return None if latest is None or latest.stops else latest.begins


@PACE
@given(ENTRIES, ASKED, st.integers(0, 6))
def test_in_force_is_what_a_naive_search_finds(
    entries: list[Entry], asked: list[tuple[int, int]], early: int
) -> None:
    """Whatever was published and in whatever order it is asked, also while more is published."""
    book = RuleBook()
    for known in (entries[:early], entries):
        for entry in known:
            book.add(version(entry.begins, lead=entry.lead, stops=entry.stops), entry.append_time)
        for came, happened in asked:
            assert seen(book, came, happened) == naive(known, came, happened)
