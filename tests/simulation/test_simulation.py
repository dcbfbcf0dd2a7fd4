from itertools import islice

import pytest

from tests.simulation.play import differences, obey, play

SEEDS = ((1, 15), (2, 40), (3, 365), (4, 3))
"""Seeds, and in how many days the members live: few make limits meet, many let things expire."""
ACTIONS = 2_500
MEMBERS = 60


@pytest.mark.parametrize(("seed", "days"), SEEDS)
def test_the_same_logs_give_the_same_bytes_and_keep_every_law(seed: int, days: int) -> None:
    """Scored anew record by record every topic has the same rows, and no law is broken by them."""
    run = play(seed, ACTIONS, MEMBERS, days)
    assert run.world.deaths > 0
    laws = obey(run)
    assert {program for program, _, _ in laws.purses} == set(run.programs)


@pytest.mark.parametrize(("seed", "days"), SEEDS)
def test_the_engine_and_the_book_agree(seed: int, days: int) -> None:
    """However turns are cut and workers die, every outcome, account and score is the book's."""
    run = play(seed, ACTIONS, MEMBERS, days)
    found = list(islice(differences(run.world), 5))
    assert not found, f"seed {seed}, {ACTIONS} records:\n" + "\n".join(found)
