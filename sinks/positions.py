"""What the sinks agree on about positions: each keeps its own, and continues only from there."""

from typing import NamedTuple

Partition = tuple[str, int]
"""(topic, partition)."""


class Assigned(NamedTuple):
    """What Kafka knows of a partition: its first offset, and what our group committed of it.

    `committed` is None where the group never committed.
    """

    first: int
    committed: int | None


class StaleRunError(Exception):
    """The sink does not stand where the run begins: somebody moved it. Nothing was changed."""


class LostRecordsError(Exception):
    """Kafka deleted records before the sink took them."""


def begin(partition: Partition, position: int, first: int) -> int:
    """Give the offset to read from: the sink's position, or the log's first record if it has none.

    Raises LostRecordsError when the log begins behind a sink that has begun.
    """
    if 0 < position < first:
        topic, number = partition
        raise LostRecordsError(
            f"{topic} {number} begins at {first} but the sink stands at {position}: the records "
            "between were deleted before it took them. Rebuild the sink from what is left, and "
            "keep this topic longer"
        )
    return max(position, first)
