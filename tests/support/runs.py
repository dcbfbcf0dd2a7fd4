"""Runs of records as a projector gets them, made without a broker."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from processors.projector import Projector, StaleTurnError
from schemas import moments
from schemas.results import Posting
from sinks.positions import Assigned, Partition

NOON = moments.read("2025-12-07T12:00:00Z")
"""Epoch milliseconds; moments of tests are told as seconds after it."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as far as projectors look at it."""

    offset: int
    value: bytes | None
    key: bytes | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """Records of one partition from the position `start` up to `end`."""

    start: int
    end: int
    records: list[Record]


def run(records: Sequence[Record], start: int = 0, end: int | None = None) -> Run:
    """Give the run of those records that lie in [start, end); by default all that there are."""
    if end is None:
        end = records[-1].offset + 1 if records else start
    return Run(start, end, [record for record in records if start <= record.offset < end])


def posting(
    number: int,
    user: str,
    scores: Sequence[tuple[Any, ...]] = (),
    *,
    second: float = 0,
    program: str = "loyalty",
    **others: object,
) -> Posting:
    """Give a posting; what a test does not name has some valid value."""
    values: dict[str, Any] = {
        "id": f"a{number}#purchase",
        "action_id": f"a{number}",
        "program": program,
        "user_id": user,
        "action": "PURCHASE",
        "kind": "earn",
        "currency": "points",
        "points": 4,
        "lifetime_points": 4,
        "base_points": 1,
        "multiplier": 4,
        "balance": 4,
        "lifetime": 4,
        "tier": "GOLD",
        "category": None,
        "sequence": 1,
        "actor": None,
        "occurred_at": moments.write(NOON + round(second * 1000)),
        "expires_at": None,
        "lots": [],
        "scores": [tuple(score) for score in scores],
        "rule": f"{program}@2025-01-01/purchase",
        "reason": None,
        "reference": {},
        "why": [("order_value", "1")],
        "scale": 0,
    }
    values |= others
    return Posting(**values)


def record(offset: int, result: msgspec.Struct) -> Record:
    """Give the record of a result."""
    return Record(offset, msgspec.json.encode(result))


async def feed(
    projector: Projector, log: Sequence[Record], partition: Partition, records_at_once: int = 100
) -> None:
    """Bring a whole log into a sink as a stream would, going back to where the sink says."""
    end = log[-1].offset + 1
    assigned = {partition: Assigned(first=0, committed=None)}
    at = (await projector.positions(assigned))[partition]
    while at < end:
        following = min(at + records_at_once, end)
        try:
            await projector.apply({partition: run(log, at, following)})
        except StaleTurnError as stale:
            at = stale.positions[partition]
        else:
            at = following


@dataclass(frozen=True, slots=True)
class KeptLog:
    """Topics that are read again: partition -> records. Its end may be known only in part."""

    records: dict[Partition, list[Record]]
    records_at_once: int = 100
    known: int | None = None

    async def firsts(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Give the offset of each partition's first record."""
        return {at: self.records[at][0].offset for at in partitions}

    async def ends(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Give the offset behind each partition's last record."""
        ends = {at: self.records[at][-1].offset + 1 for at in partitions}
        return {at: min(end, self.known or end) for at, end in ends.items()}

    async def turns(
        self, start: Mapping[Partition, int], end: Mapping[Partition, int]
    ) -> AsyncIterator[dict[Partition, Run]]:
        """Give what lies between two positions, a partition after the other."""
        for at in end:
            for first in range(start[at], end[at], self.records_at_once):
                yield {at: run(self.records[at], first, min(first + self.records_at_once, end[at]))}
                await asyncio.sleep(0)
