"""Every kind of broken record that the wire contract names, each made from a good action."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Body = dict[str, object]


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


BROKEN: tuple[Callable[[Body], bytes | None], ...] = (
    # unreadable
    lambda _: None,
    lambda _: b"",
    lambda _: b"no JSON at all",
    lambda _: b'["a", "list"]',
    lambda _: b"42",
    lambda good: json.dumps(good).encode()[:-9],
    lambda good: json.dumps(good).encode().replace(b"PURCHASE", b"PURCHAS\xff"),
    lambda good: b"\xef\xbb\xbf" + json.dumps(good).encode(),
    _literal("NaN"),
    _literal("-Infinity"),
    _literal("9007199254740993"),
    _literal("-1e300"),
    _literal("01"),
    _literal('"\\ud800"'),
    _nested(15),
    _nested(2_000),
    # too_large
    lambda good: json.dumps(good | {"note": "x" * 65_536}).encode(),
    # bad_fact: the envelope
    _without("id"),
    _without("program"),
    _without("user_id"),
    _without("type"),
    _without("occurred_at"),
    _changed(id=""),
    _changed(id=7),
    _changed(id="i" * 129),
    _changed(id="a\u0000b"),
    _changed(user_id=""),
    _changed(user_id="\u00fc" * 65),
    _changed(type="purchase"),
    _changed(occurred_at="yesterday"),
    _changed(occurred_at="2025-12-07T23:51:00"),
    _changed(occurred_at="2025-02-30T00:00:00Z"),
    _changed(occurred_at=1.5),
    _changed(data=[]),
    _changed(data="none"),
    # bad_fact: a fact
    _fact(),
    _fact(order_value=None),
    _fact(order_value=-5),
    _fact(order_value=10.005),
    _fact(order_value="1e3"),
    _fact(order_value="ten"),
    _fact(order_value=True),
    _changed(type="MANUAL_ADJUSTMENT", data={"points": 0, "reason": "r", "created_by": "a"}),
    _changed(type="MANUAL_ADJUSTMENT", data={"points": 1.5, "reason": "r", "created_by": "a"}),
    _changed(type="MANUAL_ADJUSTMENT", data={"points": 5, "created_by": "a"}),
    # not_allowed
    _changed(id="ord-1#purchase"),
    _changed(user_id="code:WELCOME"),
    _changed(user_id="period:global:weekly:2025-W49"),
    _changed(type="WEEKLY_WINNER", data={"place": 1, "period": "weekly:2025-W49"}),
    _changed(type="CODE_REGISTER", data={"owner": "u-000001"}),
    # unknown_program, unknown_action, from_the_future
    _changed(program="no-such-program"),
    _changed(type="FLY_TO_THE_MOON"),
    _in_an_hour,
)
"""Makers of broken values; a value of None is a record without one."""
