"""What scoring said: the result topics as plain dictionaries, gathered by what they speak of."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audit.records import Record, Turn

EARNED = "rewards.earned"
ACCEPTED = "actions.accepted"
DECLINED = "actions.declined"
REJECTED = "actions.rejected"
TIERS = "tier.changed"
ACHIEVEMENTS = "achievements.unlocked"
PERIODS = "periods.closed"
NOTIFICATIONS = "notifications.send"
JOURNAL = "scoring.journal"
RESULTS = (EARNED, ACCEPTED, DECLINED, REJECTED, TIERS, ACHIEVEMENTS, PERIODS, NOTIFICATIONS)

Key = tuple[str, str]
"""(program, subject)."""

Said = dict[str, Any]


@dataclass
class Results:
    """Records of the result topics, each list in the order of its partition."""

    postings: dict[Key, list[Said]] = field(default_factory=dict)
    accepted: dict[Key, list[Said]] = field(default_factory=dict)
    declined: dict[Key, list[Said]] = field(default_factory=dict)
    tiers: dict[Key, list[Said]] = field(default_factory=dict)
    achievements: dict[Key, list[Said]] = field(default_factory=dict)
    periods: dict[Key, list[Said]] = field(default_factory=dict)
    notifications: dict[Key, list[Said]] = field(default_factory=dict)
    rejected: list[Said] = field(default_factory=list)

    def subjects(self) -> set[Key]:
        """Everybody that a result speaks of."""
        said = (self.postings, self.accepted, self.declined, self.tiers, self.achievements)
        return {key for topic in (*said, self.periods, self.notifications) for key in topic}


def read_results(topics: Mapping[str, Sequence[Record]], prefix: str = "") -> Results:
    """Gather the records of those of RESULTS that are given; `prefix` begins the topics they name."""
    results = Results(rejected=[_said(record) for record in topics.get(REJECTED, ())])
    for said in results.rejected:
        said["topic"] = said["topic"].removeprefix(prefix)
    for topic, gathered in (
        (EARNED, results.postings),
        (ACCEPTED, results.accepted),
        (DECLINED, results.declined),
        (TIERS, results.tiers),
        (ACHIEVEMENTS, results.achievements),
        (PERIODS, results.periods),
        (NOTIFICATIONS, results.notifications),
    ):
        for said in map(_said, topics.get(topic, ())):
            gathered.setdefault(subject_of(said), []).append(said)
    return results


def subject_of(said: Said) -> Key:
    """Whom a result speaks of; that of a period is keyed by the period."""
    subject = said.get("user_id") or f"period:{said['board']}:{said['period']}"
    return said["program"], subject


def read_journal(records: Iterable[Record]) -> list[Turn]:
    """Read `scoring.journal`; an entry stands on the partition number that it speaks of."""
    entries = ((record.partition, _said(record)) for record in records)
    return [
        Turn(number, _span(entry["internal"]), _span(entry["actions"])) for number, entry in entries
    ]


def _span(said: Sequence[int]) -> tuple[int, int]:
    start, end = said
    return start, end


def _said(record: Record) -> Said:
    said: Said = json.loads(record.value or b"{}")
    return said
