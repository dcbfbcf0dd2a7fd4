"""Tales for hypothesis: what a few members of one program do, in the order the broker took it.

A step is one number, from which everything about it is drawn: quickly made, and shrunk by leaving steps
out.
"""

from functools import cache
from random import Random
from typing import Final, NamedTuple

from hypothesis import strategies as st

from processors.engine import Decision, RuleBook
from schemas.actions import Action
from schemas.moments import HOUR, read
from schemas.wire import read_action
from tests.simulation.lives.crowd import Crowd, Mix, Sent
from tests.support.allowances import Allowances
from tests.support.engine import Document, Engine, reason
from tests.support.laws import Happened, Laws
from tests.support.programs import first_version, second_version

BEGIN: Final = read("2025-11-27T00:00:00Z")
CHANGE: Final = "2025-12-08"
"""When the second version begins: some tales go on until then."""
MEMBERS: Final = 4
_MIX: Final = Mix(broken=0, duplicates=0.03, late=0.08)
_GAPS: Final = (*[0.02] * 8, *[0.3] * 6, *[1.0] * 6, *[5.0] * 6, *[20.0] * 5, 60.0, 200.0)

_STEP: Final = st.integers(0, 2**32 - 1)
STEPS: Final = st.integers(0, 90).flatmap(lambda n: st.lists(_STEP, min_size=n, max_size=n))
"""Long tales as often as short ones."""


class Told(NamedTuple):
    """A record, and when the broker took it."""

    sent: Sent
    came: int


def tale(program: str, steps: list[int]) -> list[Told]:
    """Return the records of these steps."""
    crowd, now, told = Crowd({program: 1}, MEMBERS, _MIX), BEGIN, []
    for step in steps:
        random = Random(step)
        now += int(random.choice(_GAPS) * HOUR)
        told.append(Told(crowd.next(random, now), now))
    return told


@cache
def versions(program: str) -> dict[str, Document]:
    """Return both versions of a program by their names."""
    first = first_version(program)
    second = second_version(first, CHANGE, "2025-12-20")
    return {f"{program}@{each['effective_from']}": each for each in (first, second)}


@cache
def book(program: str) -> RuleBook:
    """Return a book with both versions; nobody adds to it."""
    engine = Engine()
    for document in versions(program).values():
        engine.publish(document)
    return engine.book


def play(program: str, records: list[Told]) -> Engine:
    """Play records; what is derived is decided at once."""
    engine = Engine(book(program))
    for sent, came in records:
        headers = tuple(sent.headers)
        engine.hear_all(sent.value, came, internal=sent.internal, headers=headers)
    return engine


def happened(engine: Engine) -> list[Happened]:
    """Return every valid action that was heard, and what came of it."""
    found = []
    for value, came, internal, headers, outcome in engine.heard:
        action = read_action(value, headers, came, internal)
        if isinstance(action, Action) and isinstance(outcome, Decision):
            found.append(Happened(action, reason(outcome), list(outcome.postings)))
    return found


def check_laws(engine: Engine, program: str) -> Laws:
    """Check every law over all that was heard."""
    laws, allowances = Laws(), Allowances()
    for each, heard in zip(happened(engine), _decisions(engine), strict=True):
        laws.see(each)
        if each.outcome in ("posted", "accepted"):
            allowances.see(each, versions(program)[_version(heard)])
    laws.close()
    return laws


def _decisions(engine: Engine) -> list[Decision]:
    return [heard.outcome for heard in engine.heard if isinstance(heard.outcome, Decision)]


def _version(decision: Decision) -> str:
    said = decision.postings[-1] if decision.postings else decision.accepted
    assert said is not None
    return said.rule.rpartition("/")[0]
