"""Checking a program file: every problem with its line, before it can be published."""

from typing import NamedTuple

from pydantic import ValidationError

from processors.engine.bind import bind_program
from processors.engine.consistency import Place, flaws
from processors.engine.examples import failures
from schemas.program_files import ProgramFile
from schemas.programs import parse_program


class Problem(NamedTuple):
    """What is wrong with a program file, and on which line (from 1)."""

    line: int
    message: str


def check(file: ProgramFile) -> list[Problem]:
    """Return what is wrong with a program file, first line first; nothing when it may be published.

    Words and values are checked first, then whether the parts fit together, then the examples.
    """
    try:
        program = parse_program(file.content)
    except ValidationError as wrong:
        found = [(_place(error["loc"]), error["msg"]) for error in wrong.errors()]
    else:
        found = list(flaws(program)) or failures(bind_program(program), program.examples)
    problems = [Problem(file.line(place), _said(place, message)) for place, message in found]
    return sorted(set(problems))


def _place(location: tuple[int | str, ...]) -> Place:
    """Return the place in the file; the reader adds the names of what it tried there."""
    return tuple(part for part in location if part != "[key]")


def _said(place: Place, message: str) -> str:
    return f"{'.'.join(map(str, place))}: {message}" if place else message
