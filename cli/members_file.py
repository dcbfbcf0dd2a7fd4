"""Reads a file of members who move in from another system: CSV, or JSON objects a line each.

A CSV file begins with names of columns. `user_id` is one; `balance` and `lifetime` are of the
program's first currency, `balance.dgt` of another; `steps.tier`, `badges.HERO`, `streaks.login` and
`counts.PURCHASE` say the rest. An empty cell says nothing.
"""

import csv
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, NamedTuple

import orjson

from cli.refusals import Refusal

_ALONE: Final = {"balance": "balances", "lifetime": "lifetimes"}
_GROUPS: Final = ("balances", "lifetimes", "lots", "steps", "badges", "streaks", "counts")


class Member(NamedTuple):
    """One who moves in: the line, and the facts of the OPENING."""

    line: int
    user_id: str
    facts: dict[str, Any]


def read_members(file: BinaryIO, currency: str) -> Iterator[Member]:
    """Yield the members of a file. Raises Refusal naming the first line that is none."""
    first = file.readline()
    if first.lstrip().startswith(b"{"):
        yield from _read_objects(file, first)
    else:
        yield from _read_table(file, first, currency)


def _read_objects(file: BinaryIO, first: bytes) -> Iterator[Member]:
    for number, line in enumerate((first, *file), 1):
        if line.isspace():
            continue
        try:
            said = orjson.loads(line)
            user_id = said.pop("user_id")
            if not isinstance(user_id, str):
                raise _wrong(number, f"a user_id is a text, not {user_id!r}")
        except (orjson.JSONDecodeError, KeyError, AttributeError) as error:
            raise _wrong(number, f"no JSON object with a user_id: {error}") from error
        unknown = said.keys() - set(_GROUPS)
        if unknown:
            raise _wrong(number, f"unknown {', '.join(sorted(unknown))}")
        yield Member(number, user_id, said)


def _read_table(file: BinaryIO, first: bytes, currency: str) -> Iterator[Member]:
    lines = (_text(line, number) for number, line in enumerate(file, 2))
    header = next(csv.reader([_text(first, 1).removeprefix("\ufeff")]))
    for number, cells in enumerate(csv.reader(lines), 2):
        if not cells:
            continue
        if len(cells) != len(header):
            raise _wrong(number, f"{len(cells)} cells under {len(header)} columns")
        row = {name: cell for name, cell in zip(header, cells, strict=True) if cell != ""}
        user_id = row.pop("user_id", None)
        if user_id is None:
            raise _wrong(number, "no user_id")
        yield Member(number, user_id, _facts(row, currency, number))


def _text(line: bytes, number: int) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise _wrong(number, f"not UTF-8: {error.reason} at byte {error.start}") from error


def _facts(row: dict[str, str], currency: str, line: int) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for column, cell in row.items():
        word, _, name = column.partition(".")
        group = _ALONE.get(word, word)
        if group not in _GROUPS or group == "lots" or not (name or word in _ALONE):
            raise _wrong(line, f"the column {column} means nothing")
        value: object = cell if group == "steps" else _number(cell, column, line)
        facts.setdefault(group, {})[name or currency] = value
    return facts


def _number(cell: str, column: str, line: int) -> str:
    """Take a number as it is written, so that no decimal is lost; Laurel reads digits in quotes."""
    text = cell.strip()
    if not text.lstrip("-").replace(".", "", 1).isdigit():
        raise _wrong(line, f"{column} is no number: {cell!r}")
    return text


def _wrong(line: int, problem: str) -> Refusal:
    return Refusal(
        f"line {line}: {problem}",
        "see `laurel import --help`; correct it and import the whole file again: who moved in "
        "already is declined as `duplicate`",
    )
