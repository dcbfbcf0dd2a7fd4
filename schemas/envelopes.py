"""The envelope of an action, read with care: every way it can be ill-formed, and CloudEvents.

`schemas.wire` reads the good case itself and comes here when something looks odd.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from schemas.actions import RESERVED_SUBJECTS
from schemas.results import Rejected

ID_BYTES_MAX: Final = 128
DERIVED_ID_BYTES_MAX: Final = 1_024
"""Ids on `actions.internal` carry the ids of their parents."""
NESTING_MAX: Final = 16
NUMBER_MAX: Final = 2**53

_STRINGS: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_NUMBERS: Final = re.compile(rb"-?\d[\d.eE+-]*")
_NO_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"{[]}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_UPPER_SNAKE: Final = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*", re.ASCII)

# Our field -> its name where it was read from.
_PLAIN: Final = {
    field: field for field in ("id", "program", "user_id", "type", "occurred_at", "data", "version")
}
_STRUCTURED: Final = {
    "id": "id",
    "program": "program",
    "user_id": "subject",
    "type": "type",
    "occurred_at": "time",
    "data": "data",
    "traceparent": "traceparent",
}
_BINARY: Final = {field: f"ce_{name}" for field, name in _STRUCTURED.items()}
EVENT_HEADERS: Final = ("ce_specversion", "ce_id", "ce_type")
"""Any of these headers makes a record a CloudEvent in binary mode."""

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Rejection(msgspec.Struct, frozen=True, gc=False):
    """Why a record is no valid action, and what could be read of it."""

    reason: Rejected
    message: str
    id: str | None = None
    program: str | None = None
    user_id: str | None = None


class Envelope(msgspec.Struct, gc=False):
    """The fields of an action as they were sent; `version` counts on `actions.internal` only."""

    id: str
    program: str
    user_id: str
    type: str
    occurred_at: str | Annotated[int, Meta(ge=-NUMBER_MAX, le=NUMBER_MAX)]
    data: msgspec.Raw = msgspec.Raw(b"{}")
    version: str | None = None
    traceparent: str | None = None


def read_carefully(value: bytes | None, headers: Mapping[str, str]) -> Envelope | Rejection:
    """Read the envelope in any of its forms, or say what is wrong with it."""
    is_event = any(name in headers for name in EVENT_HEADERS)
    if is_event and not value:
        value = b"{}"  # All of an event but its data stands in headers, and data may be left out.
    if value is None:
        return Rejection(Rejected.UNREADABLE, "the record has no value")
    problem = unreadable(value)
    if problem is not None:
        return Rejection(Rejected.UNREADABLE, problem)
    fields: dict[str, object] = dict(_fields.decode(value))
    if is_event:
        return _envelope({**headers, "ce_data": msgspec.Raw(value)}, _BINARY)
    return _envelope(fields, _STRUCTURED if "specversion" in fields else _PLAIN)


def unreadable(value: bytes) -> str | None:
    """Say why the bytes are no JSON object within bounds, or None when they are one."""
    try:
        value.decode()
        bare = _STRINGS.sub(b'""', value)
        if _depth(bare) > NESTING_MAX:
            return f"nested deeper than {NESTING_MAX}"
        for number in _NUMBERS.findall(bare):
            if _is_beyond(number.decode()):
                return f"the number {number[:40].decode()} lies beyond ±2^53"
        _fields.decode(value)
    except UnicodeDecodeError as wrong:
        return f"not UTF-8: {wrong.reason} at byte {wrong.start}"
    except msgspec.ValidationError:
        return "no JSON object"
    except msgspec.DecodeError as wrong:
        return f"no JSON: {wrong}"
    return None


def _depth(bare: bytes) -> int:
    """Return the deepest nesting of JSON whose strings were emptied."""
    depth = deepest = 0
    for bracket in bare.translate(None, delete=_NO_BRACKETS):
        depth += 1 if bracket in b"{[" else -1
        deepest = max(deepest, depth)
    return deepest


def _is_beyond(number: str) -> bool:
    try:
        return not -NUMBER_MAX <= Decimal(number) <= NUMBER_MAX
    except ArithmeticError:
        # Either no number at all, which the decoder names, or an exponent without end.
        return "e" in number.lower()


def _envelope(fields: Mapping[str, object], names: Mapping[str, str]) -> Envelope | Rejection:
    """Take our fields out of a record's, each text or a whole number where that is asked for."""
    said: dict[str, object] = {}
    problem = None
    for field, name in names.items():
        found = fields.get(name)
        if isinstance(found, msgspec.Raw) and (field != "data" or bytes(found) == b"null"):
            found = msgspec.json.decode(found)
        if field == "type" and names is not _PLAIN and isinstance(found, str):
            found = found.rpartition(".")[2]
        if found is None:
            if field in _REQUIRED:
                problem = problem or f"`{name}` is missing"
        elif _fits(field, found):
            said[field] = found
        elif field == "data" or field in _REQUIRED:
            problem = problem or f"`{name}` is ill-typed: {_short(found)}"
    if problem is not None:
        return _refuse(Rejected.BAD_FACT, problem, said)
    return msgspec.convert(said, Envelope)


_REQUIRED: Final = ("id", "program", "user_id", "type", "occurred_at")


def _fits(field: str, found: object) -> bool:
    if field == "data":
        return isinstance(found, msgspec.Raw) and bytes(found).startswith(b"{")
    if field == "occurred_at":
        return isinstance(found, str) or type(found) is int
    return isinstance(found, str)


def judge(said: Envelope, *, internal: bool) -> Rejection | None:
    """Say what is wrong with the contents of an envelope's fields; None when all is well."""
    id_bytes_max = DERIVED_ID_BYTES_MAX if internal else ID_BYTES_MAX
    fields = {"id": said.id, "program": said.program, "user_id": said.user_id}
    for field, text in fields.items():
        problem = _wrong_name(text, id_bytes_max if field == "id" else ID_BYTES_MAX)
        if problem is not None:
            return _refuse(Rejected.BAD_FACT, f"`{field}` {problem}: {_short(text)}", fields)
    if len(said.type) > ID_BYTES_MAX or not _UPPER_SNAKE.fullmatch(said.type):
        message = f"`type` is not UPPER_SNAKE: {_short(said.type)}"
        return _refuse(Rejected.BAD_FACT, message, fields)
    if not internal and "#" in said.id:
        message = f"`id` contains #, which marks derived actions: {_short(said.id)}"
        return _refuse(Rejected.NOT_ALLOWED, message, fields)
    if not internal and said.user_id.startswith(RESERVED_SUBJECTS):
        message = f"`user_id` begins with a reserved prefix: {_short(said.user_id)}"
        return _refuse(Rejected.NOT_ALLOWED, message, fields)
    return None


def _wrong_name(text: str, bytes_max: int) -> str | None:
    if not text:
        return "is empty"
    if len(text.encode()) > bytes_max:
        return f"is longer than {bytes_max} bytes"
    return "contains a control character" if _CONTROL.search(text) else None


def _refuse(reason: Rejected, message: str, said: Mapping[str, object]) -> Rejection:
    """Make a Rejection that names what could be read of the action."""
    read = {name: said.get(name) for name in ("id", "program", "user_id")}
    texts = {name: text if isinstance(text, str) else None for name, text in read.items()}
    return Rejection(reason, message, texts["id"], texts["program"], texts["user_id"])


def _short(found: object) -> str:
    """Show a value, at most 80 characters of it."""
    text = bytes(found).decode() if isinstance(found, msgspec.Raw) else repr(found)
    return text if len(text) <= 80 else f"{text[:79]}…"  # noqa: PLR2004
