"""Ladders follow their measure after every action, and grant each step's points once."""

import re

from audit.case import Case
from audit.holdings import Review
from audit.levels import steps_of
from audit.lots import put_in
from audit.members import Climb, Declined
from audit.posting import add_line
from audit.rules import Document
from audit.standings import move
from audit.steps import PATH, ladder_of, step_held

_COUNT = re.compile(r"count\((\w+)\)")


def climb_ladders(case: Case) -> None:
    """Each ladder in the order of the file: its change, its move, its grants."""
    for name in case.part("ladders"):
        _climb(case, name)


def climb_paths(case: Case) -> None:
    """The level of each path that the member walks, in the order of the first joining."""
    if case.part("path_levels"):
        for path in case.member.path_xp:
            if path in case.member.paths:
                _climb(case, PATH + path)


def measured(case: Case, measure: str, currency: str) -> int:
    """A measure: `lifetime`, `balance`, in smallest units, or `count(ACTION)`."""
    counted = _COUNT.fullmatch(measure)
    if counted:
        return case.member.counts[counted[1]]
    amounts = case.member.balance if measure == "balance" else case.member.lifetime
    return amounts[currency]


def _climb(case: Case, name: str) -> None:
    """Put the member on the step that is due, in one change, and give what it grants."""
    steps = steps_of(ladder_of(case, name))
    names = [step["name"] for step in steps]
    old = names.index(step_held(case, name)["name"])
    new = _due(case, name, steps, old - 1 if name == case.stepped_down else old)
    case.member.steps[name] = names[new]
    if new != old:
        case.member.climbs.append(Climb(case.said.id, name, names[old], names[new]))
        move(case, name)
    for step in steps[old + 1 : new + 1]:
        _grant(case, name, step)


def _due(case: Case, name: str, steps: list[Document], held: int) -> int:
    """The step by the measure; after a review that stepped down not above what was earned since."""
    ladder = ladder_of(case, name)
    by_measure = _reached(case, ladder, steps, _value(case, name, ladder))
    review = case.member.reviews.get(name)
    if review is None:
        return by_measure
    since = case.member.lifetime[case.currency(ladder.get("currency"))] - review.lifetime
    by_window = _reached(case, ladder, steps, review.points + since)
    if by_window >= by_measure:
        del case.member.reviews[name]
    return min(by_measure, max(held, by_window))


def _value(case: Case, name: str, ladder: Document) -> int:
    if name.startswith(PATH):
        return case.member.path_xp[name.removeprefix(PATH)]
    measure = ladder.get("measure", "lifetime")
    return measured(case, measure, case.currency(ladder.get("currency")))


def _reached(case: Case, ladder: Document, steps: list[Document], value: int) -> int:
    """Which step a value reaches; the first one holds whatever lies below."""
    counts = _COUNT.fullmatch(ladder.get("measure", "lifetime"))
    unit = 1 if counts else case.unit(case.currency(ladder.get("currency")))
    return max((at for at, step in enumerate(steps) if step["at"] * unit <= value), default=0)


def _grant(case: Case, ladder: str, step: Document) -> None:
    """Give what a step grants, once for ever."""
    if (ladder, step["name"]) in case.member.granted:
        return
    case.member.granted.add((ladder, step["name"]))
    for place, (currency, points) in enumerate(step.get("grants", {}).items()):
        further = f"_{currency}" if place else ""
        name, units = f"{ladder}_{step['name']}{further}".lower(), points * case.unit(currency)
        lots = put_in(case.member, currency, case.posting_id(name), units, None)
        add_line(case, name, "earn", currency, units, lifetime=units, lots=lots)


def review_tier(case: Case) -> None:
    """Step one down where the points of the window no longer reach the step held.

    A later review that costs nothing has the say about what was earned since.
    """
    name, ladders = case.facts["ladder"], case.part("ladders")
    if name not in ladders:
        raise Declined("condition")
    steps, currency = steps_of(ladders[name]), case.currency(ladders[name].get("currency"))
    held = steps.index(step_held(case, name))
    points = int(case.facts["points"] * case.unit(currency))
    steps_down = held > 0 and points < steps[held]["at"] * case.unit(currency)
    if steps_down or name in case.member.reviews:
        case.member.reviews[name] = Review(points, case.member.lifetime[currency])
    if steps_down:
        case.stepped_down = name
