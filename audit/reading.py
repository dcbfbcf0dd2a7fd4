"""One record read with the standard library alone: an action, or the reason why it is none."""

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NoReturn

from audit.periods import LAST_MOMENT, read_instant
from audit.records import INTERNAL, REKEYED, Record

LARGEST_VALUE = 65_536
LARGEST_NUMBER = 2**53
DEEPEST = 16
LONGEST_ID = 128
LONGEST_DERIVED_ID = 1_024
RESERVED = ("code:", "reward:", "team:", "payment:", "period:")

_EVENT = {"ce_specversion", "ce_id", "ce_type"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_UPPER_SNAKE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")

Json = dict[str, Any]


@dataclass
class Said:
    """An action as a record says it; times are epoch milliseconds."""

    id: str
    program: str
    user_id: str
    type: str
    occurred_at: int
    facts: Json
    append_time: int
    internal: bool  # said by Laurel itself: came over actions.internal and is no re-keyed copy
    rekeyed: bool
    version: str | None  # a derived action is decided by its parent's version
    record: Record = field(repr=False)


class Refused(Exception):  # noqa: N818  a verdict, no error
    """The record is no valid action; `reason` is one of `actions.rejected`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason


def read(record: Record) -> Said:
    """Read a record of `actions` or `actions.internal`. Raises Refused when it is no action."""
    headers = dict(record.headers)
    rekeyed = record.topic == INTERNAL and REKEYED in headers
    internal = record.topic == INTERNAL and not rekeyed
    if not internal and len(record.value or b"") > LARGEST_VALUE:
        raise Refused("too_large", f"{len(record.value or b'')} bytes")
    body = _envelope(_json_object(_stated(record.value, headers)), headers)
    said = Said(
        id=_name(body, "id", LONGEST_DERIVED_ID if internal else LONGEST_ID),
        program=_name(body, "program"),
        user_id=_name(body, "user_id"),
        type=_type(body),
        occurred_at=_occurred_at(body),
        facts=_facts(body),
        append_time=int(headers[REKEYED]) if rekeyed else record.append_time,
        internal=internal,
        rekeyed=rekeyed,
        version=body.get("version") if internal else None,
        record=record,
    )
    if not internal and "#" in said.id:
        raise Refused("not_allowed", f"id {said.id!r} holds #")
    if not internal and said.user_id.startswith(RESERVED):
        raise Refused("not_allowed", f"user_id {said.user_id!r} is Laurel's own")
    return said


def _stated(value: bytes | None, headers: dict[str, bytes]) -> bytes | None:
    """Give the value; an event in headers that has none has no data."""
    return b"{}" if not value and headers.keys() & _EVENT else value


def _json_object(value: bytes | None) -> Json:
    try:
        found = _JSON.decode((value or b"").decode())
        _check(found, 1)
    except (ValueError, RecursionError) as error:
        raise Refused("unreadable", str(error)) from error
    if not isinstance(found, dict):
        raise Refused("unreadable", "no object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_JSON = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant)


def _check(value: object, depth: int) -> None:
    """Hold numbers, nesting and text to their bounds. Raises ValueError."""
    if isinstance(value, str):
        value.encode()  # refuses lone surrogates
    elif isinstance(value, int | Decimal):
        if not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
            raise ValueError(f"{value} is out of range")
    elif isinstance(value, dict | list):
        if depth > DEEPEST:
            raise ValueError(f"nested over {DEEPEST} levels")
        for inner in value.values() if isinstance(value, dict) else value:
            _check(inner, depth + 1)
        if isinstance(value, dict):
            "".join(value).encode()


def _envelope(body: Json, headers: dict[str, bytes]) -> Json:
    """Turn a CloudEvent, binary or structured, into a plain action; others pass."""
    if headers.keys() & _EVENT:
        attributes = {
            name[3:]: text.decode(errors="replace")
            for name, text in headers.items()
            if name.startswith("ce_")
        }
        return _from_cloud_event(attributes, body)
    if "specversion" in body:
        return _from_cloud_event(body, body.get("data"))
    return body


def _from_cloud_event(attributes: Json, data: object) -> Json:
    names = {"id": "id", "program": "program", "user_id": "subject", "occurred_at": "time"}
    body = {ours: attributes[theirs] for ours, theirs in names.items() if theirs in attributes}
    if isinstance(attributes.get("type"), str):
        body["type"] = attributes["type"].rpartition(".")[2]
    return body | {"data": data}


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Refused("bad_fact", f"{name} is {value!r}")
    return value


def _name(body: Json, name: str, longest: int = LONGEST_ID) -> str:
    """Read an id: 1 .. `longest` bytes without control characters."""
    value = _text(body, name)
    if len(value.encode()) > longest or _CONTROL.search(value):
        raise Refused("bad_fact", f"{name} is {value!r}")
    return value


def _type(body: Json) -> str:
    value = _text(body, "type")
    if not _UPPER_SNAKE.fullmatch(value):
        raise Refused("bad_fact", f"type is {value!r}")
    return value


def _occurred_at(body: Json) -> int:
    value = body.get("occurred_at")
    moment = read_instant(value) if isinstance(value, str) else value
    if type(moment) is not int or not 0 <= moment < LAST_MOMENT:
        raise Refused("bad_fact", f"occurred_at is {value!r}")
    return moment


def _facts(body: Json) -> Json:
    facts = body.get("data")
    if facts is None:
        return {}
    if not isinstance(facts, dict):
        raise Refused("bad_fact", f"data is {facts!r}")
    return facts
