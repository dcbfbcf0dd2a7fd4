"""Boards: what a line or an action changes on them, moves between their parts, everybody's place."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from audit.case import Case
from audit.holdings import Standing
from audit.members import MOST_UNITS, Line, Member
from audit.periods import period_end, period_name
from audit.rules import Document
from audit.steps import step_held
from audit.ways import (
    NEVER_SIGNED_UP,
    Amount,
    Decay,
    Reached,
    Way,
    counted_from_1970,
    follow,
)

_COUNT = re.compile(r"count\((\w+)\)")
_STAYS = ("hold", "forfeit", "confirm", "move")
"""Kinds of lines that leave what is available as it is."""


class Place(NamedTuple):
    """One member on one board: score, and its tie value, usually when it was reached in ms."""

    user_id: str
    score: Amount
    tie: int


Boards = dict[tuple[str, str], list[Place]]
"""Places of every board by (board, period), best first."""


class Sums(NamedTuple):
    """What is kept beside the boards of a program; a board is (board, period)."""

    # By (user, board): whole sums that scores cannot show, also those of hidden members.
    whole: dict[tuple[str, tuple[str, str]], int]
    # By (board without its part, period): what no sum of all its scores ever passed.
    most: dict[tuple[str, str], int]


def score_line(case: Case, line: Line, scores: str, category: str | None) -> None:
    """Put a line on every board that it changes, in the periods of the action's own day."""
    if scores == "none":
        return
    for name, board in case.part("boards").items():
        change = _change(case, board, line)
        by_category = board.get("split") == "category"
        if case.currency(board.get("currency")) != line.currency or not change:
            continue
        if by_category and category is None:
            continue
        for kind in board["periods"]:
            if scores == "all" or kind == "all_time":
                own = category or "" if by_category else ""
                part = own if by_category else _part(case, board.get("split"))
                _add(case, (name, period_name(kind, case.day), own), part, change)


def _change(case: Case, board: Document, line: Line) -> int:
    """What a line changes on a board, by what the board measures."""
    measure, kind = board.get("measure", "points"), line.kind
    if board.get("operator", "sum") != "sum":
        return line.lifetime_points if kind in ("earn", "release") else 0
    if measure == "points":
        return line.lifetime_points
    if measure == "earned":
        earned = kind in ("earn", "release", "reverse") or case.effect == "opening"
        return line.lifetime_points if earned else 0
    if measure == "spent":
        return -line.points if kind in ("redeem", "confirm") else 0
    return line.points if measure == "balance" and kind not in _STAYS else 0


def count_action(case: Case) -> None:
    """Count an accepted action on the boards that count its type."""
    for name, board in case.part("boards").items():
        if case.said.type in _counted(case, board):
            part = _part(case, board.get("split"))
            for kind in board["periods"]:
                place = (name, period_name(kind, case.day), "")
                _add(case, place, part, 1)
                on_board = case.member.standings[place].part is not None
                case.moved = case.moved or on_board


def _counted(case: Case, board: Document) -> set[str]:
    """The types of actions that a board counts: one, or those that say who was referred."""
    measure, actions = board.get("measure", "points"), case.part("actions")
    counted = _COUNT.fullmatch(measure)
    if counted:
        return {counted[1]}
    if measure != "referrals":
        return set()
    asked = [form for form in actions.values() if form.get("effect") == "look_up_code"]
    answers = {form.get("answer") for form in asked}
    return {
        name
        for name, form in actions.items()
        if ("referred" in form or name in answers) and not _signs_up(name, form)
    }


def _signs_up(name: str, form: Document) -> bool:
    """Whether a type is a sign-up: by its name, or because it may carry a code."""
    return name == "SIGNUP" or "referral" in form


def note_sign_up(case: Case) -> bool:
    """Keep when a member first signed up, where a board asks for it; whether that is now."""
    asked = any(board.get("ties") == "signup" for board in case.part("boards").values())
    signs_up = _signs_up(case.said.type, case.kind)
    if not (asked and signs_up) or case.member.signed_up is not None:
        return False
    case.member.signed_up = case.moment
    return True


def enter_by_sign_up(case: Case) -> None:
    """Put who just signed up on the boards whose ties ask for that."""
    for name, board in case.part("boards").items():
        if board.get("ties") == "signup" and "split" not in board:
            for kind in board["periods"]:
                _add(case, (name, period_name(kind, case.day), ""), "", 0)
            case.moved = True


def walk(case: Case, path: str, xp: int) -> None:
    """Put the xp that a path got on its boards."""
    for name, board in case.part("boards").items():
        if board.get("split") == "path" and xp:
            for kind in board["periods"]:
                _add(case, (name, period_name(kind, case.day), path), path, xp)


def join(case: Case, path: str) -> None:
    """Put who joins a path on its boards of all time, with the xp that it had."""
    for name, board in case.part("boards").items():
        if board.get("split") == "path" and "all_time" in board["periods"]:
            _add(case, (name, "all_time", path), path, case.member.path_xp[path])
            case.moved = True


def leave(case: Case, path: str) -> None:
    """Take who leaves a path off its boards, but those of periods long over."""
    boards = case.part("boards")
    for place in list(case.member.standings):
        ours = boards.get(place[0], {}).get("split") == "path" and place[2] == path
        if ours and period_end(place[1], case.version.zone) > case.moment:
            left = case.member.standings.pop(place)
            case.member.left[place] = max(left.furthest, case.member.left.get(place, 0))
            case.moved = True


def _add(case: Case, place: tuple[str, str, str], part: str | None, change: int) -> None:
    board, standings = case.part("boards")[place[0]], case.member.standings
    before = standings.get(place)
    way = _way(board)
    number = counted_from_1970(case.day, way.decay.per) if way.decay else 0
    reached: Reached | None = None if before is None else (before.score, before.tie)
    score, tie = follow(way, reached, change, case.moment, number)
    standing = before or Standing(part)
    furthest = max(standing.furthest, abs(score))
    standings[place] = standing._replace(score=score, tie=_tie(case, board, tie), furthest=furthest)


def _way(board: Document) -> Way:
    decay = board.get("decay")
    told = None if decay is None else Decay(float(decay["factor"]), decay["per"])
    return Way(board.get("operator", "sum"), told)


def _tie(case: Case, board: Document, reached: int) -> int:
    """The tie value of a score: when it was reached, or what the board asks for instead."""
    if board.get("ties") == "id":
        return 0
    if board.get("ties") == "signup":
        signed_up = case.member.signed_up
        return NEVER_SIGNED_UP if signed_up is None else signed_up
    return reached


def move(case: Case, split: str) -> None:
    """Take all scores of a split to the part that holds now, but those of periods long over.

    What ended before the move stays where it stood.
    """
    part, boards = _part(case, split), case.part("boards")
    for place, standing in case.member.standings.items():
        if boards.get(place[0], {}).get("split") != split or standing.part == part:
            continue
        if period_end(place[1], case.version.zone) > case.moment:
            tie = _tie(case, boards[place[0]], case.moment)
            case.member.standings[place] = standing._replace(part=part, tie=tie)
            case.moved = True


def _part(case: Case, split: str | None) -> str | None:
    """Which part of a split board is the member's; None when there is none yet."""
    if split is None:
        return ""
    if split == "country":
        return case.member.country
    if split == "team":
        return case.member.profile.get("team") or None
    return str(step_held(case, split)["name"])


def may_stand(case: Case) -> bool:
    """Whether the member may be on some board, if only with a count, a path or a sign-up."""
    member = case.member
    return bool(
        member.lifetime
        or member.signed_up is not None
        or any(
            (board.get("split") == "path" and member.path_xp)
            or any(member.counts[kind] for kind in _counted(case, board))
            for board in case.part("boards").values()
        )
    )


def as_shown(score: Amount) -> Amount:
    """A score as boards show it: a whole one is at most 2^53, either way."""
    return score if isinstance(score, float) else max(-MOST_UNITS, min(score, MOST_UNITS))


def all_boards(members: Iterable[Member]) -> Boards:
    """Every board with its members: score descending, then by tie value, then id."""
    found: Boards = {}
    for member in members:
        for (name, period, _), standing in member.standings.items():
            if standing.part is not None and not member.hidden:
                place = Place(member.subject, as_shown(standing.score), standing.tie)
                found.setdefault((_board(name, standing.part), period), []).append(place)
    for places in found.values():
        places.sort(key=lambda place: (-place.score, place.tie, place.user_id.encode()))
    return found


def all_sums(members: Iterable[Member]) -> Sums:
    """What is kept beside the boards that these members stand on, or would if they were shown."""
    sums = Sums({}, {})
    for member in members:
        furthest = dict(member.left)
        for (name, period, own), standing in member.standings.items():
            place = (name, period, own)
            furthest[place] = max(furthest.get(place, 0), standing.furthest)
            if standing.part is not None and as_shown(standing.score) != standing.score:
                board = (_board(name, standing.part), period)
                sums.whole[member.subject, board] = int(standing.score)
        for (name, period, _), score in furthest.items():
            most = sums.most.get((name, period), 0)
            sums.most[name, period] = most + int(min(score, MOST_UNITS))
    return sums


def _board(name: str, part: str) -> str:
    return f"{name}:{part}" if part else name
