"""Records as aiokafka's decoder makes them, without the copy that it makes of each for its users.

The copy costs more than reading the record. A consumer marked `lean` gets the decoder's own
records: offset, timestamp, timestamp_type, key, value, headers; topic and partition are the run's.
Whoever does not ask for it, in this process too, gets aiokafka's ConsumerRecord as ever.

Names of headers are texts, but the broker takes any bytes for one, and the decoder fails on a batch with
a name that is not UTF-8. Such a batch is read once more by aiokafka's slower decoder, with U+FFFD for what is no text.
"""

from collections.abc import Iterator
from struct import unpack_from
from typing import Any, Final, Protocol, cast

import aiokafka
from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

LOG_APPEND_TIME: Final = 1
"""Kafka's code for a record stamped by the broker."""


class WrongTimestampsError(Exception):
    """A record of a topic whose times decide was stamped by its producer.

    An old retry would be paid twice, and a version of the rules count from whenever one pleased.
    """

    def __init__(self, topic: str, partition: int, offset: int) -> None:
        super().__init__(
            f"the record at offset {offset} of {topic} {partition} was stamped by its producer, and "
            "not by the broker. `laurel topics apply` sets message.timestamp.type=LogAppendTime for "
            "records to come; remove those before with kafka-delete-records and send them again, or "
            "use another topic prefix (of a compacted topic none can be removed: make it anew)"
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


class _Fetched(MemoryRecords):
    """What was fetched of a partition; its bytes stay at hand to be read once more."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.data = data


class _Lenient:
    """The batches that reach beyond an offset; names of their headers may be anything."""

    def __init__(self, data: bytes, offset: int) -> None:
        self._batches = [batch for batch in _batches(data) if batch.next_offset > offset]

    def has_next(self) -> bool:
        return bool(self._batches)

    def next_batch(self) -> Any:
        batch = self._batches.pop(0)
        if not batch.validate_crc():
            raise CorruptRecordException(f"a batch at {batch.base_offset} is not what was written")
        iter(batch)  # Decompresses it, after which its checksum can no longer be looked at.
        batch._buffer = _Names(batch._buffer)
        return batch


class _Names(bytearray):
    """Bytes whose parts become texts, whatever is in them."""

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return _Names(found) if isinstance(at, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:
        return super().decode(encoding, errors)


def _batches(data: bytes) -> Iterator[Any]:
    """Cut what was fetched into batches: each has 8 bytes of its offset, 4 of its length, then so many."""
    at = 0
    while at + 12 <= len(data):
        end = at + 12 + unpack_from(">i", data, at + 8)[0]
        if end > len(data):
            return  # Fetched in part; it comes whole with the next fetch.
        yield _DefaultRecordBatchPy(memoryview(data)[at:end])
        at = end


_unpacked = PartitionRecords._unpack_records


def _unpack_records(self: Any) -> Iterator[Any]:
    try:
        yield from _unpacked(self)
    except UnicodeDecodeError:
        # Batches that were read are left out: those of aborted transactions are no longer known.
        self._records = _Lenient(self._records.data, self.next_fetch_offset)
        self._check_crcs = False
        yield from _unpacked(self)


PartitionRecords._unpack_records = _unpack_records
fetcher.MemoryRecords = _Fetched


def lean(consumer: aiokafka.AIOKafkaConsumer) -> aiokafka.AIOKafkaConsumer:
    """Mark a consumer that was not started yet; its records are `Record`s."""
    consumer._key_deserializer = _LEAN
    return consumer
