"""The second book and the cases: what the specification tells of the engine holds for the book too."""

import json
from typing import Any

import pytest

from audit.book import Book
from audit.compare import compare_results
from audit.compare_accounts import accounts_of, compare_accounts
from audit.records import ACTIONS, INTERNAL, Record
from audit.results import Results
from audit.rules import Rules
from processors.engine import Decision
from schemas.envelopes import Rejection
from schemas.programs import encode_published, publish
from schemas.wire import encode
from tests.support.cases import Case, play, read_cases
from tests.support.engine import Engine, Heard


def of_case(case: Case) -> tuple[Engine, Book]:
    """Play a case; return the engine after it, and a book of the same rules that read nothing yet."""
    *_, last = play(case)
    records = []
    for document, visible_from in last.published:
        version = publish(document, lead_ms=0, published_at=0, published_by="test")
        key = version.version.encode()
        records.append(Record("rules", 0, 0, visible_from, key, encode_published(version)))
    return last.engine, Book(1, Rules(records))


def topic_of(heard: Heard) -> str:
    """The input that a record came over."""
    return INTERNAL if heard.internal else ACTIONS


def plain(result: object) -> dict[str, Any]:
    """A result as it stands on its topic."""
    said: dict[str, Any] = json.loads(encode(result))
    return said


def add(results: Results, offset: int, heard: Heard) -> None:
    """Put what came of a record where scoring would say it."""
    outcome = heard.outcome
    refused = outcome if isinstance(outcome, Rejection) else outcome.rejection
    if refused is not None:
        place = {"topic": topic_of(heard), "partition": 0, "offset": offset}
        results.rejected.append(place | {"reason": refused.reason})
        return
    assert isinstance(outcome, Decision)
    for said, gathered in (
        (outcome.postings, results.postings),
        (outcome.tiers, results.tiers),
        (outcome.achievements, results.achievements),
        ([outcome.accepted] if outcome.accepted else [], results.accepted),
        ([outcome.declined] if outcome.declined else [], results.declined),
    ):
        for result in map(plain, said):
            if result["id"].endswith("#dup"):
                result["id"] += f"@0.{offset}"
            key = (result["program"], result["user_id"])
            gathered.setdefault(key, []).append(result)


@pytest.mark.parametrize("case", read_cases(), ids=lambda case: case.name)
def test_the_book_agrees(case: Case) -> None:
    """Every outcome, posting, derived action, account and board of a case is the book's."""
    engine, book = of_case(case)
    results = Results()
    for offset, heard in enumerate(engine.heard):
        record = Record(
            topic_of(heard), 0, offset, heard.append_time, b"", heard.value, heard.headers
        )
        book.take(record)
        add(results, offset, heard)
    rows = [Record("accounts", 0, 0, 0, key, row) for key, row in engine.rows.items()]
    found = [*compare_results(book, results), *compare_accounts(book, accounts_of(rows), "rows")]
    assert not found, "\n".join(found)
