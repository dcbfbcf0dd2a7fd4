"""The naive second book: what every subject should have, recounted from the input topics alone.

It reads the inputs in the order scoring decided them and keeps everything it ever saw in plain
dictionaries. It is written to be obvious; it shares no line with the engine.
"""

from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from audit.awards import award, check_active, check_minimum, step_held
from audit.case import Case, Facts
from audit.effects import Derived, climb, derive, derived, grant_badges, take_effect
from audit.facts import read_facts
from audit.limits import (
    check_has_rule,
    check_limits,
    check_referred,
    check_room,
    check_too_early,
    check_too_late,
    is_too_late,
    trimmed,
    use_up,
)
from audit.members import Declined, Line, Member, Outcome
from audit.partitions import partition_of
from audit.reading import Refused, Said, read
from audit.records import Record, Turn, decided_order
from audit.rules import Document, Rules
from audit.standings import Boards, all_boards, score

FUTURE_MS = 5 * 60_000


class Position(NamedTuple):
    """Where a record stands."""

    topic: str
    partition: int
    offset: int


class Repeat(NamedTuple):
    """A record that says an id again; `too_late` when it would also have come too late by itself."""

    program: str
    subject: str
    id: str
    too_late: bool


@dataclass
class Book:
    """All that follows from the inputs."""

    partitions: int
    rules: Rules
    # Records that were rejected as `engine_failure` without being decided.
    quarantined: AbstractSet[Position] = frozenset()
    members: dict[tuple[str, str], Member] = field(default_factory=dict)
    repeats: dict[Position, Repeat] = field(default_factory=dict)
    rejections: dict[Position, str] = field(default_factory=dict)
    # What was to follow on actions.internal, and what was read there.
    expected: Counter[Derived] = field(default_factory=Counter)
    arrived: Counter[Derived] = field(default_factory=Counter)
    # Values of misrouted records that are to come again, and of re-keyed ones that came.
    misrouted: Counter[bytes] = field(default_factory=Counter)
    rekeyed: Counter[bytes] = field(default_factory=Counter)

    @classmethod
    def of(
        cls,
        inputs: Iterable[Record],
        journal: Iterable[Turn],
        rules: Iterable[Record],
        partitions: int,
        quarantined: AbstractSet[Position] = frozenset(),
    ) -> Self:
        """Recount the records of both inputs in the order of the journal.

        Raises records.JournalError when the journal leaves records out or decides them twice.
        """
        book = cls(partitions, Rules(rules), quarantined)
        for record in decided_order(inputs, journal):
            book.take(record)
        return book

    def boards(self) -> dict[str, Boards]:
        """The boards of every program."""
        programs: dict[str, list[Member]] = {}
        for (program, _), member in self.members.items():
            programs.setdefault(program, []).append(member)
        return {program: all_boards(members) for program, members in programs.items()}

    def take(self, record: Record) -> None:
        """Decide the next record."""
        position = Position(*record[:3])
        if position in self.quarantined:
            self.rejections[position] = "engine_failure"
            return
        try:
            said = read(record)
            if partition_of(said.user_id, self.partitions) != record.partition:
                self._misrouted(said)
                return
            self._count_arrival(said)
            version = self.rules.in_force(said)
            kind = version.action(said.type)
            facts = _valid(said, kind)
        except Refused as refused:
            self.rejections[position] = refused.reason
            return
        key = (said.program, said.user_id)
        if key not in self.members:
            self.members[key] = Member(*key)
        member = self.members[key]
        case = Case(member, said, facts, kind, version)
        if "#" not in said.id and said.id in member.outcomes:
            self.repeats[position] = Repeat(*key, said.id, is_too_late(case))
        else:
            member.outcomes[said.id] = self._outcome(case)

    def _misrouted(self, said: Said) -> None:
        """A record on a wrong partition counts where its copy arrives; a copy that is wrong, nowhere."""
        if said.rekeyed:
            raise Refused("misrouted_loop", said.user_id)
        self.misrouted[said.record.value or b""] += 1

    def _count_arrival(self, said: Said) -> None:
        if said.rekeyed:
            self.rekeyed[said.record.value or b""] += 1
        elif said.internal and "#" in said.id:
            action = derived(said.program, said.user_id, said.type, said.facts, said.version)
            self.arrived[action] += 1

    def _outcome(self, case: Case) -> Outcome:
        """Decide a valid action that was not seen before."""
        try:
            check_too_late(case)
            check_too_early(case)
            check_has_rule(case)
            given = _given(case)
            follows, moved = take_effect(case)
        except Declined as declined:
            return Outcome("declined", declined.reason)
        lines = tuple(_book(case, name, points) for name, points in given.items())
        self.expected.update(follows)
        self.expected.update(derive(case))
        use_up(case, sum(given.values()))
        moved = climb(case) or moved
        grant_badges(case)
        return Outcome("posted" if lines or moved else "accepted", None, lines)


def _valid(said: Said, kind: Document) -> Facts:
    """Facts of an action that may come this way and now. Raises Refused."""
    origin = kind["origin"]
    origins = {origin} if isinstance(origin, str) else set(origin)
    if origins.isdisjoint({"engine", "job"} if said.internal else {"outside", "service", "admin"}):
        raise Refused("not_allowed", f"{said.type} on {said.record.topic}")
    facts = read_facts(said.facts, kind.get("facts", {}))
    if said.occurred_at - said.append_time > FUTURE_MS:
        raise Refused("from_the_future", str(said.occurred_at))
    return facts


def _given(case: Case) -> dict[str, int]:
    """Points by rule, in the order of the rules. Raises Declined when none gives anything."""
    rules = case.kind.get("rules", {})
    if not rules:
        check_limits(case)
        check_referred(case)
        check_room(case)
        return {}
    given: dict[str, int] = {}
    reasons: list[Declined] = []
    for name, rule in rules.items():
        try:
            check_active(case, rule)
            check_limits(case)
            check_minimum(case, rule)
            check_referred(case)
            check_room(case)
            given[name] = trimmed(case, award(case, rule), sum(given.values()))
        except Declined as declined:
            reasons.append(declined)
    if not given:
        raise reasons[0]
    return given


def _book(case: Case, name: str, points: int) -> Line:
    """Put the points of a rule on the account and on its boards."""
    member, said, rule = case.member, case.said, case.kind["rules"][name]
    currency = case.currency(rule.get("currency"))
    member.balance[currency] += points
    member.lifetime[currency] += points
    line = Line(
        action=said.type,
        rule=name,
        kind=rule.get("kind", "earn"),
        currency=currency,
        points=points,
        lifetime_points=points,
        balance=member.balance[currency],
        lifetime=member.lifetime[currency],
        tier=_tier(case),
        occurred_at=said.occurred_at,
    )
    score(case, line, rule)
    return line


def _tier(case: Case) -> str | None:
    """The step held on the program's first ladder; None without any."""
    ladder = next(iter(case.part("ladders")), None)
    return None if ladder is None else str(step_held(case, ladder)["name"])
