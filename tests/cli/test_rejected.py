"""Rejected records are sent again as they came."""

import asyncio
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from aiokafka import TopicPartition

from cli import kafka
from cli.addresses import Place, settings_at
from cli.originals import Original
from schemas import moments
from schemas.results import Rejected, RejectedRecord
from schemas.wire import REKEYED
from tests.cli.laurels import Laurel

VALUE = b'{"id": "\xff"}'
HEADERS = [("tag", b"1"), ("tag", b"\xff\x00"), ("empty", b""), ("none", None), ("ü", "é".encode())]


def original(**given: object) -> Original:
    """Give a rejected record of the key `u`; what is not given is that of a record of `[]`."""
    said = RejectedRecord(
        id="actions/3/7",
        reason=Rejected.UNREADABLE,
        message="no JSON object",
        topic="actions",
        partition=3,
        offset=7,
        append_time=moments.write(5_000),
        action_id=None,
        program=None,
        user_id=None,
        value="[]",
        value_base64=None,
        headers={},
    )
    return Original(msgspec.structs.replace(said, **given), b"u")


def record(**given: object) -> SimpleNamespace:
    """Give a record as it stands on its topic."""
    return SimpleNamespace(
        **{"timestamp": 5_000, "key": b"u", "value": b"[]", "headers": [], **given}
    )


@pytest.mark.parametrize(
    ("told", "whole"),
    [
        ({}, True),
        ({"headers": {"a": "b"}}, False),
        ({"value": ""}, False),
        ({"value": None, "value_base64": "/w=="}, True),
    ],
)
def test_what_was_told_whole(told: dict[str, Any], whole: bool) -> None:  # noqa: FBT001
    """Without headers, and with a value, nothing of a record can have been lost."""
    one = original(**told)
    assert one.is_whole is whole
    assert one.again(None).is_exact is whole


def test_headers_come_from_where_the_record_stands() -> None:
    """All of them, in their order, but for the mark that Laurel put on a re-keyed record."""
    stands = record(headers=[*HEADERS, (REKEYED, b"1")])
    again = original(headers={"tag": "\ufffd\0", REKEYED: "1"}).again(stands)
    assert (again.value, again.headers, again.is_exact) == (b"[]", HEADERS, True)


def test_no_value_is_sent_as_none() -> None:
    """A tombstone is no empty value; the broker takes none only with a key."""
    told = original(value="")
    assert told.again(record(value=None)).value is None
    assert told._replace(key=None).again(record(value=None, key=None)).value == b""


@pytest.mark.parametrize("other", [{"timestamp": 6_000}, {"key": b"v"}, {"value": b"{}"}])
def test_another_record_in_its_place_is_not_sent(other: dict[str, Any]) -> None:
    """A topic that was made anew has another record there: what was told is sent."""
    again = original(headers={"a": "b"}).again(record(headers=[("c", b"d")], **other))
    assert (again.value, again.headers, again.is_exact) == (b"[]", [("a", b"b")], False)


def test_a_record_is_sent_again_byte_for_byte(laurel: Laurel) -> None:
    """Headers of one name, without a value or with any bytes are those of the record that was sent."""
    user = f"u-{uuid4().hex[:8]}"
    place = Place(settings_at({name[7:].lower(): at for name, at in laurel.environment.items()}))
    topic = place.settings.topic("actions")

    async def send() -> tuple[TopicPartition, int]:
        async with kafka.producer(place) as producer:
            sent = await producer.send_and_wait(topic, VALUE, user.encode(), headers=HEADERS)
            return TopicPartition(topic, sent.partition), sent.offset

    async def there(tp: TopicPartition) -> list[Any]:
        async with kafka.consumer(place) as client:
            found = [one async for one in kafka.read_all(client, [tp]) if one.key == user.encode()]
            return [(one.value, list(one.headers)) for one in found]

    tp, offset = asyncio.run(send())
    rejected = f"{tp.topic}/{tp.partition}/{offset}"
    laurel.until("rejected", "list", part=rejected)
    said = laurel("rejected", "retry", rejected)
    assert "sent 1 record again" in said
    assert "gone" not in said
    assert asyncio.run(there(tp)) == [(VALUE, HEADERS)] * 2


def test_a_record_beyond_the_end_is_none(laurel: Laurel) -> None:
    """What is no longer, or not yet, in its partition is told by nothing."""
    place = Place(settings_at({name[7:].lower(): at for name, at in laurel.environment.items()}))

    async def at(offset: int) -> object:
        async with kafka.consumer(place, auto_offset_reset="none") as client:
            tp = TopicPartition(place.settings.topic("actions"), 0)
            return await kafka.record_at(client, tp, offset)

    assert asyncio.run(at(1_000_000)) is None
