"""Which transactions a turn of the ledger goes in."""

import pytest

from processors.ledger import LANE_RECORDS, LANES, lanes
from processors.projector import Turn
from processors.stream.turns import Run

TOPICS = ("rewards.earned", "actions.declined")


def turn_of(records: int) -> Turn:
    """Give a turn of so many offsets for each of twelve partition numbers, divided between two topics.

    The numbers are even, as those of one of two workers are.
    """
    return {(topic, number): Run(0, records // 2) for topic in TOPICS for number in range(0, 24, 2)}


@pytest.mark.parametrize(
    ("records", "count"),
    [
        (2, 1),  # Little waits for the disk once.
        (LANE_RECORDS // 12, 1),
        (LANE_RECORDS // 6 + 2, 3),
        (LANE_RECORDS, LANES),
        (10 * LANE_RECORDS, LANES),  # Never more connections than that.
    ],
)
def test_a_large_turn_goes_in_more_transactions(records: int, count: int) -> None:
    """Every run is in one lane, and all topics of a partition number are in the same one."""
    turn = turn_of(records)
    divided = lanes(turn)
    assert len(divided) == count
    assert {at: run for lane in divided for at, run in lane.items()} == turn
    numbers = [{number for _, number in lane} for lane in divided]
    assert sum(map(len, numbers)) == len(set().union(*numbers)) == 12
