"""What a projector makes of where its sink stands after a failure."""

import pytest

from processors.projector import StaleTurnError, remaining
from tests.support.runs import run

FIRST, SECOND, IDLE = ("rewards.earned", 0), ("rewards.earned", 1), ("rewards.earned", 2)
TURN = {FIRST: run([], 10, 20), SECOND: run([], 0, 5)}
STOOD = {FIRST: 10, SECOND: 0, IDLE: 7}


@pytest.mark.parametrize(
    ("positions", "left"),
    [
        ({FIRST: 10, SECOND: 0, IDLE: 7}, [FIRST, SECOND]),
        ({FIRST: 20, SECOND: 0, IDLE: 7}, [SECOND]),
        ({FIRST: 20, SECOND: 5, IDLE: 7}, []),
    ],
    ids=["nothing there", "one there", "all there"],
)
def test_runs_that_are_there_are_left_out(
    positions: dict[tuple[str, int], int], left: list[tuple[str, int]]
) -> None:
    """A run is either wholly in the sink or not at all; what lacks is tried again."""
    assert list(remaining(TURN, STOOD, positions)) == left


@pytest.mark.parametrize(
    "positions",
    [
        {FIRST: 15, SECOND: 0, IDLE: 7},
        {FIRST: 0, SECOND: 0, IDLE: 7},
        {FIRST: 10, SECOND: 0, IDLE: 0},
    ],
    ids=["within a run", "before a run", "rebuilt where nothing new is brought"],
)
def test_a_sink_that_stands_elsewhere_makes_the_turn_stale(
    positions: dict[tuple[str, int], int],
) -> None:
    """A sink that was rebuilt is read on from every partition, though the turn brings only some."""
    with pytest.raises(StaleTurnError) as stale:
        remaining(TURN, STOOD, positions)
    assert stale.value.positions == positions
