"""Facts as a command line gives them: `order_value=100` becomes what the program says it is. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from cli.refusals import Refusal

Facts = dict[str, Any]


def read_facts(given: Iterable[str], types: Mapping[str, str]) -> Facts:
    """Read `name=value` pairs and whole JSON objects, later ones over earlier ones.

    `types` holds the type of each fact that the program declares (schemas.programs.Fact). A fact
    that it does not declare is taken as JSON where it is JSON, as text where it is not.
    """
    facts: Facts = {}
    for one in given:
        if one.lstrip().startswith("{"):
            facts |= _object(one)
            continue
        name, equals, text = one.partition("=")
        if not (name and equals):
            raise Refusal(
                f"--data {one!r} is neither `name=value` nor a JSON object",
                "write for example --data order_value=100",
            )
        facts[name] = _value(text, types.get(name))
    return facts


def _object(text: str) -> Facts:
    try:
        return dict(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise Refusal(f"--data {text!r} is no JSON object: {error}") from error


def _value(text: str, fact_type: str | None) -> Any:  # noqa: ANN401 - JSON
    """Give the value that a text stands for; one that does not fit goes as text, to be refused."""
    if fact_type == "texts":
        return text.split(",")
    if fact_type is not None and not fact_type.startswith(("decimal", "integer", "flag")):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def fact_types(document: Mapping[str, Any] | None, action: str) -> dict[str, str] | None:
    """Give the types of an action's facts by a program document; None where it has no such action."""
    known = (document or {}).get("actions", {}).get(action)
    if known is None:
        return None
    return {name: fact["type"] for name, fact in known.get("facts", {}).items()}
