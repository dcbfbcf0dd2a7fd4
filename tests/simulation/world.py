"""Laurel without Kafka: its logs in memory, and a worker that takes random turns and dies at times.

Everything comes from one seed. The worker decides at the real desk (processors.scoring); only where
its rows go, and when, is settled here. The changelog is compacted, as a broker would.
"""

import random
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import msgspec
from aiokafka import ConsumerRecord
from faust.types import TP

from audit.partitions import murmur2, partition_of
from audit.records import ACTIONS, INTERNAL, Record, Turn
from audit.results import JOURNAL, RESULTS
from audit.verify import CHANGELOG, RULES
from processors.engine import RuleBook
from processors.outputs import Outputs, Topics
from processors.scoring import LOG_APPEND_TIME, Scoring, decide_runs
from processors.stream.changelog import Rows, apply_rows
from processors.stream.turns import Run
from schemas.accounts import read_head, split_key
from schemas.programs import encode_published, publish, read_published
from tests.simulation.lives.crowd import Sent

PARTITIONS = 4
MOST_AT_ONCE = 60
"""Records that one turn takes of one input at most."""

TOPICS = Topics(ACTIONS, INTERNAL, *RESULTS, JOURNAL, CHANGELOG, PARTITIONS)

Row = tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]
"""(key, value, headers)."""

Said = list[tuple[str, int, Row]]
"""Rows of a turn: (topic, partition, row)."""

COMPACT_AT = 20_000
"""So many rows of a partition's changelog that hold nothing any more are compacted away."""

Changes = list[tuple[bytes, bytes | None]]
"""Rows of accounts by key; None deletes."""


@dataclass
class Logs:
    """Every topic's partitions: records, and the offset that comes next."""

    records: dict[tuple[str, int], list[Record]] = field(default_factory=dict)
    ends: dict[tuple[str, int], int] = field(default_factory=dict)

    def append(self, topic: str, number: int, moment: int, row: Row) -> None:
        """Take a row (key, value, headers) at this moment."""
        place = (topic, number)
        offset = self.ends.get(place, 0)
        key, value, headers = row
        record = Record(topic, number, offset, moment, key, value, tuple(headers))
        self.records.setdefault(place, []).append(record)
        self.ends[place] = offset + 1

    def mark(self, topic: str, number: int) -> None:
        """Leave an offset to a transaction's marker."""
        self.ends[topic, number] = self.ends.get((topic, number), 0) + 1

    def of(self, topic: str) -> list[Record]:
        """All records of a topic, partition by partition."""
        places = sorted(place for place in self.records if place[0] == topic)
        return [record for place in places for record in self.records[place]]

    def between(self, topic: str, number: int, start: int, end: int) -> list[Record]:
        """Records of one partition at [start, end); markers hold none."""
        records = self.records.get((topic, number), [])
        first = bisect_left(records, start, key=lambda record: record.offset)
        return [record for record in records[first : first + end - start] if record.offset < end]


@dataclass
class World:
    """The logs, the clock, and the one worker's memory."""

    seed: int
    now: int  # epoch ms
    logs: Logs = field(default_factory=Logs)
    rules: RuleBook = field(default_factory=RuleBook)
    accounts: dict[int, Rows] = field(default_factory=lambda: {n: {} for n in range(PARTITIONS)})
    # Next offset of each input of each partition.
    positions: dict[tuple[str, int], int] = field(default_factory=dict)
    # What was committed, in order over all partitions.
    turns: list[Turn] = field(default_factory=list)
    # Where records of jobs stand: (topic, partition, offset).
    jobs: set[tuple[str, int, int]] = field(default_factory=set)
    # By (program, subject): when something is due on the account.
    due: dict[tuple[str, str], int] = field(default_factory=dict)
    deaths: int = 0
    # By partition: what was read of the changelog, and up to where.
    read: dict[int, tuple[Rows, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def publish(self, document: dict[str, Any], lead_ms: int) -> None:
        """Put a program version on `rules`, from where the worker has it at once."""
        version = publish(
            document, lead_ms=lead_ms, published_at=self.now, published_by="simulation"
        )
        value = encode_published(version)
        self.logs.append(RULES, 0, self.now, (version.version.encode(), value, []))
        self.rules.add(read_published(value), self.now)

    def offer(self, sent: Sent) -> None:
        """Let a producer, or a job, send a record."""
        if sent.internal and sent.key is not None and sent.value is not None:
            self.say(sent.key.decode(), sent.value, sent.headers)
            return
        number = (murmur2(sent.key or b"") & 0x7FFFFFFF) % PARTITIONS
        row = (sent.key, sent.value, sent.headers)
        self.logs.append(ACTIONS, number, self.now, row)

    def say(self, subject: str, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        """Let a job send an action, or a re-keyed copy come again."""
        number = partition_of(subject, PARTITIONS)
        self.jobs.add((INTERNAL, number, self.logs.ends.get((INTERNAL, number), 0)))
        self.logs.append(INTERNAL, number, self.now, (subject.encode(), value, headers))

    @property
    def records(self) -> int:
        """How many records both inputs hold."""
        return sum(len(self.logs.of(topic)) for topic in (ACTIONS, INTERNAL))

    def said(self, place: tuple[str, int]) -> Iterator[Row]:
        """Rows that scoring wrote to a partition; those of jobs left out."""
        for record in self.logs.records[place]:
            if record[:3] not in self.jobs:
                yield record.key, record.value, list(record.headers)

    def take_turn(self, number: int) -> None:
        """Score some of what waits on a partition; one worker in ten dies before the commit."""
        spans = {topic: self._some(topic, number) for topic in (INTERNAL, ACTIONS)}
        records = [r for topic in spans for r in self.logs.between(topic, number, *spans[topic])]
        if not records:
            return
        said, changes = decide(self.rules, self.accounts, records)
        if self.random.random() < 0.1:
            self.deaths += 1
            loaded = self._loaded(number)
            assert loaded == self.accounts[number], f"seed {self.seed}: not what was written"
            self.accounts[number] = loaded
            again = decide(self.rules, self.accounts, records)
            assert again == (said, changes), f"seed {self.seed}: the same turn decided otherwise"
            if self.random.random() < 0.5:
                return
        self._commit(number, spans, said, changes)

    def drain(self) -> None:
        """Score until nothing waits, derived actions included."""
        waiting = True
        while waiting:
            self.now += 1
            for number in range(PARTITIONS):
                self.take_turn(number)
            waiting = any(
                record.offset >= self.positions.get(place, 0)
                for place, records in self.logs.records.items()
                if place[0] in (ACTIONS, INTERNAL)
                for record in records[-1:]
            )

    def _some(self, topic: str, number: int) -> tuple[int, int]:
        start, end = self.positions.get((topic, number), 0), self.logs.ends.get((topic, number), 0)
        return start, self.random.randint(start, min(end, start + MOST_AT_ONCE))

    def _commit(
        self,
        number: int,
        spans: dict[str, tuple[int, int]],
        said: Said,
        changes: Changes,
    ) -> None:
        for topic, partition, row in said:
            self.logs.append(topic, partition, self.now, row)
        for topic, partition in {(topic, partition) for topic, partition, _ in said}:
            self.logs.mark(topic, partition)
        for key, value in changes:
            self.logs.append(CHANGELOG, number, self.now, (key, value, []))
            self._note_due(key, value)
        turn = Turn(number, spans[INTERNAL], spans[ACTIONS])
        entry = msgspec.json.encode({"internal": turn.internal, "actions": turn.actions})
        self.logs.append(JOURNAL, number, self.now, (b"", entry, []))
        self.turns.append(turn)
        for topic, (_, end) in spans.items():
            self.positions[topic, number] = end
        apply_rows(self.accounts[number], changes)

    def _note_due(self, key: bytes, value: bytes | None) -> None:
        """Know what is due, as jobs know it from the ledger."""
        program, subject, row = split_key(key)
        if row or value is None:
            return
        due_at = read_head(value).due_at
        if due_at is not None:
            self.due[program, subject] = due_at
        else:
            self.due.pop((program, subject), None)

    def _loaded(self, number: int) -> Rows:
        """A partition's accounts as the next worker finds them: from the changelog.

        What was read of it before is not read again; it cannot change.
        """
        written = self.logs.records.get((CHANGELOG, number), [])
        loaded, read_to = self.read.get(number, ({}, 0))
        first = bisect_left(written, read_to, key=lambda record: record.offset)
        apply_rows(loaded, ((record.key or b"", record.value) for record in written[first:]))
        self.read[number] = (loaded, self.logs.ends.get((CHANGELOG, number), 0))
        if len(written) > COMPACT_AT + 2 * len(loaded):
            last = {record.key: record for record in written if record.key in loaded}
            self.logs.records[CHANGELOG, number] = sorted(last.values(), key=lambda r: r.offset)
        return dict(loaded)


def decide(
    rules: RuleBook, accounts: dict[int, Rows], records: Sequence[Record]
) -> tuple[Said, Changes]:
    """Decide records at the desk; gives the rows to send and the rows of accounts that changed."""
    ownership = SimpleNamespace(accounts=accounts)
    scoring = cast(Scoring, SimpleNamespace(ownership=ownership, rules=rules, topics=TOPICS))
    outputs = Outputs(TOPICS)
    changes = decide_runs(scoring, _runs(records), outputs, "")
    said = [(topic, at, row) for topic, at, rows in outputs.take() for row in rows]
    return said, changes


def _runs(records: Sequence[Record]) -> dict[TP, Run]:
    """Records of one partition as the runs of a turn, internal ones first."""
    runs: dict[TP, Run] = {}
    for topic in (INTERNAL, ACTIONS):
        delivered = [_delivered(record) for record in records if record[0] == topic]
        if delivered:
            start, end = delivered[0].offset, delivered[-1].offset + 1
            runs[TP(topic, delivered[0].partition)] = Run(start, end, delivered)
    return runs


def _delivered(record: Record) -> ConsumerRecord:
    topic, number, offset, moment, key, value, headers = record
    return ConsumerRecord(
        topic, number, offset, moment, LOG_APPEND_TIME, key, value, None, -1, -1, list(headers)
    )


def replayed(world: World) -> Iterator[tuple[Record, Said]]:
    """Score every turn anew, record by record; gives each with the rows that come of it."""
    accounts: dict[int, Rows] = {number: {} for number in range(PARTITIONS)}
    for turn in world.turns:
        for topic, span in ((INTERNAL, turn.internal), (ACTIONS, turn.actions)):
            for record in world.logs.between(topic, turn.partition, *span):
                said, changes = decide(world.rules, accounts, [record])
                apply_rows(accounts[turn.partition], changes)
                yield record, said
