"""Whatever bytes come, they are read as an action or rejected with a reason: nothing raises."""

import json

import msgspec
from hypothesis import event, given
from hypothesis import strategies as st

from audit.reading import Refused
from audit.reading import Said as Naive
from audit.reading import read as read_naively
from audit.records import ACTIONS, INTERNAL, Record
from processors.engine import Decision
from schemas.actions import RESERVED_SUBJECTS, Action
from schemas.envelopes import Rejection
from schemas.moments import END_OF_TIME
from schemas.programs import parse_program
from schemas.wire import read_action
from tests.support.engine import Engine, loyalty
from tests.support.pace import PACE, QUICK
from tests.support.stories import book

COMPARED = ("id", "program", "user_id", "type", "occurred_at", "append_time", "internal")
NOON = 1_762_171_200_000
PLAIN = (
    b'{"id": "ord-1", "program": "loyalty", "user_id": "u-1", "type": "PURCHASE", '
    b'"occurred_at": "2025-11-03T12:00:00Z", "data": {"order_value": 100.50, "order_id": "a"}}'
)
EVENT = (
    b'{"specversion": "1.0", "id": "ord-1", "program": "loyalty", "subject": "u-1", '
    b'"type": "shop.PURCHASE", "time": "2025-11-03T12:00:00Z", "data": {"order_value": 1}}'
)
# What breaks readers: put into good records at any place.
SHARDS = [
    *(
        b"",
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b",",
        b":",
        b"\\",
        b"\x00",
        b"\xff",
        b"\xc0\x80",
        b"\xed\xa0\x80",
    ),
    *(
        b"null",
        b"true",
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"-0",
        b"01",
        b"9007199254740993",
        b"1E+15",
    ),
    *(
        b"9007199254740992.5",
        b"0.1",
        b"\\ud800",
        b"\\u0000",
        b"\\n",
        "é🍦\u2028".encode(),
        b"\xef\xbb\xbf",
    ),
    *(
        b"#",
        b"code:",
        b"[" * 17,
        b"]" * 17,
        b'{"a":' * 17,
        b'"data": {}, ',
        b'"id": "x", ',
        b" ",
        b"\t",
    ),
    *(
        b'"data": null, ',
        b'"occurred_at": 0, ',
        b'"type": "A", ',
        b'"version": 7, ',
        b'"traceparent": []',
    ),
]
CUTS = st.lists(
    st.tuples(st.integers(0, len(PLAIN)), st.integers(0, 6), st.sampled_from(SHARDS)),
    min_size=1,
    max_size=3,
)
NAMES = [
    *("ce_specversion", "ce_id", "ce_type", "ce_time", "ce_subject", "ce_program", "ce_data"),
    *("traceparent", "laurel-rekeyed", "content-type"),
]
TEXTS = st.sampled_from(
    [b"1.0", b"ord-1", b"PURCHASE", b"2025-11-03T12:00:00Z", b"1762171200000", b"#"]
)
HEADERS = st.lists(
    st.tuples(st.sampled_from(NAMES), TEXTS | st.binary(max_size=8)),
    max_size=5,
    unique_by=lambda header: header[0],
)
SENT: st.SearchStrategy[list[tuple[str, bytes]]] = st.just([]) | st.just([]) | HEADERS


def cut(record: bytes, cuts: list[tuple[int, int, bytes]]) -> bytes:
    """Take some bytes out of a record at each place, and put others in."""
    for at, length, shard in cuts:
        record = record[:at] + shard + record[at + length :]
    return record


MUTATED = st.builds(cut, st.sampled_from([PLAIN, EVENT]), CUTS)
LITERALS = [
    *(
        "null",
        "true",
        "0",
        "-1",
        "1.5",
        "1e3",
        "1e999",
        "-0.0",
        "NaN",
        "[]",
        "{}",
        "[[1]]",
        '""',
        '" "',
    ),
    *(
        '"ord-1"',
        '"a#b"',
        '"code:A"',
        '"Code:A"',
        '"loyalty"',
        '"PURCHASE"',
        '"x.PURCHASE"',
        '"x."',
    ),
    *(
        '"2025-11-03T12:00:00Z"',
        '"2025-11-03"',
        "1762171200000",
        "1762171200000.0",
        "253402214400000",
    ),
    *('"\\u0041"', '"\\ud800"', '"\\u0000"', '"\x7f"', '"é"', f'"{"é" * 64}"', f'"{"é" * 65}"'),
    *(f'"{"i" * 128}"', f'"{"i" * 129}"', '{"n": 9007199254740993}', '{"n": [[{"m": "[["}]]}'),
    *("[" * n + "]" * n for n in (15, 16, 17)),
]
FIELDS = ["id", "program", "user_id", "subject", "type", "occurred_at", "time", "data", "version"]
FIELDS += ["specversion", "traceparent", "own"]


def patched(record: bytes, changes: dict[str, str], without: list[str]) -> bytes:
    """Say some fields of a record otherwise, and leave some out."""
    said = {name: json.dumps(value) for name, value in json.loads(record).items()} | changes
    fields = (f'"{name}": {text}' for name, text in said.items() if name not in without)
    return f"{{{', '.join(fields)}}}".encode(errors="surrogatepass")


PATCHED = st.builds(
    patched,
    st.sampled_from([PLAIN, EVENT]),
    st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(LITERALS), max_size=2),
    st.just([]) | st.lists(st.sampled_from(FIELDS), max_size=1),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=8,
)
VALUES = st.one_of(
    *[MUTATED] * 3,
    *[PATCHED] * 4,
    st.none(),
    st.binary(max_size=60),
    JSON.map(lambda value: json.dumps(value).encode()),
)


@QUICK
@given(VALUES, SENT, st.booleans())
def test_any_record_is_read_or_rejected(
    value: bytes | None,
    headers: list[tuple[str, bytes]],
    internal: bool,  # noqa: FBT001
) -> None:
    """What is read lies within the bounds of the contract; what is rejected says why."""
    outcome = read_action(value, headers, NOON, internal)
    if isinstance(outcome, Rejection):
        event(outcome.reason)
        assert outcome.message
        return
    event("read")
    assert 0 < len(outcome.id.encode()) <= (1_024 if outcome.internal else 128)
    assert 0 < len(outcome.user_id.encode()) <= 128
    assert outcome.internal or not outcome.user_id.startswith(RESERVED_SUBJECTS)
    assert outcome.internal or "#" not in outcome.id
    assert outcome.type.isascii()
    assert outcome.type.isupper()
    assert 0 <= outcome.occurred_at < END_OF_TIME
    assert isinstance(json.loads(bytes(outcome.data)), dict)


@QUICK
@given(VALUES, SENT, st.booleans())
def test_the_book_reads_alike(
    value: bytes | None,
    headers: list[tuple[str, bytes]],
    internal: bool,  # noqa: FBT001
) -> None:
    """The second book, which shares no code, reads the same of every record or rejects it likewise."""
    # Only Laurel writes this header, and always a moment.
    headers = [pair for pair in headers if pair[0] != "laurel-rekeyed" or pair[1].isdigit()]
    topic = INTERNAL if internal else ACTIONS
    outcome = read_action(value, headers, NOON, internal)
    said = naively(Record(topic, 0, 0, NOON, b"", value, tuple(headers)))
    if isinstance(said, str):
        assert isinstance(outcome, Rejection), said
        assert outcome.reason == said, outcome.message
        return
    assert isinstance(outcome, Action), outcome
    for field in COMPARED:
        assert getattr(outcome, field) == getattr(said, field), field


def naively(record: Record) -> Naive | str:
    """Return what the book reads, or its reason for not reading it."""
    try:
        return read_naively(record)
    except Refused as refused:
        return refused.reason


ODD: list[object] = [
    *(
        None,
        True,
        0,
        -1,
        1,
        5,
        0.01,
        1.5,
        1e-300,
        -1e15,
        2**53,
        -(2**53),
        "",
        "0",
        "1",
        "100.00",
        "-5",
    ),
    *(
        "anna",
        "code:A",
        "a\0b",
        "x" * 1_025,
        "US",
        "us",
        "UTC",
        "Mars",
        "weekly:2025-W44",
        "weekly:9999-W52",
    ),
    *(
        "daily:0001-01-01",
        "yearly:9999",
        "all_time",
        "9999-12-30T23:59:59Z",
        "1970-01-01T00:00:00Z",
    ),
    *([], [1], ["a", "b"], [[]], {}, {"a": {"b": 1}}, "🍦" * 300),
    *("global", [["anna", 5]], [["anna", None, 5]], [["anna", 5.5]], [["", 5]], {"a": 2**52}),
]
TYPES = parse_program(loyalty()).actions
KINDS = sorted(TYPES)
FACTS = sorted({fact for kind in TYPES.values() for fact in kind.facts})


@PACE
@given(
    st.lists(
        st.tuples(
            st.sampled_from(KINDS),
            st.dictionaries(st.sampled_from(FACTS), st.sampled_from(ODD), max_size=4),
            st.sampled_from(["anna", "code:A", "period:global:weekly:2025-W44"]),
            st.booleans(),
            st.sampled_from([0, NOON, 253_402_214_399_999, NOON - 604_800_000]),
        ),
        max_size=12,
    )
)
def test_any_facts_are_decided(
    records: list[tuple[str, dict[str, object], str, bool, int]],
) -> None:
    """Facts of any value give an outcome that can be sent, and rows that can be stored."""
    engine = Engine(book("UTC"))
    for number, (kind, facts, user, internal, at) in enumerate(records):
        said = {"id": f"{number}", "program": "loyalty", "user_id": user, "type": kind}
        value = json.dumps(said | {"occurred_at": at, "data": facts}).encode()
        for outcome in engine.hear_all(value, NOON, internal=internal):
            assert msgspec.json.encode(
                outcome.postings if isinstance(outcome, Decision) else outcome
            )
