"""What a member is told: texts of the program with values in their places."""

import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from audit.case import Case, Facts, as_text
from audit.effect_facts import declared_facts
from audit.levels import steps_of
from audit.periods import local_day, write_instant
from audit.rules import Document
from audit.steps import ladder_of

_PLACE = re.compile(r"\{(\w+)\}")

Values = dict[str, tuple[str, Any]]
"""By name: as it stands in a text, and as JSON has it."""


def notify(case: Case) -> None:
    """Tell of the action, then of steps, then of badges and rewards; nothing of moving in."""
    if case.effect == "opening":
        return
    for of, kind, form, values in _all(case):
        texts = (form["title"], form["message"])
        names = {name for text in texts for name in _PLACE.findall(text)}
        if not names <= values.keys():
            continue
        title, message = (_filled(text, values) for text in texts)
        case.member.notifications.append(
            {
                "id": f"{of}#notify",
                "program": case.said.program,
                "user_id": case.said.user_id,
                "type": kind,
                "title": title,
                "message": message,
                "data": {name: values[name][1] for name in names},
                "occurred_at": write_instant(case.moment),
            }
        )


def _filled(text: str, values: Values) -> str:
    return _PLACE.sub(lambda place: values[place[1]][0], text)


def _all(case: Case) -> Iterator[tuple[str, str, Document, Values]]:
    """Each thing there is a text for: its id, the type of the notice, the texts, the values."""
    if "notify" in case.kind:
        yield case.said.id, _type(case), case.kind["notify"], _of_action(case)
    for climb in case.member.climbs:
        ladder = {} if climb.ladder.startswith("path:") else case.part("ladders")[climb.ladder]
        if climb.action_id == case.said.id and "notify" in ladder:
            names = [step["name"] for step in steps_of(ladder_of(case, climb.ladder))]
            up = names.index(climb.new) > names.index(climb.old)
            told = {"ladder": climb.ladder, "old": climb.old, "new": climb.new}
            values = _plain(case, told | {"direction": "up" if up else "down"})
            yield case.posting_id(climb.ladder), "tier", ladder["notify"], values
    for each in case.member.achievements:
        form = case.part(f"{each.kind}s").get(each.name, {})
        if (
            each.id.rpartition("#")[0] == case.said.id
            and each.state == "EARNED"
            and "notify" in form
        ):
            values = _plain(case, {each.kind: each.name, "level": each.level})
            if "rank" in case.facts:
                values["rank"] = (str(case.facts["rank"]), case.facts["rank"])
            yield each.id, each.kind, form["notify"], values


def _type(case: Case) -> str:
    rows = [
        row for board in case.part("boards").values() for row in board.get("winners", {}).values()
    ]
    if case.said.type in {row["action"] for row in rows}:
        return "winner"
    return "expiry" if case.said.type == "EXPIRY_NOTICE" else case.said.type.lower()


def _plain(case: Case, told: Facts) -> Values:
    return {
        name: (str(value), value) for name, value in {"user_id": case.said.user_id, **told}.items()
    }


def _of_action(case: Case) -> Values:
    """The facts of the action, what its rules gave or took, and what is available now."""
    first = case.currency()
    own = {case.posting_id(name) for name in case.rules}
    given = sum(line.points for line in case.lines if line.id in own and line.currency == first)
    units = {"points": given, "balance": case.member.balance[first]}
    amounts = {name: _number(Decimal(amount) / case.unit(first)) for name, amount in units.items()}
    forms = declared_facts(case.kind)
    facts = {name: _shown(case, forms[name]["type"], name) for name in case.facts}
    return _plain(case, {}) | amounts | facts


def _shown(case: Case, kind: str, name: str) -> tuple[str, Any]:
    value = case.facts[name]
    if kind.startswith(("integer", "decimal")):
        return _number(Decimal(value))
    if kind == "moment":
        moment = case.instant(name)
        return local_day(moment, case.version.zone).isoformat(), write_instant(moment)
    if kind == "flag":
        return "yes" if value else "no", value
    return str(value), value


def _number(value: Decimal) -> tuple[str, int | float]:
    exact = Fraction(value)
    return as_text(value), int(exact) if exact.denominator == 1 else float(exact)
