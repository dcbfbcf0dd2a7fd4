"""Program files, for commands: found, read and checked, every problem with its file and line."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cli.refusals import Refusal
from processors.engine import Problem, check
from schemas.program_files import ProgramFileError, read_program_file

PROGRAMS = Path(__file__).parent.parent / "programs"


def files_in(paths: Iterable[Path]) -> Iterator[Path]:
    """Give the program files among these paths, those in folders too. Raises Refusal for none."""
    for path in paths:
        found = sorted(path.rglob("*.yaml")) if path.is_dir() else [path]
        if not found:
            raise Refusal(f"{path} holds no program file", "one is called like 2025-01-01.yaml")
        yield from found


def read_checked(path: Path) -> dict[str, Any]:
    """Give the content of a program file that may be published. Raises Refusal naming its problems."""
    content, problems = check_file(path)
    if problems:
        lines = "\n  ".join(problems)
        raise Refusal(
            f"{path} cannot be published:\n  {lines}", "`laurel rules check` checks it again"
        )
    return dict(content)


def check_file(path: Path) -> tuple[Any, list[str]]:
    """Read a program file; give its content, and what is wrong with it as `file:line: message` or `file:line:column: message`."""
    try:
        file = read_program_file(path)
    except OSError as error:
        raise Refusal(f"{path} cannot be read: {error.strerror}") from error
    except ProgramFileError as error:
        return None, [f"{path}:{error.line}: {error}"]
    return file.content, [f"{path}:{_at(problem)}: {problem.message}" for problem in check(file)]


def _at(problem: Problem) -> str:
    """Write line and column as editors read them."""
    return f"{problem.line}" if problem.column is None else f"{problem.line}:{problem.column}"
