"""Derived actions: what other subjects must learn, sent in the same transaction."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from processors.engine.facts import fact_scale
from processors.engine.numbers import plain
from processors.engine.rules import Condition, Rules, Scene
from processors.engine.terms import ActionTerms, bind_condition
from schemas import parts
from schemas.actions import Action, Derived
from schemas.moments import write
from schemas.program_actions import ActionType, Derive

_PLACE: Final = re.compile(r"\{((?:memory\.)?[A-Za-z][A-Za-z0-9_]*)\}")
_MEMORY: Final = "memory."


def derive(scene: Scene, action: Derived) -> None:
    """Let an action follow from this one."""
    scene.derived.append(action)


def derived(scene: Scene, name: str, to: str, data: dict[str, object], suffix: str = "") -> Derived:
    """Make the derived action of this type; it happened when the action did, under its version.

    Its id is the action's with `#suffix`, the type in lower case if not said.
    """
    return Derived(
        id=f"{scene.action.id}#{suffix or name.lower()}",
        program=scene.action.program,
        user_id=to,
        type=name,
        occurred_at=scene.moment,
        data=data,
        version=scene.rules.version,
    )


def bind_derives(action: ActionType, terms: ActionTerms) -> Callable[[Scene], None] | None:
    """Make what derives actions for other subjects; one whose facts are missing is left out."""
    if not action.derives:
        return None
    rows = [(row, _asked(row, terms), names_in(row)) for row in action.derives]
    remembers = any(name.startswith(_MEMORY) for _, _, names in rows for name in names)
    scales = {
        name: scale
        for name, fact in action.facts.items()
        if (scale := fact_scale(fact)) is not None
    }

    def derives(scene: Scene) -> None:
        known = _known(scene, scales, remembers=remembers)
        for row, asked, names in rows:
            if names <= known.keys() and (asked is None or asked(scene.facts, scene)):
                data = {fact: _filled(text, known) for fact, text in row.data.items()}
                to = str(_filled(row.to, known))
                derive(scene, derived(scene, row.action, to, data))

    return derives


def _asked(row: Derive, terms: ActionTerms) -> Condition | None:
    return None if row.when is None else bind_condition(row.when, terms)


def names_in(row: Derive) -> set[str]:
    """Return the names that a derived action takes from the action it comes from."""
    return {name for text in (row.to, *row.data.values()) for name in _PLACE.findall(text)}


def _known(scene: Scene, scales: Mapping[str, int], *, remembers: bool) -> dict[str, Any]:
    """Return what a derived action may take, by name; numbers as JSON shows them."""
    known: dict[str, Any] = {
        name: plain(value, scales[name]) if name in scales else value
        for name, value in scene.facts.items()
    }
    if remembers:
        memory = parts.MEMORY.read(scene.draft.head)
        known |= {f"{_MEMORY}{name}": value for name, value in memory.items()}
    return {**known, "user_id": scene.action.user_id, "id": scene.action.id}


def _filled(text: str, known: Mapping[str, Any]) -> object:
    """Put values in their places; what is nothing but one place stays what it is."""
    whole = _PLACE.fullmatch(text)
    if whole is not None:
        return known[whole[1]]
    return _PLACE.sub(lambda place: str(known[place[1]]), text)


def bind_returns(action: ActionType) -> Callable[[Rules, Action], Derived | None] | None:
    """Make what gives a credit back to its sender where it cannot be booked."""
    if action.returns is None:
        return None
    name, scale = action.returns, fact_scale(action.facts["amount"])

    def returns(rules: Rules, said: Action) -> Derived | None:
        facts = rules.actions[said.type].read_facts(said.data)
        if isinstance(facts, str) or "from" not in facts:
            return None
        amount = facts.get("amount")
        if scale is not None and amount is not None:
            amount = plain(amount, scale)
        data = {"from": said.user_id, "amount": amount}
        return Derived(
            id=f"{said.id}#{name.lower()}",
            program=said.program,
            user_id=facts["from"],
            type=name,
            occurred_at=write(said.occurred_at),
            data=data,
            version=rules.version,
        )

    return returns
