from itertools import islice

import pytest

from audit.records import INTERNAL
from audit.results import RESULTS
from tests.simulation.play import differences, play
from tests.simulation.world import replay

SEEDS = (1, 2, 3, 4)
ACTIONS = 2_500


@pytest.mark.parametrize("seed", SEEDS)
def test_the_engine_and_the_book_agree(seed: int) -> None:
    """However turns are cut and workers die, every outcome, account and score is the book's."""
    world = play(seed, ACTIONS)
    found = list(islice(differences(world), 5))
    assert not found, f"seed {seed}, {ACTIONS} records:\n" + "\n".join(found)
    assert world.deaths > 0


def test_the_same_logs_give_identical_bytes() -> None:
    """Scored anew record by record, in the order of the journal, every topic has the same rows."""
    world = play(5, ACTIONS)
    anew = replay(world)
    for place, records in world.logs.records.items():
        if place[0] in (*RESULTS, INTERNAL):
            said = [record for record in records if record[:3] not in world.jobs]
            assert [tuple(record[4:]) for record in said] == [
                (key, value, tuple(headers)) for key, value, headers in anew[place]
            ]
