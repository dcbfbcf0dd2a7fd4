"""What a worker knows about itself: the figures behind its status page, `/ready` and `/metrics`."""

import math
import time
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from faust.types import TP

from processors.projector import SinkState
from processors.stream.transport import Consumer

STALLED_SECONDS = 30.0
"""A worker that has not finished a turn for this long while records wait is not ready."""

KEPT_TURNS = 1_000
"""Percentiles are over this many of the latest turns."""

KEPT_SECONDS = 120
"""Records are counted second by second for this long."""

RATE_SECONDS = 10
"""Records a second are meant over this long."""

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds, in seconds, of the histogram of turns; what took longer is counted above them."""


@dataclass(frozen=True, slots=True)
class TurnFigures:
    """One finished turn: how many records, how many seconds until it was committed."""

    records: int
    seconds: float


@dataclass(slots=True)
class Status:
    """Figures of one worker since its start. `kind` is scoring, boards, ledger or jobs."""

    kind: str
    consumer: Consumer
    started_at: float = field(default_factory=time.time)
    outcomes: Counter[str] = field(default_factory=Counter)
    records: int = 0
    turns: deque[TurnFigures] = field(default_factory=lambda: deque(maxlen=KEPT_TURNS))
    # Since the start: turns by the place of their seconds in BOUNDS, and the sum of their seconds.
    turns_within: Counter[int] = field(default_factory=Counter)
    turn_seconds: float = 0.0
    last_error: str | None = None
    last_error_at: float | None = None
    # What is particular to a kind: a name for people -> what to show now. Numbers go to /metrics too.
    details: dict[str, Callable[[], object]] = field(default_factory=dict)
    # How the sinks of a projector are doing.
    sinks: list[SinkState] = field(default_factory=list)
    # Why the worker is not ready, beyond what every kind has; an empty text means it is.
    obstacles: list[Callable[[], str]] = field(default_factory=list)
    # The latest seconds (monotonic) in which turns finished, and their records.
    _seconds: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=KEPT_SECONDS))

    def turn_finished(self, records: int, seconds: float) -> None:
        """Count a turn that was committed."""
        self.records_done(records)
        self.turns.append(TurnFigures(records, seconds))
        self.turns_within[bisect_left(BOUNDS, seconds)] += 1
        self.turn_seconds += seconds

    def records_done(self, records: int) -> None:
        """Count what was done now."""
        self.records += records
        now = int(time.monotonic())
        before = self._seconds.pop()[1] if self._seconds and self._seconds[-1][0] == now else 0
        self._seconds.append((now, before + records))

    def went_wrong(self, what: str) -> None:
        """Show `what` as the last error, with the time now; the worker goes on."""
        self.last_error, self.last_error_at = what, time.time()

    def count(self, outcomes: Mapping[str, int]) -> None:
        """Add outcomes, named as on the wire (`posted`, `accepted`, `declined daily_limit` …)."""
        self.outcomes.update(outcomes)

    def history(self) -> list[int]:
        """Records of each of the last 120 full seconds, oldest first."""
        records, now = dict(self._seconds), int(time.monotonic())
        return [records.get(second, 0) for second in range(now - KEPT_SECONDS, now)]

    @property
    def rate(self) -> float:
        """Records a second over the last ten full seconds."""
        return sum(self.history()[-RATE_SECONDS:]) / RATE_SECONDS

    def percentile(self, share: float) -> float | None:
        """Seconds within which `share` of the latest turns were committed; None before the first."""
        seconds = sorted(turn.seconds for turn in self.turns)
        return seconds[min(len(seconds) - 1, int(share * len(seconds)))] if seconds else None

    @property
    def mean_turn(self) -> float:
        """Records per turn, over the latest turns."""
        return sum(turn.records for turn in self.turns) / len(self.turns) if self.turns else 0.0

    def positions(self) -> list[tuple[TP, int, int]]:
        """Each owned partition with its next offset and its lag in records."""
        offsets = dict(self.consumer.next_offsets)
        if not offsets:  # Before the first assignment the consumer has nothing to ask for lag.
            return []
        lag = self.consumer.lag(offsets)
        return [(tp, offsets[tp], lag.get(tp, 0)) for tp in sorted(offsets)]

    def not_ready(self) -> str:
        """Why the worker should get no traffic now; an empty text when it should."""
        app = self.consumer.app
        if app.in_recovery or app.rebalancing or not self.consumer.flow_active:
            return "partitions are being taken over"
        if not self.consumer.next_offsets:
            return "no partition is assigned"
        if self.stalled_for() > STALLED_SECONDS:
            return f"records wait, and no turn was finished for {STALLED_SECONDS:.0f} s"
        failing = [f"{sink.sink}: {sink.error}" for sink in self.sinks if sink.error]
        return next((why for obstacle in self.obstacles if (why := obstacle())), "; ".join(failing))

    def stalled_for(self) -> float:
        """Seconds for which records have waited while no turn was finished.

        Endless once the worker has dropped out of its group. A failing sink is waited for, and
        shows red by itself.
        """
        if self.consumer.left_group():
            return math.inf
        waits = self.consumer.current is not None or any(lag for _, _, lag in self.positions())
        if not waits or any(sink.error for sink in self.sinks):
            return 0.0
        return time.monotonic() - max(self.consumer.finished_at, self.consumer.resumed_at)
