"""What is wrong with what a job says of a period: of which one, its result, what came late to it.

Each check says it in a sentence, or nothing.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from processors.engine.numbers import POWERS
from processors.engine.rules import Scene
from schemas.moments import ALL_TIME

TOP_MAX: Final = 100
"""Members that the record of a closed period names beside its winners."""
CHANGES_MAX: Final = 100
OFFSET_SCALE: Final = 6
"""Decimals of the numbers by name that `positions` are read as."""


def wrong_period(scene: Scene) -> str:
    """Say what is wrong with the period: it is the subject's, and one of a board of the program."""
    board, period, rules = scene.facts["board"], scene.facts["period"], scene.rules
    subject = f"period:{board}:{period}"
    if scene.action.user_id != subject:
        return f"the subject is {scene.action.user_id}, that of this period {subject}"
    name, _, place = board.partition(":")
    row = rules.periods.get(name)
    if row is None or bool(place) is not row.is_split:
        return f"board: there is no {board}"
    if period == ALL_TIME:
        closes = rules.close is not None and rules.close.board == board
        return "" if closes else f"period: no campaign of {board} ends"
    kind = period.partition(":")[0]
    return "" if kind in row.kinds else f"period: {board} has none that is {kind}"


def wrong_result(scene: Scene) -> str:
    """Say what is wrong with the result of a period."""
    facts = scene.facts
    participants, winners, top = facts["participants"], facts["winners"], facts["top"]
    most = _places(scene)
    if len(winners) > most:
        return f"winners: {len(winners)} are named, at most {most} win"
    if any(score <= 0 for _, score in winners):
        return "winners: nobody wins with a score of 0 or less"
    if len(top) > TOP_MAX:
        return f"top: {len(top)} are named, at most {TOP_MAX}"
    for name, ranking in (("winners", winners), ("top", top)):
        if wrong := _wrong_order(ranking):
            return f"{name}: {wrong}"
        if len(ranking) > participants:
            return f"participants: {participants} are fewer than the {len(ranking)} of {name}"
    if not participants and (facts["points"] or facts["average"] or facts["median"]):
        return "participants: without any there are no points"
    if any(units < 0 or units % POWERS[OFFSET_SCALE] for units in facts["positions"].values()):
        return "positions: an offset is a whole number from 0 on"
    return ""


def _wrong_order(ranking: Sequence[tuple[str, int]]) -> str:
    """Say what is wrong with a list of members and scores that begins with the best."""
    if twice := _twice(member for member, _ in ranking):
        return f"{twice} is named twice"
    scores = [score for _, score in ranking]
    return "" if scores == sorted(scores, reverse=True) else "the scores rise"


def wrong_changes(scene: Scene, *, closed: bool) -> str:
    """Say what is wrong with a restatement."""
    changed, changes = scene.facts["changed"], scene.facts["changes"]
    if not closed:
        return f"{scene.facts['period']} was not closed"
    if len(changes) > CHANGES_MAX:
        return f"changes: {len(changes)} are named, at most {CHANGES_MAX}"
    if len(changes) > changed:
        return f"changed: {changed} are fewer than the {len(changes)} changes"
    if same := [member for member, old, new in changes if old == new]:
        return f"changes: {same[0]} has the score it had"
    twice = _twice(member for member, *_ in changes)
    return f"changes: {twice} is named twice" if twice else ""


def _twice(members: Iterator[str]) -> str:
    return next((member for member, times in Counter(members).items() if times > 1), "")


def _places(scene: Scene) -> int:
    """Return how many may win: of a campaign what its `close` says, else what the board does."""
    board, period, rules = scene.facts["board"], scene.facts["period"], scene.rules
    if period == ALL_TIME and rules.close is not None:
        return rules.close.most
    winners = rules.periods[board.partition(":")[0]].winners.get(period.partition(":")[0])
    return 0 if winners is None else winners.places
