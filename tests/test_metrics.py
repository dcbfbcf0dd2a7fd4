"""What Prometheus reads of a worker."""

from collections.abc import AsyncIterator

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as read_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as read_text

from processors.projector import SinkState
from tests.support.pages import Worker, serving, worked


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    async with serving() as serves:
        yield serves


async def read(worker: Worker) -> dict[str, Metric]:
    """Read the metrics by name."""
    answer = await worker.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    return {family.name: family for family in read_text(await answer.text())}


def samples(family: Metric) -> dict[tuple[str, ...], float]:
    """Give a family's samples by the values of their labels."""
    return {tuple(each.labels.values()): each.value for each in family.samples}


async def test_metrics(worker: Worker) -> None:
    """Prometheus reads every figure under a name of ours, each with a sentence of help."""
    worked(worker.status)
    families = await read(worker)
    assert all(name.startswith(("laurel_", "process_")) for name in families)
    assert all(family.documentation for family in families.values())
    assert samples(families["laurel_worker_info"]) == {("scoring", "scoring-7"): 1}
    assert samples(families["laurel_ready"]) == {(): 1}
    assert samples(families["laurel_records"]) == {(): 3_000}
    assert samples(families["laurel_outcomes"]) == {
        ("posted", ""): 900,
        ("declined", "daily_limit"): 99,
        ("rejected", "bad_fact"): 1,
    }
    assert samples(families["laurel_position"]) == {
        ("0", "actions"): 1_200,
        ("0", "actions.internal"): 40,
    }
    assert samples(families["laurel_lag"]) == {("0", "actions"): 50, ("0", "actions.internal"): 0}
    assert samples(families["laurel_rows_of_accounts_held"]) == {(): 103_412}
    assert 0 <= families["laurel_uptime_seconds"].samples[0].value < 60


async def test_transaction_times_are_a_histogram(worker: Worker) -> None:
    """A turn counts at every bound that is not below it; one beyond all counts at the end alone."""
    worked(worker.status)
    family = (await read(worker))["laurel_transaction_seconds"]
    found = {
        each.labels.get("le", each.name.rpartition("_")[2]): each.value for each in family.samples
    }
    assert (found["0.005"], found["0.025"], found["0.05"]) == (1, 1, 2)
    assert (found["5.0"], found["+Inf"], found["count"]) == (2, 3, 3)
    assert found["sum"] == pytest.approx(9.035)


async def test_metrics_as_openmetrics(worker: Worker) -> None:
    """A scraper that asks for OpenMetrics gets it, and its stricter reader takes it."""
    worked(worker.status)
    answer = await worker.get("/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert answer.content_type == "application/openmetrics-text"
    families = read_openmetrics(await answer.text())  # type: ignore[no-untyped-call]
    names = {family.name for family in families}
    assert {"laurel_worker", "laurel_outcomes", "laurel_transaction_seconds"} <= names


async def test_metrics_of_a_sink(worker: Worker) -> None:
    """A projector's sink tells where it stands, what it lacks, and whether it fails."""
    state = SinkState("redis", {("actions", 0): 1_150, ("elsewhere", 3): 5})
    state.failed(ConnectionError("refused"))
    worker.status.sinks.append(state)
    families = await read(worker)
    assert samples(families["laurel_sink_position"]) == {("0", "redis", "actions"): 1_150}
    assert samples(families["laurel_sink_lag"]) == {("0", "redis", "actions"): 100}
    assert samples(families["laurel_sink_failing"]) == {("redis",): 1}
    assert samples(families["laurel_sink_failures"]) == {("redis",): 1}
    state.recovered()
    assert samples((await read(worker))["laurel_sink_failing"]) == {("redis",): 0}
