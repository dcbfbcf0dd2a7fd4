"""The programs by which jobs know what is due: the versions that decide, read from the topic `rules`."""

import contextlib
from collections.abc import Iterator

from processors.engine import RuleBook
from processors.engine.rules import Rules
from schemas.programs import Program, parse_program, read_published


class Programs:
    """Published versions. Which one counts at a moment is decided as for every action."""

    def __init__(self) -> None:
        self._book = RuleBook()
        self._programs: dict[str, Program] = {}

    def add(self, value: bytes | None, append_time: int) -> None:
        """Add a record of the topic `rules`; one that is no version is passed over, as by scoring."""
        with contextlib.suppress(ValueError):
            published = read_published(value or b"")
            self._book.add(published, append_time)
            if published.document is not None and published.version not in self._programs:
                self._programs[published.version] = parse_program(published.document)

    def names(self) -> list[str]:
        """Name every program that was ever published."""
        return sorted({booked.published.program for booked in self._book.versions()})

    def at(self, name: str, moment: int, now: int) -> Program | None:
        """Give the version that decides what happens at `moment` and comes now; None when none does."""
        found = self._book.in_force(name, now, moment)
        return self._programs[found.version] if isinstance(found, Rules) else None

    def before(self, name: str, moment: int, now: int) -> Iterator[Program | None]:
        """Give the versions that hold from before a moment on, the last first; None stops the program.

        Only those that decide what comes now.
        """
        seen = [
            booked.published
            for booked in self._book.versions()
            if booked.published.program == name and booked.visible_from <= now
        ]
        for each in sorted(seen, key=lambda published: published.effective_from, reverse=True):
            if each.effective_from < moment:
                yield self._programs.get(each.version)

    def now(self, now: int) -> list[Program]:
        """Give the version of every program that decides what happens and comes now."""
        found = (self.at(name, now, now) for name in self.names())
        return [program for program in found if program is not None]

    def versions(self, name: str) -> list[Program]:
        """Give every version of a program, the earliest in force first."""
        found = [
            booked.published for booked in self._book.versions() if booked.published.program == name
        ]
        found.sort(key=lambda published: published.effective_from)
        return [self._programs[each.version] for each in found if each.version in self._programs]


def type_with(program: Program, effect: str) -> str | None:
    """Name the action type of a program that has an effect; None when none does."""
    return next((name for name, kind in program.actions.items() if kind.effect == effect), None)
