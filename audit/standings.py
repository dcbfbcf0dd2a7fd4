"""Boards: which of them a line scores on, moves between their parts, everybody's place in the end."""

from collections.abc import Iterable
from typing import NamedTuple

from audit.case import Case
from audit.holdings import Standing
from audit.members import Member
from audit.periods import period_end, period_name
from audit.steps import step_held


class Place(NamedTuple):
    """One member on one board: score, and the moment in ms at which it was reached."""

    user_id: str
    score: int
    tie: int


Boards = dict[tuple[str, str], list[Place]]
"""Places of every board by (board, period), best first."""


def score(case: Case, currency: str, points: int, scores: str, category: str | None) -> None:
    """Put points on every board of their currency, in the periods of the action's own day."""
    if scores == "none":
        return
    for name, board in case.part("boards").items():
        by_category = board.get("split") == "category"
        if case.currency(board.get("currency")) != currency or (by_category and category is None):
            continue
        for kind in board["periods"]:
            if scores == "all" or kind == "all_time":
                own = category or "" if by_category else ""
                part = own if by_category else _part(case, board.get("split"))
                _add(case, (name, period_name(kind, case.day), own), part, points)


def _add(case: Case, place: tuple[str, str, str], part: str | None, points: int) -> None:
    standings = case.member.standings
    before = standings.get(place) or Standing(part)
    standings[place] = before._replace(score=before.score + points, tie=case.moment)


def move(case: Case, split: str) -> None:
    """Take all scores of a split to the part that holds now, but those of periods long over.

    What ended before the move stays where it stood.
    """
    part, boards = _part(case, split), case.part("boards")
    for place, standing in case.member.standings.items():
        if boards.get(place[0], {}).get("split") != split or standing.part == part:
            continue
        if period_end(place[1], case.version.zone) > case.moment:
            case.member.standings[place] = standing._replace(part=part, tie=case.moment)
            case.moved = True


def _part(case: Case, split: str | None) -> str | None:
    """Which part of a split board is the member's; None when there is none yet."""
    if split is None:
        return ""
    return case.member.country if split == "country" else step_held(case, split)["name"]


def all_boards(members: Iterable[Member], *, everybody: bool) -> Boards:
    """Every board with its members: score descending, then who reached it earlier, then id.

    `everybody` are those too whom nobody is to see there.
    """
    found: Boards = {}
    for member in members:
        for (name, period, _), standing in member.standings.items():
            if standing.part is not None and (everybody or member.is_listed):
                board = f"{name}:{standing.part}" if standing.part else name
                place = Place(member.subject, standing.score, standing.tie)
                found.setdefault((board, period), []).append(place)
    for places in found.values():
        places.sort(key=lambda place: (-place.score, place.tie, place.user_id.encode()))
    return found
