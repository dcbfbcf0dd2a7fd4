"""What periods lead to: prizes of winners, the close of a campaign, badges of a rank, notices of expiry."""

from collections.abc import Iterator
from typing import Final

from processors.engine.consistency.following import derivable
from processors.engine.consistency.words import ENGINE, Flaw, Place, unknown
from schemas.moments import ALL_TIME
from schemas.program_standard import EXPIRY_NOTICE
from schemas.programs import Board, Program, Standing, Winners

_PRIZE: Final = ("place", "period", "board", "score")
"""Facts that the action of a winner gets."""


def period_flaws(program: Program) -> Iterator[Flaw]:
    """Check everything that follows from the end of a period, or from where members stand."""
    for name, board in program.boards.items():
        for kind, row in board.winners.items():
            place = ("boards", name, "winners", kind)
            yield from unknown(place, "period of this board", kind, board.periods)
            yield from _winners(program, row, place)
            if kind == ALL_TIME and (program.close is None or program.close.board != name):
                yield Flaw(place, "it never ends: say `close: {board: …, most: …}` of the campaign")
    yield from _close(program)
    yield from _rewards(program)
    for name, badge in program.badges.items():
        if badge.rank is not None:
            yield from _rank(program, badge.rank, ("badges", name, "rank"))
    yield from _expiry(program)


def _winners(program: Program, row: Winners, place: Place) -> Iterator[Flaw]:
    yield from derivable(program, (*place, "action"), row.action, _PRIZE)
    action = program.actions.get(row.action)
    fact = None if action is None else action.facts.get("place")
    if fact is not None and fact.most is not None and fact.most < row.places:
        message = f"{row.places} win, but `place` of {row.action} is at most {fact.most}"
        yield Flaw((*place, "places"), message)


def _close(program: Program) -> Iterator[Flaw]:
    close = program.close
    if close is None:
        return
    if program.ends is None:
        yield Flaw(("close",), "the campaign never ends: say `ends`")
    yield from _whole(program, close.board, ("close", "board"))
    board = program.boards.get(close.board)
    if board is not None and board.decay is not None:
        message = f"the scores of {close.board} decay: a result needs a board whose scores stay"
        yield Flaw(("close", "board"), message)


def _rewards(program: Program) -> Iterator[Flaw]:
    grants = any(
        action.effect == "grant_reward" and ENGINE in action.origin
        for action in program.actions.values()
    )
    for name, reward in program.rewards.items():
        if reward.top is None:
            continue
        place = ("rewards", name, "top")
        if program.close is None:
            yield Flaw(place, "no campaign closes: say `close: {board: …, most: …}`")
        elif reward.top > program.close.most:
            yield Flaw(place, f"the first {reward.top} never win: `most` is {program.close.most}")
        if reward.measure is not None or reward.manual or reward.at_most is not None:
            message = (
                "it goes to the first of a campaign, so not by `measure`, `manual` or `at_most`"
            )
            yield Flaw(place, message)
        if not grants:
            message = (
                "nobody gives it: add an action with `effect: grant_reward` and the origin engine"
            )
            yield Flaw(place, message)


def _rank(program: Program, rank: Standing, place: Place) -> Iterator[Flaw]:
    if (rank.top is None) == (rank.percent is None):
        yield Flaw(place, "a rank is either among the `top` so many or so many `percent`")
    yield from _whole(program, rank.board, (*place, "board"))


def _whole(program: Program, name: str, place: Place) -> Iterator[Flaw]:
    """Check that a board is there, has an all_time, and is one board, not one of each part."""
    yield from unknown(place, "board", name, program.boards)
    board: Board | None = program.boards.get(name)
    if board is None:
        return
    if ALL_TIME not in board.periods:
        yield Flaw(place, f"{name} has no {ALL_TIME}")
    if board.split is not None:
        yield Flaw(place, f"{name} is split by {board.split}: name a board that is whole")


def _expiry(program: Program) -> Iterator[Flaw]:
    if program.expiry_notice is None:
        return
    if program.actions[EXPIRY_NOTICE].notify is None:
        message = (
            f"nobody is told: say `{EXPIRY_NOTICE}: {{notify: {{title, message}}}}` under `actions`"
        )
        yield Flaw(("expiry_notice",), message)
    rules = [rule for action in program.actions.values() for rule in action.rules.values()]
    if not any(rule.expires is not None for rule in rules):
        yield Flaw(("expiry_notice",), "no rule gives points that expire")
