"""The second book and the cases: what the specification tells of the engine holds for the book too."""

import pytest

from audit.book import Book, Position
from audit.members import Outcome
from audit.reading import read
from audit.records import ACTIONS, INTERNAL, Record
from audit.rules import Rules
from schemas.programs import encode_published, publish
from tests.support.cases import Case, play, read_cases
from tests.support.engine import Engine, Heard, reason


def of_case(case: Case) -> tuple[Engine, Book]:
    """Play a case; return the engine after it, and a book of the same rules that read nothing yet."""
    *_, last = play(case)
    records = []
    for document, visible_from in last.published:
        version = publish(document, lead_ms=0, published_at=0, published_by="test")
        key = version.version.encode()
        records.append(Record("rules", 0, 0, visible_from, key, encode_published(version)))
    return last.engine, Book(1, Rules(records))


def taken(book: Book, offset: int, heard: Heard) -> Outcome:
    """Let the book decide a record, and return what became of it."""
    topic = INTERNAL if heard.internal else ACTIONS
    record = Record(topic, 0, offset, heard.append_time, b"", heard.value, heard.headers)
    book.take(record)
    place = Position(topic, 0, offset)
    if place in book.rejections:
        return Outcome("rejected", book.rejections[place])
    if place in book.repeats:
        return Outcome("declined", "duplicate")
    said = read(record)
    return book.members[said.program, said.user_id].outcomes[said.id]


@pytest.mark.parametrize("case", read_cases(), ids=lambda case: case.name)
def test_the_book_agrees(case: Case) -> None:
    """Every outcome, every balance and every board of a case is the book's."""
    engine, book = of_case(case)
    for offset, heard in enumerate(engine.heard):
        outcome = taken(book, offset, heard)
        assert (outcome.reason or outcome.what) == reason(heard.outcome), f"{offset}: {heard}"
    for (program, subject), member in book.members.items():
        purses = engine.head(subject, program).purses
        for currency, balance in member.balance.items():
            assert purses[currency] == [balance, member.lifetime[currency]], subject
    places = {
        (program, *board, place.user_id): place.score
        for program, boards in book.boards().items()
        for board, standings in boards.items()
        for place in standings
    }
    assert engine.boards == places
