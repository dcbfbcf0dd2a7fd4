"""What pydantic finds wrong with the words and values of a program file, as flaws for its author."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import ValidationError

from processors.engine.consistency.words import Flaw, Place, listed
from schemas.program_words import Part
from schemas.programs import Program

_SHOWN: Final = 60
_SIGNS: Final = frozenset("()=<>*+'")
_EXPECTED: Final = {
    "dict_type": "names with values stand here, `{name: value}`",
    "list_type": "a list stands here, `[…]`",
    "string_type": "a text stands here",
    "bool_parsing": "it is yes or no",
    "bool_type": "it is yes or no",
    "int_parsing": "it is a whole number",
    "int_type": "it is a whole number",
}
"""What pydantic says by its own words for values, as an author knows them."""


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
    kind = error["type"]
    if kind == "extra_forbidden":
        return _no_word(str(error["loc"][-1]), _words(place[:-1]))
    if kind == "missing":
        return "it is missing"
    message = _EXPECTED.get(kind, str(error["msg"]).removeprefix("Value error, "))
    if kind in ("model_type", "model_attributes_type"):
        message = f"words stand here: {listed(_words(place))}"
    value = error.get("input")
    if isinstance(value, str | int | float | bool) and not _says(message, value):
        return f"{message}, not {str(value)[:_SHOWN]!r}"
    return message


def _says(message: str, value: str | float) -> bool:
    return str(value) in message or (isinstance(value, int) and f"{value:,}" in message)


def _no_word(name: str, words: list[str]) -> str:
    if _SIGNS & {*name}:
        return f"`{name}` is no word here: a formula with a comma stands in quotes in `{{…}}`"
    near = get_close_matches(name, words, 1)
    if near:
        return f"`{name}` is no word here; is it `{near[0]}`?"
    return f"`{name}` is no word here" + (f"; there is {listed(words)}" if words else "")


def _words(place: Place) -> list[str]:
    """Return the words that may stand at a place of a program file."""
    forms: list[Any] = [Program]
    for key in place:
        forms = [inner for form in forms for inner in _within(form, key)]
    parts = [form for form in forms if _is_part(form)]
    return list(dict.fromkeys(word for part in parts for word in _fields(part)))


def _within(form: Any, key: str | int) -> Iterator[Any]:  # noqa: ANN401 - what a type hint may be
    """Yield what may stand under a word, a name or a number of a form."""
    if _is_part(form):
        hint = _fields(form).get(str(key))
    else:
        hint = get_args(form)[-1] if get_origin(form) in (dict, list) else None
    yield from _forms(hint)


def _forms(hint: Any) -> Iterator[Any]:  # noqa: ANN401 - what a type hint may be
    if get_origin(hint) is Annotated:
        yield from _forms(get_args(hint)[0])
    elif get_origin(hint) in (Union, UnionType):
        for each in get_args(hint):
            yield from _forms(each)
    else:
        yield hint


def _is_part(form: object) -> bool:
    return get_origin(form) is None and isinstance(form, type) and issubclass(form, Part)


def _fields(part: type[Part]) -> dict[str, Any]:
    """Return the words of a part, each with the type of its value."""
    return {field.alias or name: field.annotation for name, field in part.model_fields.items()}
