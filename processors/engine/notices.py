"""Notices: what a member is told of an accepted action, of a step, a badge or a reward.

A program writes the texts, with places for values. Nothing is told when one of them is missing, and
nobody who moves in is told what was reached elsewhere.
"""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from processors.engine.facts import fact_scale
from processors.engine.lots import AVAILABLE
from processors.engine.numbers import plain, show
from processors.engine.rules import Notice, Scene, Show, Shown
from schemas.moments import Calendar, write
from schemas.program_actions import ActionType, Notify
from schemas.program_facts import Fact
from schemas.program_standard import EXPIRY_NOTICE
from schemas.programs import Program
from schemas.results import Notification

PLACE: Final = re.compile(r"\{([^{}]*)\}")
OF_ACTIONS: Final = ("user_id", "points", "balance")
"""Names in an action's texts beside its facts; a fact of the same name goes first."""
OF_LADDERS: Final = ("user_id", "ladder", "old", "new", "direction")
OF_BADGES: Final = ("user_id", "badge", "level")
OF_RANKS: Final = (*OF_BADGES, "rank")
"""Names in the texts of a badge that is held for a rank."""
OF_REWARDS: Final = ("user_id", "reward")
_SHOWN: Final = ("text", "member", "team", "code", "country", "timezone", "period")


class _Said(NamedTuple):
    """A notice, the id of what it speaks of, and its names' values."""

    of: str
    notice: Notice
    values: Mapping[str, Shown]


def bind_action_notice(program: Program, name: str, action: ActionType) -> Notice | None:
    """Bind what is told of accepted actions of a type."""
    prizes = {row.action for board in program.boards.values() for row in board.winners.values()}
    kind = "winner" if name in prizes else "expiry" if name == EXPIRY_NOTICE else name.lower()
    return _bind(kind, action.notify, shows_of(action))


def bind_notices(program: Program) -> dict[tuple[str, str], Notice]:
    """Bind what is told of ladders, badges and rewards: by `tier`, `badge`, `reward` and the name."""
    parts = {"tier": program.ladders, "badge": program.badges, "reward": program.rewards}
    return {
        (kind, name): notice
        for kind, part in parts.items()
        for name, each in part.items()  # type: ignore[attr-defined]  # each is a mapping
        if (notice := _bind(kind, each.notify, {})) is not None
    }


def _bind(kind: str, notify: Notify | None, shows: Mapping[str, Show]) -> Notice | None:
    if notify is None:
        return None
    names = frozenset(PLACE.findall(notify.title) + PLACE.findall(notify.message))
    return Notice(kind, notify.title, notify.message, names, shows)


def shows_of(action: ActionType) -> dict[str, Show]:
    """Return what shows each fact that a text may name: not lists, nor what only effects read."""
    shows = {name: _show_of(fact) for name, fact in action.facts.items()}
    return {name: show for name, show in shows.items() if show is not None}


def _show_of(fact: Fact) -> Show | None:
    scale = fact_scale(fact)
    if scale is not None:
        return partial(_number, scale)
    if fact.type == "moment":
        return _date
    if fact.type == "flag":
        return lambda value, _: ("yes" if value else "no", value)
    return _as_it_is if fact.type in _SHOWN else None


def _number(scale: int, units: int, _: Calendar) -> Shown:
    return show(units, scale), plain(units, scale)


def _date(moment: int, calendar: Calendar) -> Shown:
    return calendar.date(moment).isoformat(), write(moment)


def _as_it_is(value: Any, _: Calendar) -> Shown:  # noqa: ANN401 - a text or a whole number
    return str(value), value


def notify(scene: Scene) -> None:
    """Tell the member what has come of an accepted action."""
    if not scene.kind.moves_in:
        complete = (each for each in _said(scene) if each.notice.names <= each.values.keys())
        scene.notifications = [_told(scene, each) for each in complete]


def _said(scene: Scene) -> Iterator[_Said]:
    """Yield what there is to tell: of the action, then of its steps, badges and rewards."""
    notices = scene.rules.notices
    if scene.kind.notice is not None:
        yield _Said(scene.action.id, scene.kind.notice, _of_action(scene, scene.kind.notice))
    for step in scene.tiers:
        if (notice := notices.get(("tier", step.ladder))) is not None:
            values = {"ladder": step.ladder, "old": step.old, "new": step.new}
            yield _Said(step.id, notice, _values(scene, values | {"direction": step.direction}))
    for each in scene.achievements:
        notice = notices.get((each.kind, each.achievement))
        if notice is not None and each.state == "EARNED":
            told = {each.kind: each.achievement, "level": each.level}
            rank = {"rank": scene.facts["rank"]} if "rank" in scene.facts else {}
            yield _Said(each.id, notice, _values(scene, told | rank))


def _values(scene: Scene, told: Mapping[str, Any]) -> dict[str, Shown]:
    told = {"user_id": scene.action.user_id, **told}
    return {name: (str(value), value) for name, value in told.items()}


def _of_action(scene: Scene, notice: Notice) -> dict[str, Shown]:
    rules = scene.rules
    calendar, scale = rules.calendar, rules.scales[rules.currency]
    own = {f"{scene.action.id}#{rule.name}" for rule in scene.kind.awards}
    given = sum(
        each.points for each in scene.postings if each.id in own and each.currency == rules.currency
    )
    purse = scene.draft.head.purses.get(rules.currency, [0])
    facts = {
        name: notice.shows[name](scene.facts[name], calendar)
        for name in notice.names & scene.facts.keys()
    }
    return {
        **_values(scene, {}),
        "points": _number(scale, given, calendar),
        "balance": _number(scale, purse[AVAILABLE], calendar),
        **facts,
    }


def _told(scene: Scene, said: _Said) -> Notification:
    def text(place: re.Match[str]) -> str:
        return said.values[place[1]][0]

    return Notification(
        id=f"{said.of}#notify",
        program=scene.action.program,
        user_id=scene.action.user_id,
        type=said.notice.type,
        title=PLACE.sub(text, said.notice.title),
        message=PLACE.sub(text, said.notice.message),
        data={name: said.values[name][1] for name in sorted(said.notice.names)},
        occurred_at=scene.moment,
    )
