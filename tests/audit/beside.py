"""The engine with its accounts in a dictionary beside the book: every difference between the two."""

import json
from collections.abc import Iterable
from typing import Any

from audit.book import Book
from audit.compare import compare_notifications, compare_results
from audit.compare_accounts import accounts_of, compare_accounts
from audit.records import ACTIONS, INTERNAL, Record
from audit.results import Results, subject_of
from audit.rules import Rules
from processors.engine import Decision
from schemas.envelopes import Rejection
from schemas.programs import encode_published, publish
from schemas.wire import encode
from tests.support.engine import Document, Engine, Heard


def book_of(published: Iterable[tuple[Document, int]]) -> Book:
    """A book that knows these programs, each with the moment from which it is seen, and nothing else."""
    records = []
    for document, visible_from in published:
        version = publish(document, lead_ms=0, published_at=0, published_by="test")
        key = version.version.encode()
        records.append(Record("rules", 0, 0, visible_from, key, encode_published(version)))
    return Book(1, Rules(records))


def differences(engine: Engine, book: Book) -> list[str]:
    """Let the book take all that the engine heard; what it says otherwise then."""
    results = Results()
    for offset, heard in enumerate(engine.heard):
        topic = INTERNAL if heard.internal else ACTIONS
        book.take(Record(topic, 0, offset, heard.append_time, b"", heard.value, heard.headers))
        _add(results, topic, offset, heard)
    rows = [Record("accounts", 0, 0, 0, key, row) for key, row in engine.rows.items()]
    views = accounts_of(rows)
    return [
        *compare_results(book, results),
        *compare_notifications(book, results),
        *compare_accounts(book, views, "accounts"),
    ]


def _add(results: Results, topic: str, offset: int, heard: Heard) -> None:
    """Put what came of a record where scoring would say it."""
    outcome = heard.outcome
    refused = outcome if isinstance(outcome, Rejection) else outcome.rejection
    if refused is not None:
        place = {"topic": topic, "partition": 0, "offset": offset}
        results.rejected.append(place | {"reason": refused.reason})
        return
    assert isinstance(outcome, Decision)
    for said, gathered in (
        (outcome.postings, results.postings),
        (outcome.tiers, results.tiers),
        (outcome.achievements, results.achievements),
        (outcome.periods, results.periods),
        (outcome.notifications, results.notifications),
        ([outcome.accepted] if outcome.accepted else [], results.accepted),
        ([outcome.declined] if outcome.declined else [], results.declined),
    ):
        for result in map(_plain, said):
            if result["id"].endswith("#dup"):
                result["id"] += f"@0.{offset}"
            gathered.setdefault(subject_of(result), []).append(result)


def _plain(result: object) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(encode(result))
    return said
