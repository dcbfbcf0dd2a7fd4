"""Which published version of a program an action sees, and what its document says.

A document is the program file as published. The auditor takes figures and dates from it and
nothing else; what they mean is said once more in `audit.awards`, `audit.limits` and `audit.facts`.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from audit.periods import read_instant
from audit.reading import Refused, Said
from audit.records import Record
from audit.standard import all_actions

Document = dict[str, Any]

SPAN_MS = {
    "second": 1_000,
    "minute": 60_000,
    "hour": 3_600_000,
    "day": 86_400_000,
    "week": 604_800_000,
}
ACCEPT_LATE = "7 days"


@dataclass
class Version:
    """One published version; without a document the program is stopped from then on."""

    name: str
    program: str
    effective_from: int
    counts_from: int  # append time on `rules` plus the record's own lead
    document: Document | None

    @property
    def zone(self) -> str:
        """Time zone of the program's days, weeks and dates."""
        return str((self.document or {}).get("timezone", "UTC"))

    def action(self, kind: str) -> Document:
        """What the document says of an action type. Raises Refused when it does not know it."""
        known = all_actions(self.document or {})
        if kind not in known:
            raise Refused("unknown_action", kind)
        action: Document = known[kind]
        return action

    def engines(self, effect: str) -> str | None:
        """The first action type with this effect that the engine says by itself; None without one."""
        for kind, form in (self.document or {})["actions"].items():
            origin = form.get("origin", [])
            origins = [origin] if isinstance(origin, str) else origin
            if form.get("effect") == effect and "engine" in origins:
                return str(kind)
        return None

    def accept_late(self) -> int | None:
        """How long after it happened an action is still taken, in ms; None is for ever."""
        written = (self.document or {}).get("accept_late", ACCEPT_LATE)
        return None if written == "unlimited" else span_ms(written)


class Rules:
    """Every version that was ever published; of two with one name the first stays."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.versions: dict[str, Version] = {}
        for record in records:
            if record.value is not None:
                version = _version(record)
                self.versions.setdefault(version.name, version)

    def in_force(self, said: Said) -> Version:
        """The version that decides an action. Raises Refused when there is none."""
        if said.version is not None:
            version = self.versions.get(said.version)
            # A job may name one too early; what was derived goes by the one its parent saw.
            if version and "#" not in said.id and said.append_time < version.counts_from:
                version = None
        else:
            seen = [
                version
                for version in self.versions.values()
                if version.program == said.program
                and version.counts_from <= said.append_time
                and version.effective_from <= said.occurred_at
            ]
            version = max(seen, key=lambda version: version.effective_from, default=None)
        if version is None or version.document is None:
            raise Refused("unknown_program", said.program)
        return version


def _version(record: Record) -> Version:
    published = json.loads(record.value or b"", parse_float=Decimal)
    return Version(
        name=published["version"],
        program=published["program"],
        effective_from=published["effective_from"],
        counts_from=record.append_time + published["lead_ms"],
        document=published["document"],
    )


@lru_cache
def exact(number: Decimal | int | str) -> Fraction:
    """A number as it is written, no float in between."""
    return Fraction(str(number))


@lru_cache
def span_ms(written: str) -> int:
    """Milliseconds of a fixed length of time like `60 minutes`."""
    number, unit = written.split(" ")
    return int(number) * SPAN_MS[unit.rstrip("s")]


@lru_cache
def moment_of(written: str, zone: str) -> int:
    """Epoch milliseconds of a date in a document: RFC 3339, or a bare one that is 00:00 there."""
    instant = read_instant(written)
    if instant is not None:
        return instant
    day = date.fromisoformat(written)
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return int(midnight.timestamp()) * 1_000
