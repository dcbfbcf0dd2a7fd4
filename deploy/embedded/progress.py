"""Shows on a terminal how the parts of the stack come up; line by line where there is no terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.embedded.server import Step
from deploy.stack import VARIABLES


@contextmanager
def shown(console: Console) -> Iterator[Step]:
    """Give the function to report steps to while the parts start."""
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (
        TextColumn("{task.fields[part]:<9}"),
        BarColumn(bar_width=24),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        tasks = {part: progress.add_task("waiting", total=1.0, part=part) for part in VARIABLES}

        def step(part: str, doing: str, done: float) -> None:
            progress.update(tasks[part], description=doing, completed=done)

        yield step


def _lines(console: Console) -> Step:
    last: dict[str, str] = {}

    def step(part: str, doing: str, _done: float) -> None:
        if last.get(part) != doing:
            last[part] = doing
            console.print(f"{part}: {doing}", highlight=False)

    return step
