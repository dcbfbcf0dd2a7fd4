"""The code about itself: what a reviewer would otherwise have to say each time."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas import documents

ROOT = Path(__file__).parent.parent
FOLDERS = ("schemas", "processors", "sinks", "audit", "cli", "deploy", "tests", "bench")
SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
# A test may speak of the services that it restarts.
PRODUCT = [path for path in SOURCES if path.relative_to(ROOT).parts[0] != "tests"]
REFUSED = re.compile(r"manager|service|handler|helper|utils?$|common$|misc$", re.IGNORECASE)
# Names that Faust or aiokafka chose: these classes stand in for theirs.
THEIRS = {"TableManager", "_FencedOffsetCommitHandler", "ServiceT"}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _definitions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_functions_fit_on_a_screen(path: Path) -> None:
    """No function is longer than 70 lines without its docstring."""
    for node in _definitions(path):
        if isinstance(node, ast.ClassDef):
            continue
        said = ast.get_docstring(node, clean=False) or ""
        length = (node.end_lineno or 0) - node.lineno + 1 - (said.count("\n") + 1)
        assert length <= 70, f"{_name(path)}: {node.name} has {length} lines"


@pytest.mark.parametrize("path", PRODUCT, ids=_name)
def test_names_say_what_a_thing_is(path: Path) -> None:
    """No definition and no file is called a manager, service, handler, helper or util."""
    names = [path.stem, *(node.name for node in _definitions(path))]
    wrong = [name for name in names if REFUSED.search(name) and name not in THEIRS]
    assert wrong == [], f"{_name(path)}: {wrong}"


def test_generated_documents_are_fresh() -> None:
    """docs/wire says what the models say; `make schemas` writes it anew."""
    assert documents.stale() == []


def test_the_map_shows_every_folder() -> None:
    """README's map names every folder of the house."""
    text = (ROOT / "README.md").read_text()
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] not in "._"}
    assert {name for name in folders if f"`{name}/`" not in text} == set()
