"""A book that is told actions one by one, with whatever each derives right after it."""

import json
from ast import literal_eval
from collections import Counter
from pathlib import Path
from typing import Any

from audit.book import Book, Position
from audit.case import Derived
from audit.members import Member
from audit.periods import read_instant, write_instant
from audit.records import ACTIONS, INTERNAL, Record
from audit.rules import Rules
from schemas.program_files import read_program_file
from schemas.programs import encode_published, publish

PROGRAMS = Path(__file__).parents[2] / "programs"
START = "2025-10-06T12:00:00Z"  # a Monday, without promotions

Row = tuple[str, ...] | tuple[Any, ...]
Document = dict[str, Any]


class Told:
    """The book of one program, and the clock of what is told."""

    def __init__(self, program: str | Document) -> None:
        """Take a program's document, or the name of one of the house."""
        if isinstance(program, str):
            program = read_program_file(PROGRAMS / program / "2025-01-01.yaml").content
        assert isinstance(program, dict)
        self.program = program
        version = publish(program, lead_ms=0, published_at=0, published_by="test")
        key, value = version.version.encode(), encode_published(version)
        self.book = Book(1, Rules([Record("rules", 0, 0, 0, key, value)]))
        self.moment = START
        self.number = 0

    def tell(self, kind: str, user: str = "anna", at: str | None = None, **data: object) -> str:
        """Tell an action that comes when it happens; returns its outcome in words."""
        self.moment = at or self.moment
        return self._take(f"a-{self.number}", kind, user, data)

    def member(self, user: str = "anna") -> Member:
        """An account as it is now."""
        return self.book.members[self.program["program"], user]

    def _take(
        self, name: str, kind: str, user: str, data: object, version: str | None = None
    ) -> str:
        origins = self.program["actions"][kind]["origin"]
        internal = version is not None or {"engine", "job"} >= set(
            [origins] if isinstance(origins, str) else origins
        )
        body = {
            "id": name,
            "program": self.program["program"],
            "user_id": user,
            "type": kind,
            "occurred_at": self.moment,
            "data": data,
            "version": version,
        }
        place = Position(INTERNAL if internal else ACTIONS, 0, self.number)
        self.number += 1
        before = Counter(self.book.expected)
        value = json.dumps(body).encode()
        self.book.take(Record(*place, read_instant(self.moment) or 0, b"", value))
        for derived in (self.book.expected - before).elements():
            self._follow(name, derived)
        if place in self.book.rejections:
            return f"rejected {self.book.rejections[place]}"
        return str(self.member(user).outcomes[name])

    def _follow(self, parent: str, derived: Derived) -> None:
        data = dict(literal_eval(derived.facts))
        if "until" in data:
            data["until"] = write_instant(data["until"])
        name = f"{parent}#{derived.type.lower()}"
        self._take(name, derived.type, derived.subject, data, derived.version)


def in_short(outcome: str) -> str:
    """An outcome without its words for what was posted: `10 + 5`, `accepted`, `daily_limit`."""
    what, _, rest = outcome.partition(" ")
    if what == "posted":
        return " + ".join(part.split(" ")[0] for part in rest.split(" + ")) if rest else "moved"
    return rest or what
