"""One action before the book, with all that is known of it."""

from typing import Any, NamedTuple

from audit.members import Member
from audit.reading import Said
from audit.rules import Document, Version

Facts = dict[str, Any]


class Case(NamedTuple):
    """A valid action, its facts, its type as the program declares it, and its subject so far."""

    member: Member
    said: Said
    facts: Facts
    kind: Document
    version: Version

    @property
    def limits(self) -> Document:
        """What refuses or trims this type of action."""
        limits: Document = self.kind.get("limits", {})
        return limits

    def part(self, name: str) -> Document:
        """A part of the program file: `ladders`, `boards`, ...; empty when it has none."""
        part: Document = (self.version.document or {}).get(name, {})
        return part

    def currency(self, named: str | None) -> str:
        """The currency a rule, board or ladder speaks of: the one it names, else the first."""
        return named or next(iter(self.part("currencies")))
