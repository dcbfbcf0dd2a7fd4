"""Notices: every name in their texts has a value, and somebody can read them."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from processors.engine.consistency.words import Flaw, Place, unknown
from processors.engine.notices import (
    OF_ACTIONS,
    OF_BADGES,
    OF_LADDERS,
    OF_RANKS,
    OF_REWARDS,
    PLACE,
    shows_of,
)
from schemas.program_actions import Notify
from schemas.programs import Program

_BRACE: Final = re.compile(r"[{}]")
_NOBODYS: Final = (
    *("register_code", "look_up_code", "payment", "claim_reward"),
    *("open_period", "close_period", "restate_period"),
)
"""Effects on subjects that are no members."""


def notice_flaws(program: Program) -> Iterator[Flaw]:
    """Check the texts of all that is told."""
    for name, action in program.actions.items():
        place = ("actions", name, "notify")
        yield from _texts(action.notify, place, [*OF_ACTIONS, *shows_of(action)])
        if action.notify is not None and action.effect in _NOBODYS:
            yield Flaw(place, f"nobody reads it: the subject of {action.effect} is no member")
    for name, ladder in program.ladders.items():
        yield from _texts(ladder.notify, ("ladders", name, "notify"), OF_LADDERS)
    for name, badge in program.badges.items():
        names = OF_BADGES if badge.rank is None else OF_RANKS
        yield from _texts(badge.notify, ("badges", name, "notify"), names)
    for name, reward in program.rewards.items():
        yield from _texts(reward.notify, ("rewards", name, "notify"), OF_REWARDS)


def _texts(notify: Notify | None, place: Place, names: Iterable[str]) -> Iterator[Flaw]:
    if notify is None:
        return
    known = list(names)
    for word, text in (("title", notify.title), ("message", notify.message)):
        where = (*place, word)
        for found in PLACE.finditer(text):
            for flaw in unknown(where, "value", found[1], known):
                yield flaw._replace(column=found.start(1) + 1)
        # What is no place is filled up with blanks, so that columns stay.
        rest = PLACE.sub(lambda found: " " * len(found[0]), text)
        for brace in _BRACE.finditer(rest):
            message = "a brace stands alone: a place for a value is written `{name}`"
            yield Flaw(where, message, brace.start() + 1)
