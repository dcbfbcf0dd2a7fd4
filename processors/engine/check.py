"""Checking a program file: every problem with its line, before it can be published."""

from typing import NamedTuple

from pydantic import ValidationError

from processors.engine.bind import bind_program
from processors.engine.consistency import Flaw, Place, flaws, idle_parts
from processors.engine.examples import failures
from processors.engine.misspelt import misspelt
from schemas.program_files import ProgramFile
from schemas.programs import parse_program


class Problem(NamedTuple):
    """What is wrong with a program file, on which line (from 1), and in a text at which column."""

    line: int
    message: str
    column: int | None = None


def check(file: ProgramFile) -> list[Problem]:
    """Return what is wrong with a program file, first line first; nothing when it may be published.

    Words and values are checked first, then whether the parts fit together, then whether each of them
    can do anything and the examples come out.
    """
    return sorted({_problem(file, flaw) for flaw in _flaws(file)}, key=lambda each: each[:2])


def _flaws(file: ProgramFile) -> list[Flaw]:
    try:
        program = parse_program(file.content)
    except ValidationError as wrong:
        return misspelt(wrong, file.content)
    found = flaws(program)
    if found:
        return found
    examples = [Flaw(*failure) for failure in failures(bind_program(program), program.examples)]
    return [*idle_parts(program), *examples]


def _problem(file: ProgramFile, flaw: Flaw) -> Problem:
    message = _said(flaw.place, flaw.message)
    if flaw.column is None or flaw.place not in file.written:
        return Problem(file.line(flaw.place), message)
    line, column = file.spot(flaw.place, flaw.column)
    return Problem(line, message, column)


def _said(place: Place, message: str) -> str:
    return f"{'.'.join(map(str, place))}: {message}" if place else message
