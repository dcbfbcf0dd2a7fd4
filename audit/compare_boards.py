"""Boards beside boards: every member's score, the moment it was reached, and the order."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from audit.periods import read_instant
from audit.results import Said
from audit.standings import Boards, Place


def compare_boards(
    expected: dict[str, Boards], found: dict[str, Boards], where: str
) -> Iterator[str]:
    """Places that differ on any board of any program; boards are given by program."""
    for program in sorted(expected.keys() | found.keys()):
        ours, theirs = expected.get(program, {}), found.get(program, {})
        for name in sorted(ours.keys() | theirs.keys()):
            board = f"{where}: {program} {' '.join(name)}"
            yield from _compare_board(board, ours.get(name, []), theirs.get(name, []))


def _compare_board(board: str, ours: list[Place], theirs: list[Place]) -> Iterator[str]:
    if ours == theirs:
        return
    there = {place.user_id: place for place in theirs}
    for place in ours:
        found = there.pop(place.user_id, None)
        if found != place:
            yield f"{board}: {place.user_id} has {_shown(place)} in the book, {_shown(found)} there"
    for place in there.values():
        yield f"{board}: {place.user_id} has no place in the book, {_shown(place)} there"
    if sorted(ours) == sorted(theirs):
        rank = 1 + next(at for at in range(len(ours)) if ours[at] != theirs[at])
        first, other = ours[rank - 1].user_id, theirs[rank - 1].user_id
        yield f"{board}: rank {rank} is {first} in the book, {other} there"


def _shown(place: Place | None) -> str:
    return "no place" if place is None else f"{place.score} since {place.tie}"


class _Reached(NamedTuple):
    score: int
    tie: int


def scores_of(postings: Iterable[Said]) -> dict[str, Boards]:
    """The boards that `scores` of postings add up to; those of one member stand in their order.

    Who leaves takes everything along: a rest that stays behind shows as a place. Who hides, or
    scores hidden, is on no board until shown again.
    """
    reached: dict[tuple[str, str, str, str], _Reached] = {}
    hidden: set[tuple[str, str]] = set()
    for posting in postings:
        moment = read_instant(posting["occurred_at"]) or 0
        member = (posting["program"], posting["user_id"])
        for board, period, change, *modes in posting["scores"]:
            mode = modes[0] if modes else ""
            if mode in ("hides", "shows"):
                (hidden.add if mode == "hides" else hidden.discard)(member)
                continue
            if mode.startswith("hidden"):
                hidden.add(member)
            key = (posting["program"], board, period, posting["user_id"])
            before = reached.get(key, _Reached(0, moment))
            if mode.endswith("leaves") and before.score + change == 0:
                reached.pop(key, None)
            else:
                reached[key] = _Reached(before.score + change, moment if change else before.tie)
    return _sorted({key: now for key, now in reached.items() if (key[0], key[3]) not in hidden})


def _sorted(reached: dict[tuple[str, str, str, str], _Reached]) -> dict[str, Boards]:
    boards: dict[str, Boards] = {}
    for (program, board, period, user_id), now in reached.items():
        places = boards.setdefault(program, {}).setdefault((board, period), [])
        places.append(Place(user_id, now.score, now.tie))
    for program_boards in boards.values():
        for places in program_boards.values():
            places.sort(key=lambda place: (-place.score, place.tie, place.user_id.encode()))
    return boards
