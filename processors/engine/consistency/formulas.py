"""Every formula and condition of a program: whether it can be read, and whether it can ever hold."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from processors.engine.consistency.bounds import asked, asked_of, contradict, required
from processors.engine.consistency.lengths import against_number
from processors.engine.consistency.words import Flaw, Place, Reader, misread, numbers_of
from processors.engine.formulas import Formula, read_condition, read_formula
from processors.engine.ladders import Ladder
from processors.engine.ranges import NEVER
from processors.engine.terms import CLOCK, ActionTerms, read_points
from schemas.moments import PeriodKind
from schemas.program_actions import ActionType, By, Rule, Table
from schemas.programs import Program

PERIODS: Final[dict[PeriodKind, str]] = {
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "yearly": "year",
}
_COUNTED: Final = re.compile(r"\bcount\s*\(\s*(\w+)", re.ASCII)


class Text(NamedTuple):
    """A formula or condition, its place, and what reads it with which terms.

    Where it is asked, those `beside` it hold.
    """

    place: Place
    text: str
    read: Reader
    terms: ActionTerms
    beside: tuple[str, ...] = ()

    @property
    def found(self) -> Formula | Flaw:
        """What was read, or why nothing was."""
        return misread(self.place, self.text, self.read, self.terms)


def texts(program: Program, ladders: tuple[Ladder, ...]) -> Iterator[Text]:
    """Yield every formula and condition but those of levels."""
    for name, action in program.actions.items():
        place, terms = ("actions", name), ActionTerms(program, name, ladders)
        for rule_name, rule in action.rules.items():
            yield from _of_rule(action, rule, (*place, "rules", rule_name), terms)
        before: tuple[str, ...] = ()
        for name_of, said in action.require.items():
            where = (*place, "require", name_of, "that")
            yield Text(where, said.that, read_condition, terms, before)
            before = (*before, said.that)
        for number, row in enumerate(action.derives):
            if row.when is not None:
                yield Text((*place, "derives", number, "when"), row.when, read_condition, terms)
    yield from _restarts(program, ladders)
    for badge, said_of_badge in program.badges.items():
        if said_of_badge.when is not None:
            # It is asked after actions of every type.
            for name in program.actions:
                terms = ActionTerms(program, name, ladders)
                yield Text(("badges", badge, "when"), said_of_badge.when, read_condition, terms)


def _restarts(program: Program, ladders: tuple[Ladder, ...]) -> Iterator[Text]:
    for name, streak in program.streaks.items():
        if streak.restarts is not None:
            terms = ActionTerms(program, streak.action, ladders)
            yield Text(("streaks", name, "restarts"), streak.restarts, read_condition, terms)


def _of_rule(action: ActionType, rule: Rule, place: Place, terms: ActionTerms) -> Iterator[Text]:
    beside = tuple(asked(action, rule))
    if not isinstance(rule.points, Table):
        yield Text((*place, "points"), str(rule.points), read_points, terms)
    if rule.when is not None:
        before = (*required(action), *asked_of(rule)[:-1])
        yield Text((*place, "when"), rule.when, read_condition, terms, before)
    if rule.hold is not None and rule.hold.until is not None:
        yield Text((*place, "hold", "until"), rule.hold.until, read_condition, terms)
    for number, item in enumerate(rule.multiply):
        if isinstance(item, By):
            where = (*place, "multiply", number)
            if item.when is not None:
                yield Text((*where, "when"), item.when, read_condition, terms, beside)
            if isinstance(item.by, str):
                yield Text((*where, "by"), item.by, read_formula, terms)


def formula_flaws(program: Program, ladders: tuple[Ladder, ...]) -> Iterator[Flaw]:
    """Read every text; a place that is read for several action types tells its first problem."""
    told = set[Place]()
    for text in texts(program, ladders):
        found = text.found
        if isinstance(found, Flaw) and text.place not in told:
            told.add(text.place)
            if text.place[0] == "badges":
                asked_when = f"(it is asked after every action, here after {text.terms.name})"
                found = found._replace(message=f"{found.message} {asked_when}")
            yield found
    yield from _not_counted(program, ladders)


def _not_counted(program: Program, ladders: tuple[Ladder, ...]) -> Iterator[Flaw]:
    """Counts of a period that badges and streaks read are kept for limits or rules."""
    kept: set[tuple[str, str | None]] = {
        (name, word)
        for name, action in program.actions.items()
        for word in (*action.limits.times, *action.limits.points, action.limits.once)
    }
    outside: dict[tuple[str, str], Place] = {}
    for text in texts(program, ladders):
        if isinstance(text.found, Flaw):
            continue
        read = [(action, PERIODS[period]) for action, period in text.terms.counted]
        if text.place[0] == "actions":
            kept.update(read)
        else:
            outside |= dict.fromkeys(read, text.place)
    for (action, word), place in outside.items():
        if (action, word) not in kept:
            message = (
                f"count({action}, {word}) is not kept: only counts that limits or rules look at are"
            )
            yield Flaw(place, message)


def never(program: Program, ladders: tuple[Ladder, ...]) -> Iterator[Flaw]:
    """Tell conditions that can never hold, or that take a length of time for what clocks show."""
    held, dead = set[Place](), dict[Place, Flaw]()
    for text in texts(program, ladders):
        found = text.found
        if isinstance(found, Formula) and found.kind == "truth":
            said = against_number(text.text, text.terms)
            why = None if said else _never(found, text)
            if why is not None:
                said = f"`{text.text.strip()}` never holds{why}"
            if said is not None:
                dead.setdefault(text.place, Flaw(text.place, said))
            else:
                held.add(text.place)
    yield from (flaw for place, flaw in dead.items() if place not in held)


def _never(found: Formula, text: Text) -> str | None:
    """Say why a condition never holds where it is asked; None where it may."""
    if found.range == NEVER:
        return _because(found, text.terms.action)
    if contradict(text.terms, [text.text]):
        return ": one part of it rules out another"
    if contradict(text.terms, text.beside) or not contradict(text.terms, [*text.beside, text.text]):
        return None
    alone = [each for each in text.beside if contradict(text.terms, [each, text.text])]
    others = " and ".join(f"`{each}`" for each in alone[:1] or text.beside)
    return f" where {others} does"


def _because(found: Formula, action: ActionType | None) -> str:
    """Tell between which numbers the facts of a condition lie, and what clocks show."""
    if action is None:
        return ""
    said = [
        f"{name} is {_bounds(action.facts[name].least, action.facts[name].most)}"
        for name in numbers_of(action)
        if name in found.facts
        and (action.facts[name].least, action.facts[name].most) != (None, None)
    ]
    said += [
        f"{name} is {_bounds(*shown[:2])}"
        for name, shown in CLOCK.items()
        if f"{name}(scene)" in found.source
    ]
    return f": {', '.join(said)}" if said else ""


def _bounds(least: object, most: object) -> str:
    if least is None:
        return f"at most {most}"
    return f"at least {least}" if most is None else f"{least} to {most}"


def counted_in(text: str) -> Iterator[tuple[str, int]]:
    """Yield the action types that a text counts, and the column of each."""
    for match in _COUNTED.finditer(text):
        yield match[1], match.start(1) + 1
