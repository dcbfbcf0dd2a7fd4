"""Bytes to actions and results to bytes: the wire contract, without Kafka.

The good case is one typed decode and a handful of comparisons. Whatever looks odd is read again,
slowly and with care (`schemas.envelopes`), so that a refusal can say what is wrong and where.
"""

import functools
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from schemas import moments, results
from schemas.actions import Action
from schemas.envelopes import (
    EVENT_HEADERS,
    ID_BYTES_MAX,
    NUMBER_MAX,
    Envelope,
    Rejection,
    judge,
    read_carefully,
)
from schemas.results import Rejected

Header = tuple[str, bytes]

VALUE_BYTES_MAX: Final = 65_536
REKEYED: Final = "laurel-rekeyed"
"""Header on `actions.internal` of a record that came on a wrong partition: its first append time."""
TRACEPARENT: Final = "traceparent"

SCHEMAS: Final[dict[type, str]] = {
    results.Posting: "rewards.earned/1",
    results.AcceptedAction: "actions.accepted/1",
    results.DeclinedAction: "actions.declined/1",
    results.RejectedRecord: "actions.rejected/1",
    results.TierChanged: "tier.changed/1",
    results.AchievementUnlocked: "achievements.unlocked/1",
    results.PeriodRecord: "periods.closed/1",
    results.Notification: "notifications.send/1",
    results.LeaderboardUpdated: "leaderboard.updated/1",
    results.JournalEntry: "scoring.journal/1",
}
"""Name and version of each result's form, as its header `schema` says it."""

_TRACE: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
_MOMENT: Final = re.compile(r"\d{1,15}", re.ASCII)
_NAMES_MAX: Final = 4_096
_programs_seen: set[str] = set()
_types_seen: set[str] = set()
"""Names that were found well-formed."""

_Scalar = (
    str
    | Annotated[int, Meta(ge=-NUMBER_MAX, le=NUMBER_MAX)]
    # Just within: 2^53 and a half would be read as 2^53.
    | Annotated[float, Meta(gt=-NUMBER_MAX, lt=NUMBER_MAX)]
    | bool
    | None
)


class _Exact(Envelope, gc=False, forbid_unknown_fields=True):
    """An envelope without unknown fields: only its facts can hold odd numbers and brackets."""


_NO_TEXTS: Final[Mapping[str, str]] = {}
_UNFIT: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_decode_exactly = msgspec.json.Decoder(_Exact).decode
_decode = msgspec.json.Decoder(Envelope).decode
# These decode to check: what they take is UTF-8, flat, and its numbers are within bounds.
_check_facts = msgspec.json.Decoder(dict[str, _Scalar]).decode
_check_fields = msgspec.json.Decoder(dict[str, _Scalar | dict[str, _Scalar]]).decode
encode = msgspec.json.Encoder().encode
"""Encode one result in its wire form: compact JSON in UTF-8."""


def read_action(
    value: bytes | None,
    headers: Iterable[Header],
    append_time: int,
    internal: bool,  # noqa: FBT001
) -> Action | Rejection:
    """Read a record's value and headers as an action, or say why it is none.

    `append_time` is the broker's, in epoch milliseconds; `internal` tells that the record came over
    `actions.internal`, where a record may be as large as its topic takes it. A re-keyed record counts
    as what it first was: an outside action of its first append time. Never raises.
    """
    texts = _texts(headers) if headers else _NO_TEXTS
    if internal and _MOMENT.fullmatch(texts.get(REKEYED, "")):
        internal, append_time = False, int(texts[REKEYED])
    if not internal and value is not None and len(value) > VALUE_BYTES_MAX:
        return Rejection(Rejected.TOO_LARGE, f"{len(value)} bytes, at most {VALUE_BYTES_MAX}")
    is_event = texts and not texts.keys().isdisjoint(EVENT_HEADERS)
    said: Envelope | Rejection
    try:
        said = _decode_exactly(b"" if value is None or is_event else value)
        _check_facts(said.data)
    except _UNFIT:
        said = _read_extended(value, texts)
        if isinstance(said, Rejection):
            return said
    if not _is_plain(said, internal=internal):
        refusal = judge(said, internal=internal)
        if refusal is not None:
            return refusal
        _remember_names(said)
    try:
        occurred_at = moments.read(said.occurred_at)
    except ValueError as wrong:
        message = f"`occurred_at` {said.occurred_at!r}: {wrong}"
        return Rejection(Rejected.BAD_FACT, message, said.id, said.program, said.user_id)
    return Action(
        said.id,
        said.program,
        said.user_id,
        said.type,
        occurred_at,
        said.data,
        append_time,
        internal,
        said.version if internal else None,
        _trace(texts.get(TRACEPARENT) or said.traceparent) if texts or said.traceparent else None,
    )


def _read_extended(value: bytes | None, texts: Mapping[str, str]) -> Envelope | Rejection:
    """Read an envelope with fields of the producer's own; with anything odder, read carefully."""
    if value is None or not texts.keys().isdisjoint(EVENT_HEADERS):
        return read_carefully(value, texts)
    try:
        said = _decode(value)
        _check_facts(said.data)
        fields = _check_fields(value)
    except _UNFIT:
        return read_carefully(value, texts)
    return read_carefully(value, texts) if "specversion" in fields else said


def _is_plain(said: Envelope, *, internal: bool) -> bool:
    """Tell at a glance that an envelope's fields are well-formed; False asks for a closer look."""
    name, user_id = said.id, said.user_id
    both = name + user_id
    return (
        0 < len(name) <= ID_BYTES_MAX
        and 0 < len(user_id) <= ID_BYTES_MAX
        and both.isascii()
        and both.isprintable()
        and (internal or ("#" not in name and ":" not in user_id))
        and said.type in _types_seen
        and said.program in _programs_seen
    )


def _remember_names(said: Envelope) -> None:
    for names, name in ((_programs_seen, said.program), (_types_seen, said.type)):
        if len(names) >= _NAMES_MAX:
            names.clear()
        names.add(name)


def _texts(headers: Iterable[Header]) -> dict[str, str]:
    return {name: value.decode(errors="replace") for name, value in headers if value is not None}


def _trace(text: str | None) -> str | None:
    """Return a W3C trace context when it is one."""
    return text if text is not None and _TRACE.fullmatch(text) else None


def read_trace(headers: Iterable[Header]) -> str | None:
    """Give the W3C trace context in the headers of a record of whatever value, if there is one."""
    texts = _texts(headers)
    return _trace(texts.get(TRACEPARENT) or texts.get(f"ce_{TRACEPARENT}"))


def result_headers(result: type, program: str | None, trace: str | None = None) -> list[Header]:
    """Return the headers of a result: its schema, its program, and the action's trace context."""
    headers = _result_headers(result, program)
    return headers if trace is None else [*headers, (TRACEPARENT, trace.encode())]


@functools.lru_cache(maxsize=1_024)
def _result_headers(result: type, program: str | None) -> list[Header]:
    schema = ("schema", SCHEMAS[result].encode())
    return [schema] if program is None else [schema, ("program", program.encode())]
