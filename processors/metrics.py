"""A worker's figures for Prometheus: `laurel_*`, and the process's own memory and CPU."""

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from processors.figures import Figures, PartitionFigures, SinkFigures, take
from processors.status import BOUNDS, Status


def registry_of(status: Status, name: str) -> CollectorRegistry:
    """Return a registry that looks at the worker called `name` whenever it is collected."""
    registry = CollectorRegistry()
    registry.register(WorkerCollector(status, name))
    ProcessCollector(registry=registry)
    return registry


class WorkerCollector(Collector):
    """The metrics of one worker, made when they are asked for."""

    def __init__(self, status: Status, name: str) -> None:
        self._status = status
        self._name = name

    def describe(self) -> Iterable[Metric]:
        """Say nothing, so that registering does not look at a worker that has not started."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Look at the worker."""
        figures = take(self._status, self._name)
        yield from _worker(figures)
        yield _transactions(self._status)
        yield _outcomes(figures.outcomes)
        yield from _partitions(
            "laurel_", "the worker fetches", [({}, each) for each in figures.partitions]
        )
        yield from _sinks(figures.sinks)
        yield from _details(figures.details)


def _worker(figures: Figures) -> Iterator[Metric]:
    who = {"kind": figures.kind, "name": figures.name}
    yield InfoMetricFamily("laurel_worker", "Kind and name of this worker.", who)
    yield GaugeMetricFamily("laurel_ready", "1 when the worker is ready, else 0.", figures.ready)
    yield GaugeMetricFamily(
        "laurel_uptime_seconds", "Seconds since the worker started.", figures.uptime_seconds
    )
    yield CounterMetricFamily(
        "laurel_records", "Records of committed turns since the start.", figures.records
    )


def _transactions(status: Status) -> Metric:
    """Give the histogram of turns, each from its beginning until its commit."""
    bounds = [*map(str, BOUNDS), "+Inf"]
    counts = accumulate(status.turns_within[place] for place in range(len(bounds)))
    return HistogramMetricFamily(
        "laurel_transaction_seconds",
        "Seconds from the beginning of a turn until its commit.",
        buckets=list(zip(bounds, counts, strict=True)),
        sum_value=status.turn_seconds,
    )


def _outcomes(outcomes: dict[str, int]) -> Metric:
    family = CounterMetricFamily(
        "laurel_outcomes",
        "Outcomes of actions since the start; declined and rejected ones by reason.",
        labels=("outcome", "reason"),
    )
    for name, times in outcomes.items():
        outcome, _, reason = name.partition(" ")
        family.add_metric((outcome, reason), times)
    return family


def _partitions(
    prefix: str, which: str, partitions: list[tuple[dict[str, str], PartitionFigures]]
) -> Iterator[Metric]:
    """Give position and lag of each partition, with what it is labelled by besides itself."""
    position = Metric(f"{prefix}position", f"The offset that {which} next.", "gauge")
    lag = Metric(f"{prefix}lag", f"Records from the offset on that {which} next.", "gauge")
    for labels, each in partitions:
        at = labels | {"topic": each.topic, "partition": str(each.partition)}
        position.add_sample(position.name, at, each.position)
        lag.add_sample(lag.name, at, each.lag)
    yield from (position, lag)


def _sinks(sinks: list[SinkFigures]) -> Iterator[Metric]:
    failing = GaugeMetricFamily(
        "laurel_sink_failing", "1 while the sink fails, else 0.", labels=("sink",)
    )
    failures = CounterMetricFamily(
        "laurel_sink_failures", "Failed tries since the start.", labels=("sink",)
    )
    for each in sinks:
        failing.add_metric((each.sink,), each.error is not None)
        failures.add_metric((each.sink,), each.failures)
    yield from (failing, failures)
    partitions = [({"sink": each.sink}, at) for each in sinks for at in each.partitions]
    yield from _partitions("laurel_sink_", "the sink takes", partitions)


def _details(details: dict[str, object]) -> Iterator[Metric]:
    for label, value in details.items():
        if isinstance(value, int | float):
            name = re.sub(r"\W+", "_", label, flags=re.ASCII).lower()
            yield GaugeMetricFamily(f"laurel_{name}", f"As the status page says: {label}.", value)
