"""Names of postings: a posting is called by its action and a name, so no action may use a name twice."""

from collections.abc import Iterator
from typing import Final

from processors.engine.boards import COUNTRY, is_plain
from processors.engine.consistency.words import Flaw
from processors.engine.factors import step_names
from schemas.program_actions import ActionType
from schemas.programs import Ladder, Program

_EFFECTS: Final = ("unlock", "reserve", "confirm", "cancel")
"""Effects whose posting is called like the effect."""
_HIDES: Final = ("profile", "suspend")
"""Effects that take members off all boards: whatever comes after may show them again."""


def rule_names(program: Program) -> Iterator[Flaw]:
    """Tell rules that share a name: postings name their rule, and what they gave is found by it."""
    granted = _granted(program)
    seen: dict[str, str] = {}
    for action_name, action in program.actions.items():
        for name in action.rules:
            place = ("actions", action_name, "rules", name)
            if name in seen:
                yield Flaw(place, f"{seen[name]} has a rule of this name too")
            if name in granted:
                yield Flaw(place, f"grants of the ladder {granted[name]} are called so too")
            seen[name] = action_name


def posting_names(program: Program) -> Iterator[Flaw]:
    """Tell rules and grants that are called like what the engine posts of an action by itself.

    Those of its postings that have a hyphen in their name are called like no rule.
    """
    yield from _same_grants(program)
    yield from _turns(program)
    granted = _granted(program)
    for action_name, action in program.actions.items():
        own = dict(_own(program, action))
        for name in granted.keys() & own.keys():
            message = (
                f"a grant would be called {name}, as {own[name]}: give the ladder another name"
            )
            yield Flaw(("ladders", granted[name]), message)
        for name in action.rules.keys() & own.keys():
            place = ("actions", action_name, "rules", name)
            yield Flaw(place, f"{own[name]} is called so too: give the rule another name")


def _granted(program: Program) -> dict[str, str]:
    """Return the ladder of each grant, by what its posting is called."""
    return {
        name: ladder for ladder, said in program.ladders.items() for name in _grants(ladder, said)
    }


def _same_grants(program: Program) -> Iterator[Flaw]:
    seen: set[str] = set()
    for ladder, said in program.ladders.items():
        for name in _grants(ladder, said):
            if name in seen:
                message = f"two grants would be called {name}: give a step another name"
                yield Flaw(("ladders", ladder), message)
            seen.add(name)


def _grants(name: str, ladder: Ladder) -> Iterator[str]:
    """Yield what the postings of a ladder's grants are called: the first step has none."""
    steps = step_names(ladder)
    grants = [list(step.grants) for step in ladder.steps]
    if ladder.levels is not None:
        grants = [list(ladder.levels.grants)] * len(steps)
    for step, currencies in list(zip(steps, grants, strict=True))[1:]:
        called = f"{name}_{step}".lower()
        for number, currency in enumerate(currencies):
            yield f"{called}_{currency}" if number else called


def _own(program: Program, action: ActionType) -> Iterator[tuple[str, str]]:
    """Yield what the engine calls postings of an action, and what each of them is."""
    if action.effect in _EFFECTS:
        yield action.effect, f"the posting of {action.effect}"
    if action.effect == "opening":
        for currency in program.currencies:
            yield f"opening_{currency}", "what a member moves in with"
    splits = _splits(program)
    for ladder in splits & program.ladders.keys():
        yield f"move_{ladder}", f"a move between boards of {ladder}"
    if COUNTRY in splits and action.effect == "profile":
        yield f"move_{COUNTRY}", "a move between boards of countries"
    if any(each.effect in _HIDES for each in program.actions.values()):
        yield "move_listed", "a move off or onto all boards"
        if not all(map(is_plain, program.boards.values())):
            yield "move_boards", "a move on boards"


def _turns(program: Program) -> Iterator[Flaw]:
    """Tell ladders whose moves would be called like those off all boards."""
    for ladder in ("listed", "boards"):
        if ladder in _splits(program) & program.ladders.keys():
            message = f"other moves are called move_{ladder} too: give the ladder another name"
            yield Flaw(("ladders", ladder), message)


def _splits(program: Program) -> set[str]:
    """Return by what boards are split between which the engine moves whole scores."""
    return {board.split for board in program.boards.values() if board.split and is_plain(board)}
