"""A turn: everything a worker has fetched of its partitions since the last turn began."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import faust
from faust.types import TP

from processors.stream.records import Record

TURN_RECORDS = 16_000
"""A turn holds no more records than this."""

TURN_SECONDS = 2.0
"""A turn should take no longer: a fifth of what a transaction may take."""

FIRST_RECORDS = 1_000
"""What a worker's first turn holds at most, and what any turn may hold."""

MUCH = 500
"""Records that need not wait for others: a turn of so many costs little more for being one."""


class Pace(NamedTuple):
    """How often a worker goes to work while little waits for it, in seconds.

    A turn costs the broker and the worker milliseconds, however few records are in it: so many lie at
    least between the begins of two, and between two fetches for the next.
    """

    turns: float
    fetches: float


class Membership(NamedTuple):
    """Who a worker is in its consumer group; the broker refuses offsets from a past generation."""

    generation: int
    member_id: str
    instance_id: str | None


@dataclass(slots=True)
class Run:
    """Records of one topic partition without a gap.

    `start` and `end` are fetch positions: the run covers [start, end), commit markers included, so
    `end` can lie behind the last record by more than one and a run can be empty of records.
    """

    start: int
    end: int
    records: list[Record] = field(default_factory=list)

    def extend(self, later: "Run") -> None:
        """Append the run that begins where this one ends."""
        self.end = later.end
        self.records += later.records

    def split(self, count: int) -> tuple["Run", "Run | None"]:
        """The run of the first `count` records and the rest; None when there is no rest."""
        if count >= len(self.records):
            return self, None
        end = self.records[count - 1].offset + 1
        return Run(self.start, end, self.records[:count]), Run(end, self.end, self.records[count:])


@dataclass(slots=True)
class Turn:
    """The runs of one turn, by topic partition, and the membership they were fetched under."""

    membership: Membership
    runs: dict[TP, Run] = field(default_factory=dict)
    started: bool = False

    def add(self, runs: Mapping[TP, Run]) -> None:
        """Join runs that continue the ones already here."""
        for tp, run in runs.items():
            if waiting := self.runs.get(tp):
                waiting.extend(run)
            else:
                self.runs[tp] = run

    def take(self, most: int) -> "Turn":
        """Part at most so many records from this turn, of the runs that waited longest.

        What is left of a run waits behind the others, so that no partition waits for ever.
        """
        taken, records = Turn(self.membership), 0
        while self.runs and records < most:
            tp = next(iter(self.runs))
            taken.runs[tp], rest = self.runs.pop(tp).split(most - records)
            records += len(taken.runs[tp].records)
            if rest is not None:
                self.runs[tp] = rest
        return taken

    @property
    def size(self) -> int:
        """The number of records."""
        return sum(len(run.records) for run in self.runs.values())

    def partitions(self, *topics: str) -> Iterator[tuple[int, dict[TP, Run]]]:
        """Each partition number of this turn, ascending, with its runs in the order of `topics`."""
        for number in sorted({tp.partition for tp in self.runs}):
            tps = (TP(topic, number) for topic in topics)
            yield number, {tp: self.runs[tp] for tp in tps if tp in self.runs}


def is_due(waiting: int, since: float, pace: Pace) -> bool:
    """Whether a turn may begin: for so many waiting records, so many seconds after the last one began."""
    return waiting >= MUCH or since >= pace.turns


def records_for(most: int, size: int, seconds: float) -> int:
    """How many records the next turn may hold, after one of `size` records took so many seconds.

    A transaction ends with its worker when it takes too long, so turns shrink where a machine is slow and
    grow again where there is enough to do.
    """
    if seconds > TURN_SECONDS:
        return max(FIRST_RECORDS, int(size * TURN_SECONDS / seconds))
    return min(2 * most, TURN_RECORDS) if size >= most else most


class TurnSchema(faust.Schema[Any, Any]):
    """Hands a turn to the agent as it is: nothing is decoded on the way."""

    def compile(self, app: faust.App, **_: Any) -> Callable[..., Awaitable[faust.Event]]:  # type: ignore[override]
        """Return the function that Faust makes an agent's event with."""

        async def decode(message: Any, *, propagate: bool = False) -> faust.Event:  # noqa: ARG001
            return faust.Event(app, None, message.value, {}, message)

        return decode
