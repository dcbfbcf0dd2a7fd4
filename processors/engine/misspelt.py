"""What pydantic finds wrong with the words and values of a program file, as flaws for its author."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final

from pydantic import ValidationError

from processors.engine.consistency.words import Flaw, Place
from schemas.program_words import Part

_SHOWN: Final = 60


def misspelt(wrong: ValidationError, content: object) -> list[Flaw]:
    """Return a flaw for every error, at its place in the file."""
    found = []
    for error in wrong.errors():
        place = _place(error["loc"], content, missing=error["type"] == "missing")
        found.append(Flaw(place, _message(error, place)))
    return list(dict.fromkeys(found))


def _place(location: tuple[int | str, ...], content: Any, *, missing: bool) -> Place:  # noqa: ANN401 - JSON
    """Return the place in the file; the reader adds the names of what it tried there."""
    if not location:
        return ()
    part, rest = location[0], location[1:]
    skipped = _place(rest, content, missing=missing) if rest else ((part,) if missing else ())
    keys = range(len(content)) if isinstance(content, list) else content
    known = {str(key): key for key in keys} if isinstance(keys, dict | range) else {}
    if str(part) not in known:
        return skipped
    key = known[str(part)]
    return max((key, *_place(rest, content[key], missing=missing)), skipped, key=len)


def _message(error: Mapping[str, Any], place: Place) -> str:
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        near = get_close_matches(str(place[-1]), _words(), 1) if place else []
        return f"`{place[-1]}` is no word here" + (f"; is it `{near[0]}`?" if near else "")
    if error["type"] == "missing":
        return "it is missing"
    value = error.get("input")
    if isinstance(value, str | int | float | bool) and str(value) not in message:
        return f"{message}, not {str(value)[:_SHOWN]!r}"
    return message


def _words() -> list[str]:
    """Return all words of the vocabulary."""
    found: dict[str, None] = {}
    for part in Part.__subclasses__():
        for name, field in part.model_fields.items():
            found[field.alias or name] = None
    return list(found)
