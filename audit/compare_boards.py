"""Boards beside boards: every member's score, the moment it was reached, and the order."""

from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise
from math import isclose

from audit.periods import read_instant
from audit.results import Said
from audit.standings import Boards, Place, as_shown
from audit.ways import Reached, follow, read_words

_LEAST = 1e-12
"""What has decayed may differ by so much, as a part of the largest score on its board."""


def compare_boards(
    expected: dict[str, Boards], found: dict[str, Boards], where: str
) -> Iterator[str]:
    """Places that differ on any board of any program; boards are given by program."""
    for program in sorted(expected.keys() | found.keys()):
        ours, theirs = expected.get(program, {}), found.get(program, {})
        for name in sorted(ours.keys() | theirs.keys()):
            board = f"{where}: {program} {' '.join(name)}"
            yield from _compare_board(board, ours.get(name, []), theirs.get(name, []))


def without_carried(
    found: Boards, expected: Boards, carried: Collection[tuple[str, str]]
) -> Boards:
    """Leave out who stands at 0 on a board only because of the period before: no posting says so."""
    scored = {name: {place.user_id for place in places} for name, places in expected.items()}
    return {
        name: [each for each in places if each.score or each.user_id in scored.get(name, ())]
        if name in carried
        else places
        for name, places in found.items()
    }


def _compare_board(board: str, ours: list[Place], theirs: list[Place]) -> Iterator[str]:
    if ours == theirs:
        return
    least = _LEAST * max((abs(place.score) for place in ours), default=0)
    there = {place.user_id: place for place in theirs}
    for place in ours:
        found = there.pop(place.user_id, None)
        if not _alike(place, found, least):
            yield f"{board}: {place.user_id} has {_shown(place)} in the book, {_shown(found)} there"
    for place in there.values():
        yield f"{board}: {place.user_id} has no place in the book, {_shown(place)} there"
    if sorted(ours) == sorted(theirs):
        rank = 1 + next(at for at in range(len(ours)) if ours[at] != theirs[at])
        first, other = ours[rank - 1].user_id, theirs[rank - 1].user_id
        yield f"{board}: rank {rank} is {first} in the book, {other} there"
    elif not all(_in_order(one, other, least) for one, other in pairwise(theirs)):
        yield f"{board}: the places there are in no order"


def _in_order(place: Place, following: Place, least: float) -> bool:
    """Whether one place may stand before another; of two that decayed alike, either one first."""
    is_near = isinstance(place.score, float) and _near(place.score, following.score, least)
    return is_near or _order(place) <= _order(following)


def _near(score: float, other: float, least: float) -> bool:
    return isclose(score, other, rel_tol=_LEAST, abs_tol=least)


def _alike(place: Place, found: Place | None, least: float) -> bool:
    """Whether two places are the same; what has decayed is right to 1 part in 10^12."""
    if found is None or not isinstance(place.score, float):
        return place == found
    near = _near(place.score, found.score, least)
    return near and place._replace(score=0) == found._replace(score=0)


def _shown(place: Place | None) -> str:
    return "no place" if place is None else f"{place.score} since {place.tie}"


def scores_of(postings: Iterable[Said]) -> dict[str, Boards]:
    """The boards that `scores` of postings come to; those of one member stand in their order.

    Who leaves takes everything along: a rest that stays behind shows as a place. Who hides, or
    scores hidden, is on no board until shown again.
    """
    reached: dict[tuple[str, str, str, str], Reached] = {}
    hidden: set[tuple[str, str]] = set()
    for posting in postings:
        moment = read_instant(posting["occurred_at"]) or 0
        member = (posting["program"], posting["user_id"])
        for board, period, change, *told in posting["scores"]:
            if told and told[0] in ("hides", "shows"):
                (hidden.add if told[0] == "hides" else hidden.discard)(member)
                continue
            words = read_words(told[0] if told else "")
            if words.hidden:
                hidden.add(member)
            key = (posting["program"], board, period, posting["user_id"])
            before = reached.get(key)
            if words.leaves and (before or (0, 0))[0] + change == 0:
                reached.pop(key, None)
                continue
            score, tie = follow(words.way, before, change, moment, words.number)
            reached[key] = (score, tie if words.tie is None else words.tie)
    return _sorted({key: now for key, now in reached.items() if (key[0], key[3]) not in hidden})


def _sorted(reached: dict[tuple[str, str, str, str], Reached]) -> dict[str, Boards]:
    boards: dict[str, Boards] = {}
    for (program, board, period, user_id), (score, tie) in reached.items():
        places = boards.setdefault(program, {}).setdefault((board, period), [])
        places.append(Place(user_id, as_shown(score), tie))
    for program_boards in boards.values():
        for places in program_boards.values():
            places.sort(key=_order)
    return boards


def _order(place: Place) -> tuple[float, int, bytes]:
    return (-place.score, place.tie, place.user_id.encode())
