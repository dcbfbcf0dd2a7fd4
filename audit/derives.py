"""Actions that an accepted action, or one that cannot be booked, gives rise to for other subjects."""

import re
from collections.abc import Iterator
from decimal import Decimal

from audit.case import Case, Derived, Facts, as_text, derived
from audit.effect_facts import declared_facts
from audit.formula import holds
from audit.kept import memory_of
from audit.reading import Said
from audit.rules import Document, Version

_PLACE = re.compile(r"\{([\w.]+)\}")
_MEMORY = "memory."


def derive(case: Case) -> Iterator[Derived]:
    """What the type derives; nothing where a value is missing or `when` does not hold."""
    for row in case.kind.get("derives", []):
        written = [row["to"], *row.get("data", {}).values()]
        named = {name for text in written for name in _PLACE.findall(text)}
        known = {name: _known(case, name) for name in named}
        if None in known.values() or ("when" in row and not holds(case, row["when"])):
            continue
        data = {name: _filled(case, text, known) for name, text in row.get("data", {}).items()}
        subject = str(_text(row["to"], known))
        yield derived(case.said.program, subject, row["action"], data, case.version.name)


def _known(case: Case, name: str) -> object:
    if name == "user_id":
        return case.said.user_id
    if name == "id":
        return case.said.id
    if name.startswith(_MEMORY):
        return memory_of(case, name.removeprefix(_MEMORY))
    return case.facts.get(name)


def _filled(case: Case, text: str, known: Facts) -> object:
    """An entry with its values in it; one that is nothing but one number fact stays a number."""
    alone = _PLACE.fullmatch(text)
    if alone and isinstance(known[alone[1]], int | Decimal):
        kind = declared_facts(case.kind).get(alone[1], {}).get("type", "")
        if kind.startswith(("integer", "decimal")):
            return known[alone[1]]
    return _text(text, known)


def _text(text: str, known: Facts) -> str:
    return _PLACE.sub(lambda place: as_text(known[place[1]]), text)


def returned(said: Said, kind: Document, version: Version) -> list[Derived]:
    """What goes back to the sender of a credit that cannot be booked."""
    sender = said.facts.get("from")
    if "returns" not in kind or not isinstance(sender, str):
        return []
    sent = {name: said.facts.get(name) for name in declared_facts(kind)}
    facts = {**sent, "from": said.user_id}
    return [derived(said.program, sender, kind["returns"], facts, version.name)]
