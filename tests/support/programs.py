"""The programs as they are told to the properties and played through the year: each in two versions."""

import copy
from collections.abc import Callable
from functools import cache
from typing import Final

from schemas.program_files import read_program_file
from tests.simulation.lives.crowd import SECOND
from tests.support.engine import ROOT, Document

PROGRAMS: Final = tuple(SECOND)


def first_version(program: str) -> Document:
    """Return a program as its file says it."""
    return copy.deepcopy(_file(program))


def second_version(first: Document, day: str, until: str) -> Document:
    """Return the version that is in force from a day on; `until` ends what it tries for a while."""
    document = copy.deepcopy(first)
    document["effective_from"] = day
    change: Callable[[Document, str, str], None] = SECOND[document["program"]]
    change(document, day, until)
    return document


@cache
def _file(program: str) -> Document:
    path = ROOT / "programs" / program / "2025-01-01.yaml"
    content: Document = read_program_file(path).content
    return content
