"""Records as aiokafka's decoder makes them, without the copy that it makes of each for its users.

The copy costs more than reading the record. A consumer marked `lean` gets the decoder's own
records: offset, timestamp, timestamp_type, key, value, headers; topic and partition are the run's.
Whoever does not ask for it, in this process too, gets aiokafka's ConsumerRecord as ever.
"""

from typing import Any, Final, Protocol, cast

import aiokafka
from aiokafka.consumer.fetcher import PartitionRecords

LOG_APPEND_TIME: Final = 1
"""Kafka's code for a record stamped by the broker."""


class WrongTimestampsError(Exception):
    """Producers stamp the records of a topic whose times decide.

    An old retry would be paid twice, and a version of the rules count from whenever one pleased.
    """

    def __init__(self, topic: str) -> None:
        super().__init__(
            f"topic {topic} must have message.timestamp.type=LogAppendTime; `laurel topics apply`"
        )


class Record(Protocol):
    """One record of a fetched batch."""

    @property
    def offset(self) -> int: ...  # noqa: D102
    @property
    def timestamp(self) -> int: ...  # noqa: D102 - epoch milliseconds
    @property
    def timestamp_type(self) -> int: ...  # noqa: D102 - 1 when the broker stamped it
    @property
    def key(self) -> bytes | None: ...  # noqa: D102
    @property
    def value(self) -> bytes | None: ...  # noqa: D102
    @property
    def headers(self) -> list[tuple[str, bytes]]: ...  # noqa: D102


_copied = PartitionRecords._consumer_record


def _as_is(key: bytes) -> bytes:
    return key


_LEAN: Final = _as_is


def _record(self: Any, tp: Any, record: Record) -> Record:
    return record if self._key_deserializer is _LEAN else cast("Record", _copied(self, tp, record))


PartitionRecords._consumer_record = _record


def lean(consumer: aiokafka.AIOKafkaConsumer) -> aiokafka.AIOKafkaConsumer:
    """Mark a consumer that was not started yet; its records are `Record`s."""
    consumer._key_deserializer = _LEAN
    return consumer
