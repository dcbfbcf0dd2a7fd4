"""The specification: every case under tests/cases, and that no outcome lacks one."""

import re
from collections.abc import Iterator

import pytest

from schemas.results import Declined, Rejected
from tests.support.cases import SAID, Case, as_line, fits, play, read_cases, shown
from tests.support.engine import ROOT, Document

ALL = read_cases()
# Reasons that the worker gives around the engine.
WORKERS = {Rejected.MISROUTED_LOOP, Rejected.ENGINE_FAILURE}
ENGINE = [
    *(ROOT / "processors" / "engine").glob("*.py"),
    *(ROOT / "schemas" / name for name in ("wire.py", "envelopes.py")),
]


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_case(case: Case) -> None:
    """Every row of the case has the outcome it tells, after what was given."""
    for row, given, actual, *_ in play(case):
        expected = {word: value for word, value in row.items() if word not in SAID}
        if given and "gives" not in row:
            assert actual["gives"] in ("posted", "accepted"), f"given, but not so:\n{actual}"
        found = shown(actual, expected)
        assert isinstance(found, dict)
        if not fits(actual, expected):
            lines = ("expected", as_line(row), "actual", as_line(row | found))
            pytest.fail("\n".join((str(case.path), case.title, *lines)), pytrace=False)


def test_cases_are_complete() -> None:
    """A file says in a sentence what it is about; a case has steps, and each tells its outcome."""
    for case in ALL:
        assert case.file["about"].endswith("."), case.path
        assert case.content.keys() <= {"given", "steps", "changes", "because"}, case.name
        assert case.content["steps"], case.name
        for row in case.content["steps"]:
            assert "gives" in row or "publish" in row, f"{case.name}: {as_line(row)}"


def rows(part: Document) -> Iterator[Document]:
    """Return the rows of a case, and of a row the ones that follow from it."""
    for row in [*part.get("given", []), *part.get("steps", []), *part.get("then", [])]:
        yield row
        yield from rows(row)


def test_every_reason_has_a_case() -> None:
    """Whatever reason the engine can give now, some case shows; a new one asks for a case."""
    said = re.compile(r"\b(?:Declined|Rejected)\.([A-Z_]+)\b")
    named = {name.lower() for path in ENGINE for name in said.findall(path.read_text())}
    assert {row.get("gives") for case in ALL for row in rows(case.content)} >= named
    assert named == {*Declined, *Rejected} - WORKERS
