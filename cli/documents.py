"""Program documents side by side, and the one that stops actions. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from cli.refusals import Refusal

_MISSING = object()


class Change(NamedTuple):
    """A place of a document whose value differs; None where it is not there."""

    place: str
    old: str | None
    new: str | None


def changes(old: object, new: object, place: str = "") -> Iterator[Change]:
    """Give every innermost place at which two documents differ, in the order of the new one."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in [*new, *(name for name in old if name not in new)]:
            inner = f"{place}.{name}" if place else str(name)
            yield from changes(old.get(name, _MISSING), new.get(name, _MISSING), inner)
    elif old != new:
        yield Change(place, _text(old), _text(new))


def _text(value: object) -> str | None:
    if value is _MISSING:
        return None
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_text(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(str(_text(inner)) for inner in value) + "]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "null" if value is None else str(value)


def without(
    document: Mapping[str, Any], stopped: Sequence[str], effective_from: str
) -> dict[str, Any]:
    """Give a document with the rules of some actions switched off from a moment on.

    Its examples are left out: they speak of the rules as they were. Raises Refusal for an action
    that is unknown or has no rule that is on.
    """
    actions = dict(document["actions"])
    for name in stopped:
        if name not in actions:
            raise Refusal(f"there is no action {name}", f"there are {', '.join(actions)}")
        rules = actions[name].get("rules", {})
        if not any(rule.get("active", True) for rule in rules.values()):
            raise Refusal(f"{name} gives nothing already", "`laurel rules show` shows its rules")
        off = {rule: {**said, "active": False} for rule, said in rules.items()}
        actions[name] = {**actions[name], "rules": off}
    rest = {name: said for name, said in document.items() if name != "examples"}
    return rest | {"effective_from": effective_from, "actions": actions}
