"""Where a member stands on a ladder: the program's own, and those of paths, `path:<path>`."""

from audit.case import Case
from audit.levels import steps_of
from audit.rules import Document

PATH = "path:"


def ladder_of(case: Case, name: str) -> Document:
    """A ladder as the document says it."""
    if name.startswith(PATH):
        return {"levels": case.part("path_levels")}
    ladder: Document = case.part("ladders")[name]
    return ladder


def step_held(case: Case, name: str) -> Document:
    """The step of a ladder that the member holds so far; the first one before any action."""
    steps = steps_of(ladder_of(case, name))
    held = case.member.steps.get(name)
    return next((step for step in steps if step["name"] == held), steps[0])


def has_reached(case: Case, name: str, wanted: str) -> bool:
    """Whether the member holds that step or a higher one."""
    names = [step["name"] for step in steps_of(ladder_of(case, name))]
    return names.index(step_held(case, name)["name"]) >= names.index(wanted)


def tier_of(case: Case) -> str | None:
    """The step held on the program's first ladder; None without any."""
    first = next(iter(case.part("ladders")), None)
    return None if first is None else str(step_held(case, first)["name"])
