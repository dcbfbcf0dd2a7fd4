"""What `/status.json` says, and what the status page and `/metrics` show: one look at a worker."""

import time
from collections.abc import Mapping

import msgspec

from processors.status import Status
from schemas import moments


class PartitionFigures(msgspec.Struct, frozen=True):
    """Where somebody stands in a partition: the next offset, and the records from there on."""

    topic: str
    partition: int
    position: int
    lag: int


class SinkFigures(msgspec.Struct, frozen=True):
    """How a sink is doing. Its lag counts what was fetched and is not in the sink yet, too."""

    sink: str
    error: str | None
    failing_since: str | None
    failures: int
    partitions: list[PartitionFigures]


class Figures(msgspec.Struct, frozen=True):
    """A worker now. Times are RFC 3339 UTC, durations seconds."""

    kind: str
    name: str
    ready: bool
    # Why it is not ready; empty when it is.
    not_ready: str
    at: str
    started_at: str
    uptime_seconds: float
    records: int
    # Means over the last ten seconds, and over the latest thousand turns.
    records_per_second: float
    records_per_turn: float
    # Records of each of the last 120 full seconds, oldest first.
    history: list[int]
    # From the beginning of a turn until its commit, over the latest thousand; null before the first.
    transaction_p50_seconds: float | None
    transaction_p99_seconds: float | None
    outcomes: dict[str, int]
    details: dict[str, object]
    partitions: list[PartitionFigures]
    sinks: list[SinkFigures]
    last_error: str | None
    last_error_at: str | None


def take(status: Status, name: str) -> Figures:
    """Look at a worker called `name`."""
    now = time.time()
    reason = status.not_ready()
    partitions = [
        PartitionFigures(*tp, position=position, lag=lag)
        for tp, position, lag in status.positions()
    ]
    return Figures(
        kind=status.kind,
        name=name,
        ready=not reason,
        not_ready=reason,
        at=_write(now),
        started_at=_write(status.started_at),
        uptime_seconds=round(now - status.started_at, 3),
        records=status.records,
        records_per_second=status.rate,
        records_per_turn=status.mean_turn,
        history=status.history(),
        transaction_p50_seconds=status.percentile(0.5),
        transaction_p99_seconds=status.percentile(0.99),
        outcomes=dict(status.outcomes),
        details={label: show() for label, show in status.details.items()},
        partitions=partitions,
        sinks=[
            SinkFigures(
                sink=state.sink,
                error=state.error,
                failing_since=_write_if(state.failing_since),
                failures=state.failures,
                partitions=_stands(state.positions, partitions),
            )
            for state in status.sinks
        ],
        last_error=status.last_error,
        last_error_at=_write_if(status.last_error_at),
    )


def _stands(
    positions: Mapping[tuple[str, int], int], fetched: list[PartitionFigures]
) -> list[PartitionFigures]:
    found = []
    for each in fetched:
        position = positions.get((each.topic, each.partition))
        if position is not None:
            lag = max(0, each.position + each.lag - position)
            found.append(PartitionFigures(each.topic, each.partition, position, lag))
    return found


def _write(seconds: float) -> str:
    return moments.write(int(seconds * 1000))


def _write_if(seconds: float | None) -> str | None:
    return None if seconds is None else _write(seconds)
