"""Boards: which of them a line scores on, and everybody's place in the end."""

from collections.abc import Iterable
from typing import NamedTuple

from audit.awards import step_held
from audit.case import Case
from audit.members import Line, Member, Standing
from audit.periods import local_day, period_end, period_name
from audit.rules import Document


class Place(NamedTuple):
    """One member on one board: score, and the moment in ms at which it was reached."""

    user_id: str
    score: int
    tie: int


Boards = dict[tuple[str, str], list[Place]]
"""Places of every board by (board, period), best first."""


def score(case: Case, line: Line, rule: Document) -> None:
    """Put a line on every board of its currency, in the period of its own moment."""
    wanted = rule.get("scores", "all")
    day = local_day(line.occurred_at, case.version.zone)
    for name, board in case.part("boards").items():
        if case.currency(board.get("currency")) != line.currency or wanted == "none":
            continue
        for kind in board["periods"]:
            if wanted == "all_time" and kind != "all_time":
                continue
            place = (name, period_name(kind, day))
            part = _part(case, board.get("split"))
            standing = case.member.standings.setdefault(place, Standing(part))
            standing.score += line.lifetime_points
            standing.tie = line.occurred_at


def move(case: Case, split: str) -> bool:
    """Take all scores of a split to the part that holds now, but those of periods long over.

    What ended before the move stays where it stood. Tells whether any board changed.
    """
    part, moment, boards = _part(case, split), case.said.occurred_at, case.part("boards")
    changed = False
    for (name, period), standing in case.member.standings.items():
        if boards.get(name, {}).get("split") != split or standing.part == part:
            continue
        if period_end(period, case.version.zone) > moment:
            standing.part, standing.tie, changed = part, moment, True
    return changed


def _part(case: Case, split: str | None) -> str | None:
    """Which part of a split board is the member's; None when there is none yet."""
    if split is None:
        return ""
    return case.member.country if split == "country" else step_held(case, split)["name"]


def all_boards(members: Iterable[Member]) -> Boards:
    """Every board with its members: score descending, then who reached it earlier, then id."""
    found: Boards = {}
    for member in members:
        for (name, period), standing in member.standings.items():
            if standing.part is not None:
                board = f"{name}:{standing.part}" if standing.part else name
                place = Place(member.subject, standing.score, standing.tie)
                found.setdefault((board, period), []).append(place)
    for places in found.values():
        places.sort(key=lambda place: (-place.score, place.tie, place.user_id.encode()))
    return found
