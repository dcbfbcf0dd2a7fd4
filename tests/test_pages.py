"""What the status page, `/status.json` and `/ready` say, from a real Faust web server."""

import re
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest

from processors import status as status_module
from processors.figures import Figures
from processors.projector import SinkState
from processors.status import STALLED_SECONDS, Status
from processors.stream.transport import Consumer
from tests.support.pages import ANSWERS, Worker, serving, worked


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    async with serving() as serves:
        yield serves


async def test_a_page_for_people(worker: Worker) -> None:
    """The page says who it is, that it is ready, and every figure of the worker."""
    worked(worker.status)
    text = (await worker.page()).text
    for said in (
        "scoring-7",
        "Ready 2 partitions assigned.",
        "Up 0 s",
        "Mean batch 1,000 actions",
        "Transaction p50 30 ms",
        "Transaction p99 9.00 s",
        "Since the start 3,000 actions",
        "Waiting 50 records",
        "posted 900 90.0 %",
        "declined daily limit 99 9.9 %",
        "rejected bad fact 1 0.1 %",
        "Rows of accounts held 103,412",
        "Rules in force loyalty@2025-01-01",
        "UTC a record of the topic `rules` is no version of a program",
        "actions 1 partition Partition Position Lag 0 1,200 50",
        "actions.internal 1 partition Partition Position Lag 0 40 0",
    ):
        assert said in text


async def test_a_worker_that_has_just_begun(worker: Worker) -> None:
    """Before its first assignment and turn a worker answers everything, and is not ready."""
    worker.status.consumer = worker.consumer.app.turns
    text = (await worker.page()).text
    assert "Not ready no partition is assigned" in text
    assert "Transaction p50 —" in text
    assert "None since the start." in text
    assert "No partition is assigned." in text
    assert {path: (await worker.get(path)).status for path in ANSWERS} == {
        "/": 200,
        "/status.json": 200,
        "/ready": 503,
        "/live": 200,
        "/metrics": 200,
    }


def _taken_over(worker: Worker) -> None:
    worker.consumer.flow_active = False


def _unassigned(worker: Worker) -> None:
    worker.consumer.next_offsets = {}


def _stalled(worker: Worker) -> None:
    worker.consumer.finished_at -= STALLED_SECONDS + 1


def _hindered(worker: Worker) -> None:
    worker.status.obstacles += [lambda: "", lambda: "the rules were not read for a while"]


@pytest.mark.parametrize(
    ("hinder", "reason"),
    [
        (_taken_over, "partitions are being taken over"),
        (_unassigned, "no partition is assigned"),
        (_stalled, "records wait, and no turn was finished for 30 s"),
        (_hindered, "the rules were not read for a while"),
    ],
)
async def test_not_ready(worker: Worker, hinder: Callable[[Worker], None], reason: str) -> None:
    """`/ready` turns from 200 to 503 with the reason; page, JSON and metrics agree with it."""
    assert (await worker.get("/ready")).status == 200
    hinder(worker)
    answer = await worker.get("/ready")
    assert (answer.status, await answer.text()) == (503, f"not ready: {reason}\n")
    assert (await worker.session.head("/ready")).status == 503
    assert f"Not ready {reason}" in (await worker.page()).text
    figures = await (await worker.get("/status.json")).json()
    assert (figures["ready"], figures["not_ready"]) == (False, reason)
    assert "\nlaurel_ready 0.0\n" in await (await worker.get("/metrics")).text()


async def test_status_json(worker: Worker) -> None:
    """`/status.json` says everything in the form of Figures."""
    worked(worker.status)
    answer = await worker.get("/status.json")
    assert answer.content_type == "application/json"
    figures = msgspec.json.decode(await answer.read(), type=Figures)
    assert (figures.kind, figures.name, figures.ready) == ("scoring", "scoring-7", True)
    assert (figures.records, figures.records_per_turn) == (3_000, 1_000)
    assert (figures.transaction_p50_seconds, figures.transaction_p99_seconds) == (0.03, 9.0)
    assert figures.details["rules in force"] == ["loyalty@2025-01-01"]
    assert [(each.topic, each.position, each.lag) for each in figures.partitions] == [
        ("actions", 1_200, 50),
        ("actions.internal", 40, 0),
    ]
    assert len(figures.history) == 120


async def test_a_projector_shows_its_sink(worker: Worker) -> None:
    """Beside what was fetched stand the sink's own position, what it lacks, and its failure."""
    state = SinkState("redis", {("actions", 0): 1_150, ("elsewhere", 3): 5})
    state.failed(ConnectionError("refused"))
    worker.status.sinks.append(state)
    text = (await worker.page()).text
    assert "Position Lag redis position redis lag 0 1,200 50 1,150 100" in text
    assert "0 40 0 — —" in text
    assert "Not yet in redis 100 records" in text
    assert re.search(r"redis fails since .* UTC ConnectionError: refused", text)


def test_many_short_turns_do_not_lower_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rate counts every turn of the last ten full seconds, however many there were."""
    clock = SimpleNamespace(now=1_000.0, time=lambda: 0.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr(status_module, "time", clock)
    status = Status("scoring", cast("Consumer", None))
    for turn in range(20 * 200):
        clock.now = 1_000 + turn / 200
        status.turn_finished(3, 0.004)
    clock.now = 1_020.0
    assert status.rate == 600
    assert status.history() == [0] * 100 + [600] * 20
    clock.now += 60
    assert status.rate == 0
