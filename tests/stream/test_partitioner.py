"""Partitions of keys: those that Kafka's own clients choose."""

from aiokafka.partitioner import murmur2 as kafkas_murmur2
from hypothesis import given
from hypothesis import strategies as st

from processors.stream.partitioner import murmur2, partition_of


@given(st.binary(max_size=40))
def test_murmur2_is_kafkas(key: bytes) -> None:
    """Four bytes at a time hash to what one byte at a time does."""
    assert murmur2(key) == kafkas_murmur2(key) & 0xFFFFFFFF


def test_a_subject_is_hashed_by_its_utf_8_bytes() -> None:
    """As Java's clients hash a text."""
    assert partition_of("zoë", 8) == (kafkas_murmur2("zoë".encode()) & 0x7FFFFFFF) % 8
