"""What producers may send: the whole input contract, one row for each form it may take."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from schemas.actions import RESERVED_SUBJECTS, Action
from schemas.envelopes import Rejection
from schemas.moments import write
from schemas.results import Rejected
from schemas.wire import Header, read_action
from tests.support.engine import ROOT

NOON = 1_762_171_200_000  # 2025-11-03T12:00:00Z
CAME = NOON + 1_234
GOOD: dict[str, object] = {
    "id": "ord-77812",
    "program": "loyalty",
    "user_id": "u-123",
    "type": "PURCHASE",
    "occurred_at": "2025-11-03T12:00:00Z",
    "data": {"order_value": 100.00},
}
BIG = 2**53
LEFT_OUT = object()


def record(**changes: object) -> bytes:
    """Return a good action as bytes, with some fields said otherwise; LEFT_OUT leaves one out."""
    said = {name: value for name, value in (GOOD | changes).items() if value is not LEFT_OUT}
    return json.dumps(said).encode()


def facts(written: str) -> bytes:
    """Return a good action whose data is this text."""
    return record().replace(b'{"order_value": 100.0}', written.encode())


def nested(levels: int) -> str:
    """Return arrays in arrays, so many levels of them."""
    return "[" * levels + "]" * levels


def read(
    value: bytes | None, headers: Mapping[str, Any] | None = None, *, internal: bool = False
) -> Action | Rejection:
    """Read a record that came at CAME."""
    pairs = (headers or {}).items()
    sent: list[Header] = [(n, v if isinstance(v, bytes) else v.encode()) for n, v in pairs]
    return read_action(value, sent, CAME, internal)


def accepted(outcome: Action | Rejection) -> Action:
    """Return what was read; fails when it was rejected."""
    assert isinstance(outcome, Action), outcome
    return outcome


def rejected(outcome: Action | Rejection, reason: Rejected, says: str = "") -> Rejection:
    """Return the rejection; fails when it is another one, or none."""
    assert isinstance(outcome, Rejection), outcome
    assert outcome.reason == reason, outcome
    assert says in outcome.message, outcome
    return outcome


def test_every_field_is_read() -> None:
    """An action is what its record says; facts stay as they were sent."""
    action = accepted(read(record()))
    assert bytes(action.data) == b'{"order_value": 100.0}'
    assert (action.id, action.program, action.user_id, action.type, action.occurred_at) == (
        *("ord-77812", "loyalty", "u-123", "PURCHASE"),
        NOON,
    )
    assert (action.append_time, action.internal, action.version, action.traceparent) == (
        *(CAME, False),
        *(None, None),
    )


def test_without_facts_there_are_none() -> None:
    """`data` may be left out, or be null."""
    for value in (record(data=LEFT_OUT), record(data=None)):
        assert json.loads(bytes(accepted(read(value)).data)) == {}


def test_fields_of_the_producers_own_are_ignored() -> None:
    """Unknown fields beside ours are no mistake, and unknown facts are kept."""
    own = record(source="till 4", tags=["a", {"b": [1]}], data={"order_value": 1, "x": {"y": [2]}})
    assert json.loads(bytes(accepted(read(own)).data)) == {"order_value": 1, "x": {"y": [2]}}
    for theirs in (7, True, ["1"], {"major": 1}):
        action = accepted(read(record(version=theirs, traceparent=theirs)))
        assert (action.version, action.traceparent) == (None, None)


TEXTS = {
    "one letter": "a",
    "128 bytes": "i" * 128,
    "128 bytes in 64 letters": "é" * 64,
    "spaces": "order 7",
    "slashes and dots": "../etc/passwd",
    "braces": '{"}',
    "beyond the plane": "🍦",
    "user:123": "user:123",
    "a reserved word in the middle": "x-code:1",
    "capitals": "Code:1",
}
NO_TEXTS = {
    "empty": ("", "is empty"),
    "129 bytes": ("i" * 129, "is longer than 128 bytes"),
    "130 bytes in 65 letters": ("é" * 65, "is longer than 128 bytes"),
    "zero": ("a\0b", "contains a control character"),
    "line break": ("a\nb", "contains a control character"),
    "delete": ("a\x7fb", "contains a control character"),
    "next line": ("a\x85b", "contains a control character"),
    "number": (7, "is ill-typed: 7"),
    "flag": (True, "is ill-typed"),
    "list": (["a"], "is ill-typed"),
    "object": ({"a": 1}, "is ill-typed"),
    "null": (None, "is missing"),
}


@pytest.mark.parametrize("field", ["id", "user_id"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_ids(field: str, text: str) -> None:
    """An id is any text of 1 to 128 bytes without control characters."""
    assert getattr(accepted(read(record(**{field: text}))), field) == text


@pytest.mark.parametrize("field", ["id", "user_id", "program"])
@pytest.mark.parametrize(("text", "says"), NO_TEXTS.values(), ids=NO_TEXTS.keys())
def test_no_ids(field: str, text: object, says: str) -> None:
    """Anything else is a bad fact, and the message names the field."""
    rejection = rejected(read(record(**{field: text})), Rejected.BAD_FACT, f"`{field}` {says}")
    others = {"id", "program", "user_id"} - {field}
    assert {name: getattr(rejection, name) for name in others} == {n: GOOD[n] for n in others}


@pytest.mark.parametrize("field", ["id", "program", "user_id", "type", "occurred_at"])
def test_what_is_required(field: str) -> None:
    """Without one of the required fields a record is a bad fact."""
    rejected(read(record(**{field: LEFT_OUT})), Rejected.BAD_FACT, f"`{field}` is missing")


@pytest.mark.parametrize("kind", ["P", "PURCHASE", "REVIEW_2", "A1_B2_C3", "T" * 128])
def test_types(kind: str) -> None:
    """A type is UPPER_SNAKE."""
    assert accepted(read(record(type=kind))).type == kind


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "purchase",
        "Purchase",
        "PUR CHASE",
        "PUR-CHASE",
        "_A",
        "A_",
        "A__B",
        "1A",
        "É",
        "T" * 129,
    ],
)
def test_no_types(kind: str) -> None:
    """Anything else is a bad fact."""
    rejected(read(record(type=kind)), Rejected.BAD_FACT, "`type` is not UPPER_SNAKE")


def test_what_was_read_before_does_not_matter() -> None:
    """A name that is well-formed for a program is not so for a type."""
    accepted(read(record(program="shares")))
    rejected(read(record(type="shares")), Rejected.BAD_FACT, "`type` is not UPPER_SNAKE")


@pytest.mark.parametrize("data", [[1], "text", 7, True])
def test_facts_are_an_object(data: object) -> None:
    """Facts that are no object are a bad fact."""
    rejected(read(record(data=data)), Rejected.BAD_FACT, "`data` is ill-typed")


OWN = {
    "derived id": ({"id": "ord-1#purchase"}, "`id` contains #"),
    "only the mark": ({"id": "#"}, "`id` contains #"),
    **{
        prefix: ({"user_id": f"{prefix}x"}, "`user_id` begins with a reserved prefix")
        for prefix in RESERVED_SUBJECTS
    },
}


@pytest.mark.parametrize(("changes", "says"), OWN.values(), ids=OWN.keys())
def test_laurels_own_names(changes: dict[str, str], says: str) -> None:
    """Marks of derived actions and reserved subjects are allowed over actions.internal only."""
    rejected(read(record(**changes)), Rejected.NOT_ALLOWED, says)
    assert accepted(read(record(**changes), internal=True)).internal


MOMENTS = {
    "2025-11-03T12:00:00Z": NOON,
    "2025-11-03T12:00:00z": NOON,
    "2025-11-03t12:00:00Z": NOON,
    "2025-11-03 12:00:00Z": NOON,
    "2025-11-03T13:00:00+01:00": NOON,
    "2025-11-03T06:30:00-05:30": NOON,
    "2025-11-04T02:00:00+14:00": NOON,
    "2025-11-03T12:00:00-00:00": NOON,
    "2025-11-03T12:00:00.5Z": NOON + 500,
    "2025-11-03T12:00:00.123Z": NOON + 123,
    "2025-11-03T12:00:00.123999999Z": NOON + 123,
    "2025-11-03T12:00:00.123999999999999Z": NOON + 123,
    "2025-11-03T12:00:00.000+00:00": NOON,
    NOON: NOON,
    NOON + 7: NOON + 7,
    0: 0,
    "1970-01-01T00:00:00Z": 0,
    "1970-01-01T01:00:00+01:00": 0,
    "2024-02-29T23:59:59.999Z": 1_709_251_199_999,
    "9999-12-30T23:59:59Z": 253_402_214_399_000,
}


@pytest.mark.parametrize(("written", "moment"), MOMENTS.items(), ids=map(str, MOMENTS))
def test_moments(written: str | int, moment: int) -> None:
    """A moment is RFC 3339 with its zone, or epoch milliseconds; finer fractions are cut off."""
    for _ in range(2):  # The second time it is known.
        assert accepted(read(record(occurred_at=written))).occurred_at == moment
    assert accepted(read(record(occurred_at=write(moment)))).occurred_at == moment


NO_MOMENTS = [
    *("", "now", "2025-11-03", "12:00:00Z", "2025-11-03T12:00:00", "2025-11-03T12:00Z"),
    *("2025-11-03T12:00:00 Z", "2025-11-03T12:00:00+0100", "2025-11-03T12:00:00+01", "2025-W45-1"),
    *("2025-13-03T12:00:00Z", "2025-02-29T12:00:00Z", "2025-11-00T12:00:00Z"),
    *("2025-11-03T24:00:00Z", "2025-11-03T12:60:00Z", "2025-11-03T12:00:60Z"),
    *("2025-11-03T12:00:00.Z", "2025-11-03T12:00:00,5Z", "2025-11-03T12:00:00+24:00"),
    *("2025-11-03T12:00:00ZZ", "\n2025-11-03T12:00:00Z", "2025-11-03T12:00:00Z\n"),
    *("٢٠٢٥-11-03T12:00:00Z", "20251103T120000Z", "+002025-11-03T12:00:00Z", f"{NOON}"),
    *("1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00+00:01", "9999-12-31T00:00:00Z"),
    *("0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z"),
    *(-1, BIG, 1.5, float(NOON), True, None, [NOON], {"ms": NOON}),
]


@pytest.mark.parametrize("written", NO_MOMENTS, ids=repr)
def test_no_moments(written: object) -> None:
    """Any other moment is a bad fact."""
    rejected(read(record(occurred_at=written)), Rejected.BAD_FACT, "`occurred_at`")


READABLE = {
    "2^53": f'{{"n": {BIG}}}',
    "-2^53": f'{{"n": {-BIG}}}',
    "2^53 as a decimal": f'{{"n": {BIG}.0}}',
    "2^53 in powers of ten": '{"n": 9.007199254740992e15}',
    "a tiny number": '{"n": 1e-300}',
    "many decimals": '{"n": 0.1000000000000000055511151231257827}',
    "a huge number in a text": f'{{"n": "{BIG + 1} and 1e999"}}',
    "in a text after a quotation mark": f'{{"n": "\\" {BIG + 1}"}}',
    "in a name": f'{{"{BIG + 1}": 1}}',
    "brackets in a text": json.dumps({"n": "[" * 100}),
    "brackets in a text after a backslash": '{"n": "\\\\", "m": "[[[[[[[[[[[[[[[[[["}',
    "nested 16 deep": f'{{"n": {nested(14)}}}',
    "many side by side": f'{{"n": [{", ".join(["[]"] * 100)}]}}',
    "the same name twice": '{"n": 1, "n": 2}',
    "empty names": '{"": {"": ""}}',
    "escapes": '{"n": "\\u0000\\ud83c\\udf66\\/"}',
    "blanks": '{ "n"\n:\t[ 1 , 2 ]\r}',
}
UNREADABLE = {
    "2^53 + 1": f'{{"n": {BIG + 1}}}',
    "-2^53 - 1": f'{{"n": {-BIG - 1}}}',
    "2^53 and a half": f'{{"n": {BIG}.5}}',
    "just beyond 2^53": f'{{"n": {BIG}.0000000000000001}}',
    "beyond in powers of ten": '{"n": 1e16}',
    "an exponent without end": '{"n": 1e999999999999999999999}',
    "deep inside": f'{{"a": [{{"b": [0, {BIG + 1}]}}]}}',
    "NaN": '{"n": NaN}',
    "Infinity": '{"n": Infinity}',
    "-Infinity": '{"n": -Infinity}',
    "nested 17 deep": f'{{"n": {nested(15)}}}',
    "nested objects": '{"n":' * 16 + "1" + "}" * 16,
    "nested very deep": f'{{"n": {nested(20_000)}}}',
    "a leading zero": '{"n": 01}',
    "a plus": '{"n": +1}',
    "no digits after the point": '{"n": 1.}',
    "a comma at the end": '{"n": 1,}',
    "single quotes": "{'n': 1}",
    "a comment": '{"n": 1 /* one */}',
    "half a surrogate": '{"n": "\\ud83c"}',
    "a raw line break in a text": '{"n": "a\nb"}',
    "no such escape": '{"n": "\\x41"}',
    "an object that does not end": '{"n": 1',
}
NO_OBJECTS = {
    "no value": None,
    "nothing": b"",
    "blanks": b"  \n",
    "a text": b"PURCHASE",
    "a number": b"17",
    "null": b"null",
    "a list": b"[" + record() + b"]",
    "two objects": record() + record(),
    "something after it": record() + b"x",
    "a byte order mark": b"\xef\xbb\xbf" + record(),
    "UTF-16": record().decode().encode("utf-16"),
    "Latin-1": record(id="caf").replace(b"caf", b"caf\xe9"),
    "an overlong zero": record(id="a").replace(b'"a"', b'"\xc0\x80"'),
    "a surrogate in UTF-8": record(id="a").replace(b'"a"', b'"\xed\xa0\x80"'),
    "bytes of no meaning": bytes(range(128, 256)),
    "MessagePack": b"\x86\xa2id\xa3ord",
}


@pytest.mark.parametrize("written", READABLE.values(), ids=READABLE.keys())
def test_readable(written: str) -> None:
    """Facts of any shape within the bounds are read, and kept as they were sent."""
    assert bytes(accepted(read(facts(written))).data) == written.encode()
    accepted(read(record()[:-1] + b', "own": ' + written.encode() + b"}"))


@pytest.mark.parametrize("written", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_unreadable(written: str) -> None:
    """Facts and fields beyond the bounds are unreadable, wherever they stand."""
    rejected(read(facts(written)), Rejected.UNREADABLE)
    rejected(read(record()[:-1] + b', "own": ' + written.encode() + b"}"), Rejected.UNREADABLE)


@pytest.mark.parametrize("value", NO_OBJECTS.values(), ids=NO_OBJECTS.keys())
def test_no_objects(value: bytes | None) -> None:
    """Bytes that are no JSON object in UTF-8 are unreadable."""
    rejection = rejected(read(value), Rejected.UNREADABLE)
    assert (rejection.id, rejection.program, rejection.user_id) == (None, None, None)


def test_the_largest_record() -> None:
    """65,536 bytes are read, one more is too large, whatever stands in them."""
    assert accepted(read(record().ljust(65_536))).id == "ord-77812"
    rejected(read(record().ljust(65_537)), Rejected.TOO_LARGE, "65537 bytes, at most 65536")
    rejected(read(bytes(65_537)), Rejected.TOO_LARGE)


def test_what_laurel_itself_says_may_be_larger() -> None:
    """A result names a thousand winners; a stranger's record that was re-keyed is a stranger's still."""
    winners = [[f"{place:0128d}", 1_000 - place] for place in range(1_000)]
    large = record(user_id="period:global:all_time", data={"winners": winners})
    assert len(large) > 2 * 65_536
    said = accepted(read(large, internal=True))
    assert msgspec.json.decode(said.data) == {"winners": winners}
    assert accepted(read(record().ljust(900_000), internal=True)).id == "ord-77812"
    rekeyed = {"laurel-rekeyed": str(CAME)}
    rejected(read(record().ljust(65_537), rekeyed, internal=True), Rejected.TOO_LARGE)


EVENT = {
    "ce_specversion": "1.0",
    "ce_id": "ord-77812",
    "ce_type": "com.shop.PURCHASE",
    "ce_time": "2025-11-03T12:00:00Z",
    "ce_subject": "u-123",
    "ce_source": "/tills/4",
    "ce_program": "loyalty",
}


def structured(**changes: object) -> bytes:
    """Return a good action as a CloudEvent in structured mode; LEFT_OUT leaves a field out."""
    event = {name.removeprefix("ce_"): value for name, value in EVENT.items()}
    said = event | {"datacontenttype": "application/json", "data": GOOD["data"]} | changes
    kept = {name: value for name, value in said.items() if value is not LEFT_OUT}
    return json.dumps(kept).encode()


def test_cloud_events_are_actions() -> None:
    """A CloudEvent of either mode is the same action as a plain record."""
    plain = accepted(read(record()))
    assert accepted(read(b'{"order_value": 100.0}', EVENT)) == plain
    assert accepted(read(structured())) == plain


def test_an_event_without_data() -> None:
    """In headers alone, with no value or an empty one, it is what it is in the other forms."""
    plain = accepted(read(record(data=LEFT_OUT)))
    assert accepted(read(structured(data=LEFT_OUT))) == plain
    assert accepted(read(None, EVENT)) == accepted(read(b"", EVENT)) == plain
    rejected(read(None), Rejected.UNREADABLE)
    rejected(read(b""), Rejected.UNREADABLE)


@pytest.mark.parametrize("sent", ["PURCHASE", "shop.PURCHASE", "com.shop.v2.PURCHASE", ".PURCHASE"])
def test_the_type_of_a_cloud_event(sent: str) -> None:
    """The last segment of the event's type is the action's."""
    assert accepted(read(b"{}", EVENT | {"ce_type": sent})).type == "PURCHASE"
    assert accepted(read(structured(type=sent))).type == "PURCHASE"
    rejected(read(record(type="shop.PURCHASE")), Rejected.BAD_FACT, "`type`")


@pytest.mark.parametrize("name", ["id", "type", "time", "subject", "program"])
def test_attributes_of_a_cloud_event(name: str) -> None:
    """A missing attribute is a bad fact by its own name."""
    headers = {key: text for key, text in EVENT.items() if key != f"ce_{name}"}
    rejected(read(b"{}", headers), Rejected.BAD_FACT, f"`ce_{name}` is missing")
    rejected(read(structured(**{name: LEFT_OUT})), Rejected.BAD_FACT, f"`{name}` is missing")


EVENTS_REFUSED = {
    "blank": (b" ", EVENT, Rejected.UNREADABLE),
    "no value and no id": (None, {**EVENT, "ce_id": ""}, Rejected.BAD_FACT),
    "no object": (b"100", EVENT, Rejected.UNREADABLE),
    "deep facts": (f'{{"n": {nested(17)}}}'.encode(), EVENT, Rejected.UNREADABLE),
    "large facts": (b"{}".ljust(65_537), EVENT, Rejected.TOO_LARGE),
    "a bad moment": (b"{}", EVENT | {"ce_time": "1762171200000"}, Rejected.BAD_FACT),
    "a derived id": (b"{}", EVENT | {"ce_id": "a#b"}, Rejected.NOT_ALLOWED),
    "a reserved subject": (b"{}", EVENT | {"ce_subject": "code:A"}, Rejected.NOT_ALLOWED),
    "no type after the dot": (b"{}", EVENT | {"ce_type": "com.shop."}, Rejected.BAD_FACT),
    "structured, bad data": (structured(data="text"), {}, Rejected.BAD_FACT),
    "structured, no id": (structured(id=7), {}, Rejected.BAD_FACT),
}


@pytest.mark.parametrize(
    ("value", "headers", "reason"), EVENTS_REFUSED.values(), ids=EVENTS_REFUSED.keys()
)
def test_cloud_events_refused(
    value: bytes | None, headers: dict[str, str], reason: Rejected
) -> None:
    """What is refused in a plain record is refused in a CloudEvent."""
    rejected(read(value, headers), reason)


def test_attributes_of_the_producers_own() -> None:
    """Extension attributes and other headers are ignored, of whatever bytes."""
    extended: dict[str, bytes | str] = {
        **EVENT,
        "ce_tenant": "north",
        "content-type": "application/json",
        "x": b"\xff\xfe",
    }
    accepted(read(b"{}", extended))
    accepted(read(structured(tenant="north", dataschema="https://shop.example/1")))
    accepted(read(record(), {"ce_tenant": "north", "x": b"\xff"}))


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_the_trace_of_a_producer() -> None:
    """A W3C trace context is taken from the header or the event; anything else is left."""
    assert accepted(read(record(), {"traceparent": TRACE})).traceparent == TRACE
    assert accepted(read(b"{}", EVENT | {"ce_traceparent": TRACE})).traceparent == TRACE
    assert accepted(read(structured(traceparent=TRACE))).traceparent == TRACE
    for odd in ("", "00", TRACE.upper(), f"{TRACE}\n", TRACE * 100):
        assert accepted(read(record(), {"traceparent": odd})).traceparent is None


def test_what_laurel_says_to_itself() -> None:
    """Over actions.internal ids carry those of their parents, and a version counts."""
    derived = record(id="i" * 1_000 + "#a", user_id="code:A", version="loyalty@2025-01-01")
    action = accepted(read(derived, internal=True))
    assert (action.internal, action.version) == (True, "loyalty@2025-01-01")
    rejected(read(record(id="i" * 1_025), internal=True), Rejected.BAD_FACT, "1024 bytes")
    assert accepted(read(record(version="loyalty@2025-01-01"))).version is None


def test_a_rekeyed_record_is_what_it_first_was() -> None:
    """It counts as an outside action of its first append time; only Laurel can say that."""
    headers = {"laurel-rekeyed": str(NOON)}
    action = accepted(read(record(version="x"), headers, internal=True))
    assert (action.append_time, action.internal, action.version) == (NOON, False, None)
    rejected(read(record(id="a#b"), headers, internal=True), Rejected.NOT_ALLOWED)
    assert accepted(read(record(), headers)).append_time == CAME


@pytest.mark.parametrize("written", ["", "noon", "-1", "1.5", "²", b"\xff", "9" * 5_000])
def test_a_header_that_tells_no_moment(written: bytes | str) -> None:
    """It says nothing: the record stays one of Laurel's own."""
    action = accepted(read(record(), {"laurel-rekeyed": written}, internal=True))
    assert (action.append_time, action.internal) == (CAME, True)


@pytest.mark.parametrize(
    "changes",
    [
        *({}, {"data": {"n": [1, {}]}}, {"occurred_at": NOON}, {"own": 1}, {"id": "i" * 128}),
        *({"id": ""}, {"id": "a#b"}, {"id": "i" * 129}, {"id": 7}, {"user_id": ""}, {"program": 7}),
        *(
            {"type": "buy"},
            {"type": "A__B"},
            {"occurred_at": 1.5},
            {"occurred_at": None},
            {"data": []},
        ),
    ],
    ids=str,
)
def test_the_published_schema_of_an_action(changes: dict[str, object]) -> None:
    """docs/wire tells producers the same as what is done here."""
    schema = json.loads((ROOT / "docs" / "wire" / "actions.schema.json").read_text())
    valid = Draft202012Validator(schema).is_valid(GOOD | changes)
    assert valid == isinstance(read(json.dumps(GOOD | changes).encode()), Action)
