"""What Laurel sends: every result fits its published schema, and says what it is in its headers."""

import json
import re
import tracemalloc
from functools import cache
from typing import Any, NamedTuple

import pytest
from faust.types import TP
from jsonschema import Draft202012Validator

from processors.engine import Decision
from processors.outputs import REJECTED_BYTES_MAX, Outputs
from schemas import documents, results
from schemas.actions import Action
from schemas.envelopes import Rejection
from schemas.results import Rejected
from schemas.wire import SCHEMAS, Header, encode, read_action, result_headers
from tests.simulation.play import play as simulate
from tests.simulation.world import TOPICS
from tests.support.cases import play, read_cases
from tests.support.engine import ROOT

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
# The boards' projector says these: tests/integration holds them to their schema.
PROJECTORS = "leaderboard.updated/1"
WORKERS = {"actions.rejected/1", "scoring.journal/1"}


@cache
def validator(schema: str) -> Draft202012Validator:
    """Return the validator of a result's form, `rewards.earned/1`."""
    topic = schema.removesuffix("/1")
    text = (ROOT / "docs" / "wire" / f"{topic}.schema.json").read_text()
    return Draft202012Validator(json.loads(text))


def check(schema: str, value: bytes) -> dict[str, Any]:
    """Hold a result to its schema; its times are RFC 3339 in UTC with milliseconds."""
    result: dict[str, Any] = json.loads(value)
    problems = [
        f"{each.json_path} {each.message}" for each in validator(schema).iter_errors(result)
    ]
    assert problems == [], f"{schema}: {result}"
    for name, text in result.items():
        if text is not None and (name.endswith("_at") or name == "append_time"):
            assert TIME.fullmatch(text), f"{schema}: {name} {text}"
    return result


def said(decision: Decision) -> list[object]:
    """Return every result of a decision."""
    said = [*decision.postings, *decision.tiers, *decision.achievements]
    said += [*decision.periods, *decision.notifications]
    return [each for each in (*said, decision.accepted, decision.declined) if each is not None]


def test_results_of_the_cases() -> None:
    """Whatever a case gives fits its schema, and some case gives each form that the engine has."""
    seen = set()
    steps = [played for case in read_cases() for played in play(case) if not played.given]
    for decision in (
        each for step in steps for each in step.outcomes if isinstance(each, Decision)
    ):
        for result in said(decision):
            check(SCHEMAS[type(result)], encode(result))
            seen.add(SCHEMAS[type(result)])
    assert seen == set(SCHEMAS.values()) - WORKERS - {PROJECTORS}


def test_what_a_worker_sends() -> None:
    """Every row of every topic names its schema and program, and fits."""
    seen = {"scoring.journal/1"}
    check("scoring.journal/1", encode(results.JournalEntry(internal=(0, 2), actions=(5, 5))))
    for (topic, _), records in simulate(seed=7, actions=1_500).world.logs.records.items():
        for record in records:
            headers = {name: value.decode() for name, value in record.headers}
            if "schema" not in headers:
                continue
            result = check(headers["schema"], record.value or b"")
            seen.add(headers["schema"])
            assert topic == headers["schema"].removesuffix("/1")
            assert headers.get("program") == result.get("program")
    assert seen == set(SCHEMAS.values()) - {PROJECTORS}


@pytest.mark.parametrize("schema", [name for name in SCHEMAS.values() if name != PROJECTORS])
def test_every_field_is_promised(schema: str) -> None:
    """A schema requires each field it names, so that none can go missing unseen."""
    document = validator(schema).schema
    assert isinstance(document, dict)
    assert set(document["required"]) == set(document["properties"])


def test_headers_of_a_result() -> None:
    """Each result names its schema, its program, and the trace of its action when it has one."""
    plain = [("schema", b"rewards.earned/1"), ("program", b"loyalty")]
    assert result_headers(results.Posting, "loyalty") == plain
    traced = [*plain, ("traceparent", TRACE.encode())]
    assert result_headers(results.Posting, "loyalty", TRACE) == traced
    assert result_headers(results.Posting, "loyalty") == plain
    assert result_headers(results.JournalEntry, None) == [("schema", b"scoring.journal/1")]


STRUCTURED = {
    "specversion": "1.0",
    "id": "a",
    "program": "nobody",
    "subject": "eva",
    "type": "VISIT",
    "time": "2025-12-07T12:00:00Z",
    "traceparent": TRACE,
}


@pytest.mark.parametrize(
    ("value", "headers", "trace"),
    [
        (b"no JSON", (("traceparent", TRACE.encode()),), TRACE),
        (b"no JSON", (("ce_id", b"a"), ("ce_traceparent", TRACE.encode())), TRACE),
        (json.dumps(STRUCTURED).encode(), (), TRACE),
        (b"no JSON", (("traceparent", b"00-odd"),), None),
        (b"no JSON", (), None),
    ],
)
def test_a_rejected_record_carries_its_trace(
    value: bytes, headers: tuple[Header, ...], trace: str | None
) -> None:
    """As every result of an action does, in whatever way the record said it; what is none is left."""
    read = read_action(value, headers, 0, internal=False)
    carried = read.traceparent if isinstance(read, Action) else None
    why = Rejection(Rejected.UNREADABLE, "as the test asked")
    outputs = Outputs(TOPICS)
    outputs.rejection(TP(TOPICS.actions, 0), Record(0, 0, 1, None, value, headers), why, carried)
    [(_, _, [(_, _, said)])] = outputs.take()
    assert dict(said).get("traceparent") == (trace and trace.encode())


@pytest.mark.parametrize("value", [b" " * (64 << 20), b"\xff" * (64 << 20)], ids=["text", "bytes"])
def test_what_is_too_large_to_be_repeated_is_not_copied(value: bytes) -> None:
    """A batch of kilobytes may decompress to a record of gigabytes; it is told of, and takes no more room."""
    outputs, record = Outputs(TOPICS), Record(7, 0, 1, b"k", value, ())
    tracemalloc.start()
    why = read_action(value, (), 0, internal=False)
    assert isinstance(why, Rejection)
    outputs.rejection(TP(TOPICS.actions, 0), record, why)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1 << 20
    [(_, _, [(key, row, _)])] = outputs.take()
    said = json.loads(row)
    assert (key, said["reason"], said["offset"]) == (None, "too_large", 7)
    assert (said["value"], said["value_base64"]) == (None, None)


def test_a_rejected_record_that_is_too_large_is_told_without_its_bytes() -> None:
    """With them, its key and its headers no broker would take it; its place says where it stands."""
    why = Rejection(Rejected.TOO_LARGE, "as the test asked")
    told = {}
    for size in (REJECTED_BYTES_MAX - 1_000, REJECTED_BYTES_MAX):
        outputs = Outputs(TOPICS)
        record = Record(7, 0, 1, b"anna", b"x" * size, (("h", b"1"),))
        outputs.rejection(TP(TOPICS.actions, 0), record, why, None)
        [(_, _, [(key, said, _)])] = outputs.take()
        told[key] = json.loads(said)
    assert told[b"anna"]["value"] == "x" * (REJECTED_BYTES_MAX - 1_000)
    assert (told[None]["value"], told[None]["headers"], told[None]["offset"]) == (None, {}, 7)
    assert "too many to be repeated" in told[None]["message"]


def test_which_topics_promise_a_trace() -> None:
    """Those whose records come of one action."""
    messages = documents.asyncapi()["components"]["messages"].values()
    silent = [
        each["name"] for each in messages if "traceparent" not in each["headers"]["properties"]
    ]
    assert sorted(silent) == ["leaderboard.updated", "scoring.journal"]


class Record(NamedTuple):
    """A record as a worker fetches it."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: Any
