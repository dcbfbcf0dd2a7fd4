"""The second book and every program of the house: whatever is said by chance, both agree."""

from pathlib import Path

import pytest

from tests.audit.beside import book_of, differences
from tests.audit.chance import Chance
from tests.support.engine import ROOT, Engine, document

PROGRAMS = [
    *sorted(ROOT.glob("programs/*/*.yaml")),
    *(
        ROOT / "tests" / "cases" / "words" / f"{name}.yaml"
        for name in ("bank", "club", "guild", "league")
    ),
]
SEEDS = (1, 2, 3)
ACTIONS = 400


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.parent.name + "/" + path.stem)
def test_the_book_agrees_whatever_is_said(path: Path, seed: int) -> None:
    """Every type with any facts, in any order, early and late, by few members who meet often."""
    program = document(path)
    engine = Engine()
    engine.publish(program)
    for message in Chance(program, seed).messages(ACTIONS):
        engine.hear_all(message.value, message.append_time, internal=message.internal)
    found = differences(engine, book_of([(program, 0)]))
    assert not found, f"seed {seed}, {len(found)} differences:\n" + "\n".join(found[:20])
