"""Boards: what they measure is there, their words go together, their winners can be given something."""

from collections.abc import Iterator
from typing import Final

from processors.engine.boards import CATEGORY, COUNTRY, PATH, TEAM
from processors.engine.consistency.words import (
    Flaw,
    Place,
    currency,
    twice,
    unknown,
)
from processors.engine.facts import TEAM_BYTES_MAX
from processors.engine.measures import MEASURES, PATH_XP, REFERRALS
from schemas.envelopes import ID_BYTES_MAX
from schemas.moments import ALL_TIME, calendar_of
from schemas.programs import Board, Program

_OF_AWARDS: Final = ("points", "earned")


def board_flaws(program: Program) -> Iterator[Flaw]:
    """Check every board."""
    for name, board in program.boards.items():
        place = ("boards", name)
        yield from _measure(program, place, board)
        yield from _split(program, place, board)
        yield from _operator(place, board)
        yield from _decay(place, board)
        yield from _periods(place, board)
        yield from _opening(place, board)


def _measure(program: Program, place: Place, board: Board) -> Iterator[Flaw]:
    counts = [f"count({name})" for name in program.actions]
    measures = [*MEASURES, REFERRALS, PATH_XP, *counts]
    yield from unknown((*place, "measure"), "measure", board.measure, measures)
    yield from currency((*place, "currency"), board.currency, program)
    if board.currency is not None and board.measure not in MEASURES:
        yield Flaw((*place, "currency"), f"{board.measure} is counted in no currency")


def _split(program: Program, place: Place, board: Board) -> Iterator[Flaw]:
    where = (*place, "split")
    if board.split is not None:
        splits = [COUNTRY, CATEGORY, PATH, TEAM, *program.ladders]
        yield from unknown(where, "split", board.split, splits)
    if (board.split == PATH) != (board.measure == PATH_XP):
        yield Flaw(place, "`split: path` and `measure: path_xp` go together")
    elif board.split == PATH and not program.paths:
        yield Flaw(where, "there are no `paths`")
    if board.split == CATEGORY and board.measure not in _OF_AWARDS:
        message = f"only awards have a category: {board.measure} has none"
        yield Flaw(where, message)


def _operator(place: Place, board: Board) -> Iterator[Flaw]:
    if board.operator == "sum":
        return
    where = (*place, "operator")
    if board.measure != "points":
        message = f"{board.operator} compares the points of awards, not {board.measure}"
        yield Flaw(where, message)
    if board.split not in (None, CATEGORY):
        message = f"who moves takes a sum along, not the {board.operator} of what was given there"
        yield Flaw(where, message)


def _decay(place: Place, board: Board) -> Iterator[Flaw]:
    if board.decay is None:
        return
    where = (*place, "decay")
    if board.periods != [ALL_TIME]:
        yield Flaw(where, "what decays has no end: say `periods: [all_time]`")
    if board.operator != "sum":
        yield Flaw(where, f"a sum decays, not the {board.operator}")
    if board.split not in (None, CATEGORY):
        yield Flaw(where, f"what decays cannot move between parts of {board.split}")


def _periods(place: Place, board: Board) -> Iterator[Flaw]:
    yield from twice((*place, "periods"), board.periods)
    for number, kind in enumerate(board.ranks if isinstance(board.ranks, list) else ()):
        yield from unknown((*place, "ranks", number), "period of this board", kind, board.periods)
    ending = [kind for kind in board.periods if kind != ALL_TIME]
    for kind in board.keep:
        where = (*place, "keep", kind)
        if kind == ALL_TIME:
            yield Flaw(where, "all_time never ends: `keep` is of periods that do")
        else:
            yield from unknown(where, "period of this board", kind, ending)


def _opening(place: Place, board: Board) -> Iterator[Flaw]:
    if board.opening == "empty":
        return
    where = (*place, "opening")
    if all(kind == ALL_TIME for kind in board.periods):
        yield Flaw(where, "nobody can be carried: the board has no periods that end")
    if board.split not in (None, CATEGORY):
        # Only what is scored moves along, and of who was carried nothing is said to have been.
        message = f"who is carried cannot move between parts of {board.split}: say `opening: empty`"
        yield Flaw(where, message)


def long_subjects(program: Program) -> Iterator[Flaw]:
    """Tell boards with a part whose periods no job can open or close: their subject's name is too long."""
    for name, board in program.boards.items():
        yield from _long_subject(program, name, board)


def _long_subject(program: Program, name: str, board: Board) -> Iterator[Flaw]:
    kinds = [kind for kind in board.periods if kind != ALL_TIME]
    if board.split is None or not kinds:
        return
    some_day = calendar_of("UTC").day(0).names
    period = max((some_day[kind] for kind in kinds), key=len)
    part = max(_parts(program, board.split), key=lambda part: len(part.encode()), default="")
    bytes_ = len(f"period:{name}:{part}:{period}".encode())
    if bytes_ > ID_BYTES_MAX:
        what = f"a team of {TEAM_BYTES_MAX} bytes" if board.split == TEAM else part
        message = (
            f"the subject of its periods, like period:{name}:…:{period}, has {bytes_} bytes for "
            f"{what}, at most {ID_BYTES_MAX} may be: shorten a name"
        )
        yield Flaw(("boards", name, "split"), message)


def _parts(program: Program, split: str) -> Iterator[str]:
    """Give the parts of a split that may be long."""
    if split == TEAM:
        yield "x" * TEAM_BYTES_MAX
    elif split == PATH:
        yield from program.paths
    elif split == CATEGORY:
        rules = [rule for action in program.actions.values() for rule in action.rules.values()]
        yield from (rule.category for rule in rules if rule.category is not None)
    elif split in program.ladders:
        yield from (step.name for step in program.ladders[split].steps)
