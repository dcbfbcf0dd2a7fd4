"""What a worker knows about itself: the figures behind its status page, `/ready` and `/metrics`."""

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from faust.types import TP

from processors.stream.transport import Consumer

STALLED_SECONDS = 30.0
"""A worker that has not finished a turn for this long while records wait is not ready."""

KEPT_TURNS = 1_000
"""Percentiles are over this many of the latest turns."""

RATE_SECONDS = 10.0
"""Records a second are counted over this long."""


@dataclass(frozen=True, slots=True)
class TurnFigures:
    """One finished turn: when (monotonic seconds), how many records, how long its commit took."""

    at: float
    records: int
    seconds: float


@dataclass(slots=True)
class Status:
    """Figures of one worker since its start. `kind` is scoring, boards or ledger."""

    kind: str
    consumer: Consumer
    started_at: float = field(default_factory=time.time)
    outcomes: Counter[str] = field(default_factory=Counter)
    records: int = 0
    turns: deque[TurnFigures] = field(default_factory=lambda: deque(maxlen=KEPT_TURNS))
    last_error: str | None = None
    # What is particular to a kind: a name for people -> what to show now.
    details: dict[str, Callable[[], object]] = field(default_factory=dict)
    # Why the worker is not ready, beyond what every kind has; an empty text means it is.
    obstacles: list[Callable[[], str]] = field(default_factory=list)

    def turn_finished(self, records: int, seconds: float) -> None:
        """Count a turn that was committed."""
        self.records += records
        self.turns.append(TurnFigures(time.monotonic(), records, seconds))

    def count(self, outcomes: Mapping[str, int]) -> None:
        """Add outcomes, named as on the wire (`posted`, `accepted`, `declined daily_limit` …)."""
        self.outcomes.update(outcomes)

    @property
    def rate(self) -> float:
        """Records a second over the last ten seconds."""
        since = time.monotonic() - RATE_SECONDS
        return sum(turn.records for turn in self.turns if turn.at >= since) / RATE_SECONDS

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
        lag = self.consumer.lag(offsets)
        return [(tp, offsets[tp], lag.get(tp, 0)) for tp in sorted(offsets)]

    def not_ready(self) -> str:
        """Why the worker should get no traffic now; an empty text when it should."""
        app = self.consumer.app
        if app.in_recovery or app.rebalancing or not self.consumer.flow_active:
            return "partitions are being taken over"
        if not self.consumer.next_offsets:
            return "no partition is assigned"
        if self._stalled():
            return f"records wait, and no turn was finished for {STALLED_SECONDS:.0f} s"
        return next((why for obstacle in self.obstacles if (why := obstacle())), "")

    def _stalled(self) -> bool:
        since = max(self.consumer.finished_at, self.consumer.resumed_at)
        waits = self.consumer.current is not None or any(lag for _, _, lag in self.positions())
        return waits and time.monotonic() - since > STALLED_SECONDS
