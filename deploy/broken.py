"""Every kind of broken record that the wire contract names, each made from a good action."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Body = dict[str, object]

Make = Callable[[Body], bytes | None]
"""Makes a broken value of a good action."""


def _changed(**fields: object) -> Callable[[Body], bytes]:
    return lambda good: json.dumps(good | fields).encode()


def _without(field: str) -> Callable[[Body], bytes]:
    return lambda good: json.dumps({k: v for k, v in good.items() if k != field}).encode()


def _fact(**facts: object) -> Callable[[Body], bytes]:
    return lambda good: json.dumps(good | {"data": {"order_id": "1"} | facts}).encode()


def _literal(text: str) -> Callable[[Body], bytes]:
    """Put `text` where the amount stands, even if no JSON may say it."""
    return lambda good: (
        json.dumps(good | {"data": {"order_value": "@"}}).encode().replace(b'"@"', text.encode())
    )


def _in_an_hour(good: Body) -> bytes:
    then = datetime.fromisoformat(str(good["occurred_at"])).astimezone(UTC) + timedelta(hours=1)
    return json.dumps(good | {"occurred_at": then.isoformat()}).encode()


def _nested(levels: int) -> Callable[[Body], bytes]:
    return _literal("[" * levels + "]" * levels)


BROKEN: tuple[tuple[str, Make], ...] = (
    ("unreadable", lambda _: None),
    ("unreadable", lambda _: b""),
    ("unreadable", lambda _: b"no JSON at all"),
    ("unreadable", lambda _: b'["a", "list"]'),
    ("unreadable", lambda _: b"42"),
    ("unreadable", lambda good: json.dumps(good).encode()[:-9]),
    ("unreadable", lambda good: json.dumps(good).encode().replace(b"PURCHASE", b"PURCHAS\xff")),
    ("unreadable", lambda good: b"\xef\xbb\xbf" + json.dumps(good).encode()),
    ("unreadable", _literal("NaN")),
    ("unreadable", _literal("-Infinity")),
    ("unreadable", _literal("9007199254740993")),
    ("unreadable", _literal("-1e300")),
    ("unreadable", _literal("01")),
    ("unreadable", _literal('"\\ud800"')),
    ("unreadable", _nested(15)),
    ("unreadable", _nested(2_000)),
    ("too_large", lambda good: json.dumps(good | {"note": "x" * 65_536}).encode()),
    ("bad_fact", _without("id")),
    ("bad_fact", _without("program")),
    ("bad_fact", _without("user_id")),
    ("bad_fact", _without("type")),
    ("bad_fact", _without("occurred_at")),
    ("bad_fact", _changed(id="")),
    ("bad_fact", _changed(id=7)),
    ("bad_fact", _changed(id="i" * 129)),
    ("bad_fact", _changed(id="a\u0000b")),
    ("bad_fact", _changed(user_id="")),
    ("bad_fact", _changed(user_id="\u00fc" * 65)),
    ("bad_fact", _changed(type="purchase")),
    ("bad_fact", _changed(occurred_at="yesterday")),
    ("bad_fact", _changed(occurred_at="2025-12-07T23:51:00")),
    ("bad_fact", _changed(occurred_at="2025-02-30T00:00:00Z")),
    ("bad_fact", _changed(occurred_at=1.5)),
    ("bad_fact", _changed(data=[])),
    ("bad_fact", _changed(data="none")),
    ("bad_fact", _fact()),
    ("bad_fact", _fact(order_value=None)),
    ("bad_fact", _fact(order_value=-5)),
    ("bad_fact", _fact(order_value=10.005)),
    ("bad_fact", _fact(order_value="1e3")),
    ("bad_fact", _fact(order_value="ten")),
    ("bad_fact", _fact(order_value=True)),
    (
        "bad_fact",
        _changed(type="MANUAL_ADJUSTMENT", data={"points": 0, "reason": "r", "created_by": "a"}),
    ),
    (
        "bad_fact",
        _changed(type="MANUAL_ADJUSTMENT", data={"points": 1.5, "reason": "r", "created_by": "a"}),
    ),
    ("bad_fact", _changed(type="MANUAL_ADJUSTMENT", data={"points": 5, "created_by": "a"})),
    ("not_allowed", _changed(id="ord-1#purchase")),
    ("not_allowed", _changed(user_id="code:WELCOME")),
    ("not_allowed", _changed(user_id="period:global:weekly:2025-W49")),
    ("not_allowed", _changed(type="WEEKLY_WINNER", data={"place": 1, "period": "weekly:2025-W49"})),
    ("not_allowed", _changed(type="CODE_REGISTER", data={"owner": "u-000001"})),
    ("unknown_program", _changed(program="no-such-program")),
    ("unknown_action", _changed(type="FLY_TO_THE_MOON")),
    ("from_the_future", _in_an_hour),
)
"""Each kind of broken record: why it is rejected, and what makes it; None is a record without value."""
