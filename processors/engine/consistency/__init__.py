"""Whether the parts of a program fit together, and whether each of them can ever do anything.

`flaws` are what no worker can run: a name that nobody declares, a formula that is none, a circle.
`idle_parts` can be run, but never do anything, or not what was meant: points that would move the other
way, or that are sent and get lost. A version with such a part is not published. What is new here belongs
there: a version that was published is decided by for ever, and a worker that refused it would change
what the log says.
"""

from collections.abc import Iterator

from processors.engine.consistency.actions import action_flaws
from processors.engine.consistency.amounts import negative
from processors.engine.consistency.boards import long_subjects
from processors.engine.consistency.factors import idle_factors
from processors.engine.consistency.following import circles, following_flaws
from processors.engine.consistency.formulas import formula_flaws, never
from processors.engine.consistency.idle import idle_actions, idle_rules
from processors.engine.consistency.ladders import ladder_flaws
from processors.engine.consistency.names import posting_names, rule_names
from processors.engine.consistency.notices import notice_flaws
from processors.engine.consistency.periods import period_flaws
from processors.engine.consistency.program import program_flaws
from processors.engine.consistency.rules import rule_flaws
from processors.engine.consistency.sends import lost
from processors.engine.consistency.words import Flaw, Place
from processors.engine.ladders import bind_ladders
from schemas.programs import Program

__all__ = ["Flaw", "Place", "flaws", "idle_parts"]


def flaws(program: Program) -> list[Flaw]:
    """Return all that does not fit together in a program that was read."""
    found = [
        *ladder_flaws(program),
        *program_flaws(program),
        *period_flaws(program),
        *notice_flaws(program),
        *(flaw for name in program.actions for flaw in _action(program, name)),
        *rule_names(program),
        *circles(program),
    ]
    if any(flaw.place[0] in _READ_BY_FORMULAS for flaw in found):
        return found
    return [*found, *formula_flaws(program, bind_ladders(program))]


_READ_BY_FORMULAS = ("ladders", "tables", "effective_from")


def _action(program: Program, name: str) -> Iterator[Flaw]:
    yield from action_flaws(program, name)
    yield from rule_flaws(program, name)
    yield from following_flaws(program, name)


def idle_parts(program: Program) -> list[Flaw]:
    """Return what is not meant so, in a program without flaws: nothing comes of it, or something else."""
    ladders = bind_ladders(program)
    return [
        *never(program, ladders),
        *negative(program, ladders),
        *lost(program, ladders),
        *posting_names(program),
        *long_subjects(program),
        *idle_rules(program, ladders),
        *idle_factors(program, ladders),
        *idle_actions(program, ladders),
    ]
