"""What a board may measure: points and other changes that postings bring, and actions that count."""

from collections.abc import Callable
from typing import Final

from schemas import programs
from schemas.programs import Program
from schemas.results import Posting

PATH_XP: Final = "path_xp"
REFERRALS: Final = "referrals"
SIGNUP: Final = "SIGNUP"
_UNMOVED: Final = ("hold", "forfeit", "confirm", "move")
"""Kinds of postings that leave what is available as it is."""

Change = Callable[[Posting], int]
"""Reads off a posting what it changes."""

MEASURES: Final = ("points", "earned", "spent", "balance")
"""What postings change."""


def _points(posting: Posting) -> int:
    return posting.lifetime_points


def _result(posting: Posting) -> int:
    """Return what `best` and `last` compare: an award; no correction is the result of anything."""
    return posting.lifetime_points if posting.kind in ("earn", "release") else 0


def _spent(posting: Posting) -> int:
    return -posting.points if posting.kind in ("redeem", "confirm") else 0


def _balance(posting: Posting) -> int:
    return 0 if posting.kind in _UNMOVED else posting.points


def _earned(program: Program) -> Change:
    """Count what was awarded, less what was taken back of it; an adjustment earned nobody anything."""
    moving_in = {name for name, each in program.actions.items() if each.effect == "opening"}

    def earned(posting: Posting) -> int:
        adjusted = posting.kind == "adjust" and posting.action not in moving_in
        return 0 if adjusted else posting.lifetime_points

    return earned


def change_of(program: Program, board: programs.Board) -> Change | None:
    """Return how postings change a board, None where they do not."""
    if board.operator != "sum":
        return _result
    return {
        "points": _points,
        "earned": _earned(program),
        "spent": _spent,
        "balance": _balance,
    }.get(board.measure)


def counted(program: Program, measure: str) -> frozenset[str]:
    """Return the action types that count one when accepted."""
    if measure == REFERRALS:
        return referrals(program)
    word, _, name = measure.removesuffix(")").partition("(")
    return frozenset((name,) if word == "count" else ())


def signups(program: Program) -> frozenset[str]:
    """Return the action types that are a sign-up: called so, or carrying another member's code."""
    return frozenset(
        name for name, action in program.actions.items() if action.referral or name == SIGNUP
    )


def referrals(program: Program) -> frozenset[str]:
    """Return the action types of those who referred somebody; a sign-up names who referred."""
    actions = program.actions.items()
    naming = {name for name, action in actions if action.referred}
    looking_up = [action for _, action in actions if action.effect == "look_up_code"]
    answers = {action.answer for action in looking_up if action.answer is not None}
    return frozenset(naming | answers) - signups(program)
