"""The naive second book: what every subject should have, recounted from the input topics alone.

It reads the inputs in the order scoring decided them and keeps everything it ever saw in plain
dictionaries. It is written to be obvious; it shares no line with the engine.
"""

from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from audit.case import Case, Derived, Facts, derived
from audit.decide import decide
from audit.derives import returned
from audit.effect_facts import declared_facts
from audit.facts import read_facts
from audit.guards import is_too_late
from audit.members import Declined, Member, Outcome
from audit.partitions import partition_of
from audit.reading import Refused, Said, read
from audit.records import Record, Turn, decided_order
from audit.rules import Document, Rules, Version
from audit.standings import Boards, Sums, all_boards, all_sums
from audit.suspension import suspect

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
        """The boards of every program, as people are to see them."""
        return {program: all_boards(members) for program, members in self._by_program().items()}

    def sums(self) -> dict[str, Sums]:
        """What is kept beside the boards of every program."""
        return {program: all_sums(members) for program, members in self._by_program().items()}

    def _by_program(self) -> dict[str, list[Member]]:
        programs: dict[str, list[Member]] = {}
        for (program, _), member in self.members.items():
            programs.setdefault(program, []).append(member)
        return programs

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
            facts = self._valid(said, kind, version)
        except Refused as refused:
            self.rejections[position] = refused.reason
            return
        key = (said.program, said.user_id)
        member = self.members.get(key) or Member(*key)
        case = Case(member.draft(), said, facts, kind, version)
        if "#" not in said.id and said.id in member.outcomes:
            self.repeats[position] = Repeat(*key, said.id, is_too_late(case))
        else:
            self._decide(member, case)

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

    def _decide(self, member: Member, case: Case) -> None:
        """Decide a valid action that was not seen before; a decline leaves the account as it was."""
        try:
            outcome = decide(case)
        except Declined as declined:
            outcome = Outcome("declined", declined.reason)
            case.member = member
            case.follows = returned(case.said, case.kind, case.version)
            if declined.suspicious:
                case.follows += suspect(case)
        self.expected.update(case.follows)
        case.member.outcomes[case.said.id] = outcome
        self.members[member.program, member.subject] = case.member

    def _valid(self, said: Said, kind: Document, version: Version) -> Facts:
        """Facts of an action that may come this way and now. Raises Refused."""
        origin = kind["origin"]
        origins = {origin} if isinstance(origin, str) else set(origin)
        ours = {"engine", "job"} if said.internal else {"outside", "service", "admin"}
        if origins.isdisjoint(ours):
            raise Refused("not_allowed", f"{said.type} on {said.record.topic}")
        member = self.members.get((said.program, said.user_id))
        if member is not None and member.erased:
            self.expected.update(returned(said, kind, version))
            raise Refused("not_allowed", f"{said.user_id} was erased")
        facts = read_facts(said.facts, declared_facts(kind))
        if said.occurred_at - said.append_time > FUTURE_MS:
            raise Refused("from_the_future", str(said.occurred_at))
        return facts
