"""What the second book reads: the journal's order, partitions, the calendar."""

from datetime import date

import pytest
from aiokafka.partitioner import murmur2 as kafkas_murmur2
from hypothesis import given
from hypothesis import strategies as st

from audit.partitions import murmur2
from audit.periods import period_end, period_name, read_instant, write_instant
from audit.records import ACTIONS, INTERNAL, JournalError, Record, Turn, decided_order
from audit.redis_boards import board_and_period


def record(topic: str, offset: int) -> Record:
    """A record of partition 0."""
    return Record(topic, 0, offset, 0, None, None)


RECORDS = [record(ACTIONS, n) for n in range(4)] + [record(INTERNAL, n) for n in (0, 2)]


def test_turns_say_the_order() -> None:
    """Internal records of a turn come before its outside ones; what no turn reached is left out."""
    turns = [Turn(0, (0, 0), (0, 2)), Turn(0, (0, 4), (2, 3))]
    decided = [(r.topic, r.offset) for r in decided_order(RECORDS, turns)]
    assert decided == [
        (ACTIONS, 0),
        (ACTIONS, 1),
        (INTERNAL, 0),
        (INTERNAL, 2),
        (ACTIONS, 2),
    ]


@pytest.mark.parametrize(
    ("turns", "says"),
    [
        ([Turn(0, (0, 0), (1, 2))], "no turn decided the records at [0]"),
        ([Turn(0, (0, 0), (0, 2)), Turn(0, (0, 0), (1, 3))], "the last one ended at 2"),
        ([Turn(0, (0, 0), (2, 1))], "backwards"),
        ([Turn(0, (0, 1), (0, 1)), Turn(0, (3, 4), (1, 2))], "no turn decided the records at [2]"),
    ],
)
def test_a_journal_that_skips_or_repeats_is_broken(turns: list[Turn], says: str) -> None:
    """A record that no turn decided, or two, is an error of its own."""
    with pytest.raises(JournalError) as broken:
        list(decided_order(RECORDS, turns))
    assert says in str(broken.value)


def test_offsets_of_markers_belong_to_no_turn() -> None:
    """A gap between turns in which no record stands is a commit marker."""
    turns = [Turn(0, (0, 1), (0, 4)), Turn(0, (2, 3), (4, 4))]
    assert len(list(decided_order(RECORDS, turns))) == len(RECORDS)


@given(st.binary(max_size=40))
def test_murmur2_is_kafkas(key: bytes) -> None:
    """The written-out hash is the one Kafka's clients take."""
    assert murmur2(key) == kafkas_murmur2(key) & 0xFFFFFFFF


@pytest.mark.parametrize(
    ("day", "kind", "name", "end"),
    [
        ("2024-12-30", "weekly", "weekly:2025-W01", "2025-01-06T00:00:00.000Z"),
        ("2021-01-01", "weekly", "weekly:2020-W53", "2021-01-04T00:00:00.000Z"),
        ("2024-02-29", "daily", "daily:2024-02-29", "2024-03-01T00:00:00.000Z"),
        ("2025-12-31", "monthly", "monthly:2025-12", "2026-01-01T00:00:00.000Z"),
        ("2025-12-31", "quarterly", "quarterly:2025-Q4", "2026-01-01T00:00:00.000Z"),
        ("2025-04-01", "quarterly", "quarterly:2025-Q2", "2025-07-01T00:00:00.000Z"),
        ("2025-04-01", "yearly", "yearly:2025", "2026-01-01T00:00:00.000Z"),
        ("2025-04-01", "all_time", "all_time", "9999-12-31T00:00:00.000Z"),
    ],
)
def test_periods(day: str, kind: str, name: str, end: str) -> None:
    """Every period has its name, weeks by ISO year, and ends with the first instant of the next."""
    assert period_name(kind, date.fromisoformat(day)) == name
    assert write_instant(period_end(name, "UTC")) == end


@pytest.mark.parametrize(
    "name", ["weekly:2025-W54", "weekly:2025-W1", "hourly:1", "monthly:2025-13"]
)
def test_no_periods(name: str) -> None:
    """A name that no period has is refused."""
    with pytest.raises(ValueError, match=r"."):
        period_end(name, "UTC")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t01:00:00.0019+01:00", 1),
        ("1969-12-31 23:59:59.999-00:01", 59_999),
        ("1970-01-01T00:00:00", None),
        ("1970-01-01T24:00:00Z", None),
        ("1970-01-01T00:00:00+24:00", None),
        ("1970-02-30T00:00:00Z", None),
    ],
)
def test_instants(text: str, moment: int | None) -> None:
    """RFC 3339 with its zone, to the millisecond; anything else is none."""
    assert read_instant(text) == moment


@pytest.mark.parametrize(
    ("name", "board", "period"),
    [
        ("global:all_time", "global", "all_time"),
        ("region:US:weekly:2025-W49", "region:US", "weekly:2025-W49"),
        ("tier:GOLD:all_time", "tier:GOLD", "all_time"),
    ],
)
def test_names_of_boards_in_redis(name: str, board: str, period: str) -> None:
    """A key's middle is the board and the period, however many colons the board has."""
    assert board_and_period(name) == (board, period)
