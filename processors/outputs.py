"""What a turn has to say, gathered by topic and partition until its transaction takes it."""

from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
from faust.types import TP

from processors.engine import Decision
from processors.stream.partitioner import partition_of
from processors.stream.records import Record
from processors.stream.transaction import Row
from schemas import moments, wire
from schemas.actions import Action, Derived
from schemas.envelopes import Rejection
from schemas.results import Declined, JournalEntry, RejectedRecord
from schemas.wire import REKEYED, TRACEPARENT

REJECTED_BYTES_MAX = 2_000_000
"""Bytes of one record of `actions.rejected`; its topic takes 2 MiB."""

Span = tuple[int, int]
"""Offsets from the first up to, not including, the second."""


@dataclass(slots=True)
class Topics:
    """Full names of the topics of scoring, and their common partition count once it is known."""

    actions: str
    internal: str
    earned: str
    accepted: str
    declined: str
    rejected: str
    tiers: str
    achievements: str
    periods: str
    notifications: str
    journal: str
    changelog: str
    partitions: int = 0

    def partition_of(self, subject: str) -> int:
        """Partition number of a subject: murmur2 of its UTF-8 bytes, as Java's clients have it."""
        return partition_of(subject, self.partitions)


class Outputs:
    """Rows of one turn in the order they were said, and how often each outcome was."""

    def __init__(self, topics: Topics) -> None:
        self.topics = topics
        self.outcomes: Counter[str] = Counter()
        self._rows: defaultdict[tuple[str, int], list[Row]] = defaultdict(list)

    def take(self, *, to_the_end: bool = True) -> Iterator[tuple[str, int, list[Row]]]:
        """Give away what was said so far, as (topic, partition, rows).

        Before the end of a turn derived actions stay: they go to any partition, and each of those
        is worth one batch a turn, not one for every partition that derives.
        """
        taken, self._rows = self._rows, defaultdict(list)
        if not to_the_end:
            stay = [at for at in taken if at[0] == self.topics.internal]
            self._rows.update((at, taken.pop(at)) for at in stay)
        return ((topic, partition, rows) for (topic, partition), rows in taken.items())

    def decision(self, tp: TP, record: Record, action: Action, decision: Decision) -> None:
        """Say all that follows from a decision, but the account."""
        if decision.derived:
            self._derive(decision.derived, action.traceparent)
        if decision.rejection is not None:
            self.rejection(tp, record, decision.rejection, action.traceparent)
            return
        number = tp.partition
        topics = self.topics
        if decision.postings:
            self._say(topics.earned, number, action, decision.postings)
        if decision.accepted is not None:
            self._say(topics.accepted, number, action, (decision.accepted,))
        if (declined := decision.declined) is not None:
            if declined.reason == Declined.DUPLICATE:
                declined.id += f"@{number}.{record.offset}"
            self._say(topics.declined, number, action, (declined,))
            self.outcomes["declined " + declined.reason] += 1
        else:
            self.outcomes[decision.outcome] += 1
        if decision.tiers or decision.achievements or decision.periods or decision.notifications:
            self._consequences(number, action, decision)

    def _consequences(self, number: int, action: Action, decision: Decision) -> None:
        """Say what else came of an accepted action."""
        topics = self.topics
        for topic, results in (
            (topics.tiers, decision.tiers),
            (topics.achievements, decision.achievements),
            (topics.periods, decision.periods),
            (topics.notifications, decision.notifications),
        ):
            if results:
                self._say(topic, number, action, results)

    def _say(
        self, topic: str, number: int, action: Action, results: Sequence[msgspec.Struct]
    ) -> None:
        key = action.user_id.encode()
        headers = wire.result_headers(type(results[0]), action.program, action.traceparent)
        said = self._rows[topic, number]
        for result in results:
            said.append((key, wire.encode(result), headers))

    def _derive(self, actions: Iterable[Derived], traceparent: str | None) -> None:
        headers = [(TRACEPARENT, traceparent.encode())] if traceparent else []
        for derived in actions:
            number = self.topics.partition_of(derived.user_id)
            row = (derived.user_id.encode(), wire.encode(derived), headers)
            self._rows[self.topics.internal, number].append(row)

    def rejection(
        self, tp: TP, record: Record, why: Rejection, traceparent: str | None = None
    ) -> None:
        """Say that a record is no valid action, with everything that was in it.

        What would be too large to be said (JSON makes six bytes of a NUL) is left where it stands.
        `traceparent` is that of the action, where it could be read as one.
        """
        trace = traceparent or wire.read_trace(record.headers)
        value = record.value if record.value is not None else b""
        # A compressed batch may hold a record of any size: of one that is not repeated no copy is made.
        is_cut = len(value) > REJECTED_BYTES_MAX
        text, encoded = (None, None) if is_cut else _told(value)
        result = RejectedRecord(
            id=f"{tp.topic}/{tp.partition}/{record.offset}",
            reason=why.reason,
            message=why.message,
            topic=tp.topic,
            partition=tp.partition,
            offset=record.offset,
            append_time=moments.write(record.timestamp),
            action_id=why.id,
            program=why.program,
            user_id=why.user_id,
            value=text,
            value_base64=encoded,
            headers={name: (b or b"").decode(errors="replace") for name, b in record.headers},
        )
        key, said = record.key, wire.encode(result)
        if is_cut or len(said) + len(key or b"") > REJECTED_BYTES_MAX:
            result.message += "; its bytes are too many to be repeated here"
            result.value, result.value_base64, result.headers = None, None, {}
            key, said = None, wire.encode(result)
        headers = wire.result_headers(RejectedRecord, why.program, trace)
        self._rows[self.topics.rejected, tp.partition].append((key, said, headers))
        self.outcomes[f"rejected {why.reason}"] += 1

    def rekey(self, record: Record, subject: str) -> None:
        """Hand a record that came on a wrong partition on to its subject's."""
        headers = [*record.headers, (REKEYED, str(record.timestamp).encode())]
        number = self.topics.partition_of(subject)
        row = (subject.encode(), record.value, headers)
        self._rows[self.topics.internal, number].append(row)
        self.outcomes["rekeyed"] += 1

    def journal(self, number: int, internal: Span, actions: Span) -> None:
        """Say what this turn read of one partition, so that a replay interleaves alike."""
        entry = JournalEntry(internal=internal, actions=actions)
        row = (b"%d" % number, wire.encode(entry), wire.result_headers(JournalEntry, None))
        self._rows[self.topics.journal, number].append(row)

    def changelog(self, number: int, rows: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Say how the accounts of a partition changed."""
        said = self._rows[self.topics.changelog, number]
        said += [(key, value, []) for key, value in rows]


def _told(value: bytes) -> tuple[str | None, str | None]:
    """Give a value as a text, or as base64 where it is none."""
    try:
        return value.decode(), None
    except UnicodeDecodeError:
        return None, b64encode(value).decode()
