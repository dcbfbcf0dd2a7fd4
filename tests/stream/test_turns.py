"""Runs and turns: what was fetched, without a gap, until a transaction takes it."""

from collections.abc import Sequence

import pytest
from aiokafka import ConsumerRecord
from faust.types import TP

from processors.stream.turns import Membership, Pace, Run, Turn, is_due, records_for

MEMBER = Membership(7, "member-1", "scoring-1")


def record(offset: int) -> ConsumerRecord:
    """A record that is nothing but its offset."""
    return ConsumerRecord("actions", 0, offset, 0, 1, None, b"", None, 0, 0, ())


def run(start: int, end: int, offsets: Sequence[int] | None = None) -> Run:
    """A run over [start, end) with records at `offsets`; without them one at every offset."""
    at = range(start, end) if offsets is None else offsets
    return Run(start, end, [record(offset) for offset in at])


Span = tuple[int, int, list[int]]


def spans(runs: Sequence[Run]) -> list[Span]:
    """What runs cover, and where their records stand."""
    return [(one.start, one.end, [record.offset for record in one.records]) for one in runs]


@pytest.mark.parametrize(
    ("whole", "count", "first", "rest"),
    [
        (run(10, 13), 2, (10, 12, [10, 11]), [(12, 13, [12])]),
        (run(10, 13), 3, (10, 13, [10, 11, 12]), []),
        (run(10, 13), 9, (10, 13, [10, 11, 12]), []),
        # Commit markers before and between records go with the first part, those behind with the rest.
        (run(10, 15, [11, 13]), 1, (10, 12, [11]), [(12, 15, [13])]),
        (run(10, 20, [10]), 1, (10, 20, [10]), []),
        (run(10, 11, []), 1, (10, 11, []), []),
    ],
)
def test_parts_cover_the_run(whole: Run, count: int, first: Span, rest: list[Span]) -> None:
    """A run is split after so many records; both parts together cover it without a gap."""
    part, after = whole.split(count)
    assert spans([part]) == [first]
    assert spans([after] if after else []) == rest


def test_runs_that_continue_are_joined() -> None:
    """A turn joins what was fetched later to what waits, partition by partition."""
    turn = Turn(MEMBER)
    turn.add({TP("actions", 0): run(5, 7), TP("actions", 1): run(0, 1)})
    turn.add({TP("actions", 0): run(7, 9, [8]), TP("actions.internal", 0): run(3, 4)})
    assert {tp: spans([one]) for tp, one in turn.runs.items()} == {
        TP("actions", 0): [(5, 9, [5, 6, 8])],
        TP("actions", 1): [(0, 1, [0])],
        TP("actions.internal", 0): [(3, 4, [3])],
    }
    assert turn.size == 5


def test_internal_records_come_first() -> None:
    """Partitions come in order, each with its runs in the order of the topics asked for."""
    internal, actions = "actions.internal", "actions"
    turn = Turn(MEMBER)
    turn.add({TP(actions, 3): run(1, 2), TP(internal, 1): run(4, 5), TP(actions, 1): run(2, 4)})
    found = [
        (number, [tp.topic for tp in runs], spans(list(runs.values())))
        for number, runs in turn.partitions(internal, actions)
    ]
    assert found == [
        (1, [internal, actions], [(4, 5, [4]), (2, 4, [2, 3])]),
        (3, [actions], [(1, 2, [1])]),
    ]


def test_a_turn_is_bounded() -> None:
    """So many records are parted as asked for, oldest runs first; what is left of one waits last."""
    turn = Turn(MEMBER)
    turn.add({TP("actions", number): run(0, 3) for number in (2, 0, 1)})
    first = turn.take(4)
    assert {tp.partition: spans([one]) for tp, one in first.runs.items()} == {
        2: [(0, 3, [0, 1, 2])],
        0: [(0, 1, [0])],
    }
    assert [tp.partition for tp in turn.runs] == [1, 0]
    assert turn.take(9).size == 5
    assert turn.size == 0


@pytest.mark.parametrize(
    ("most", "size", "seconds", "next_one"),
    [
        (1_000, 1_000, 0.1, 2_000),  # Full and quick: the next one may hold twice as many.
        (12_000, 12_000, 1.0, 16_000),  # But never more than the most of all.
        (4_000, 300, 0.1, 4_000),  # Not full: nothing is learnt.
        (16_000, 16_000, 8.0, 4_000),  # Slow: so many as two seconds take.
        (16_000, 5, 30.0, 1_000),  # However slow: a thousand at least.
    ],
)
def test_turns_are_as_long_as_the_machine_is_quick(
    most: int, size: int, seconds: float, next_one: int
) -> None:
    """What a turn may hold follows how long the last one took."""
    assert records_for(most, size, seconds) == next_one


@pytest.mark.parametrize(
    ("waiting", "since", "word"),
    [
        (1, 0.009, "wait"),  # Little waits, and the last turn began just now.
        (1, 0.010, "begin"),
        (499, 0.0, "wait"),
        (500, 0.0, "begin"),  # Much waits.
    ],
)
def test_little_waits_for_more(waiting: int, since: float, word: str) -> None:
    """Small turns begin at the worker's pace, large ones as soon as they can."""
    due = is_due(waiting, since, Pace(turns=0.010, fetches=0.002))
    assert due is (word == "begin")
