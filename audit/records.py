"""What the auditor takes in: records as Kafka holds them, and the order in which they were decided."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

ACTIONS = "actions"
INTERNAL = "actions.internal"
REKEYED = "laurel-rekeyed"
"""Header of a misrouted action's copy on `actions.internal`: its first append time in ms, as text."""


class Record(NamedTuple):
    """One record of a topic; `append_time` is epoch milliseconds, set by the broker."""

    topic: str
    partition: int
    offset: int
    append_time: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Turn(NamedTuple):
    """One journal entry: offsets [from, to) of both inputs of a partition, internal ones first."""

    partition: int
    internal: tuple[int, int]
    actions: tuple[int, int]


class JournalError(ValueError):
    """The journal does not tile its inputs: a turn begins where the last one did not end."""


def decided_order(records: Iterable[Record], journal: Iterable[Turn]) -> Iterator[Record]:
    """Input records in the order in which scoring decided them, partition by partition.

    `journal` holds the turns of each partition in order. Records behind the last turn were not
    decided yet and are left out. Raises JournalError when turns overlap or leave a gap in which
    records stand.
    """
    inputs = _by_partition(records)
    reached: dict[tuple[str, int], int] = {}
    for turn in journal:
        for topic, (start, end) in ((INTERNAL, turn.internal), (ACTIONS, turn.actions)):
            place = (topic, turn.partition)
            yield from _stretch(inputs.get(place, {}), place, reached.get(place, 0), start, end)
            reached[place] = end


def _by_partition(records: Iterable[Record]) -> dict[tuple[str, int], dict[int, Record]]:
    inputs: dict[tuple[str, int], dict[int, Record]] = {}
    for record in records:
        inputs.setdefault((record.topic, record.partition), {})[record.offset] = record
    return inputs


def _stretch(
    records: Mapping[int, Record], place: tuple[str, int], reached: int, start: int, end: int
) -> Iterator[Record]:
    """Yield the records at [start, end) of one input; offsets of commit markers hold none."""
    if start > end:
        raise JournalError(f"{place}: a turn goes backwards, from {start} to {end}")
    if start < reached:
        raise JournalError(f"{place}: a turn begins at {start}, the last one ended at {reached}")
    lost = [offset for offset in range(reached, start) if offset in records]
    if lost:
        raise JournalError(f"{place}: no turn decided the records at {lost[:5]}")
    for offset in range(start, end):
        if offset in records:
            yield records[offset]
