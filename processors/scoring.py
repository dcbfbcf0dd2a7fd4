"""Scoring: how an action becomes points.

A turn holds what was fetched of each owned partition. Its records are read as actions, each action
is decided by the rules in force for it, and everything that follows leaves in one Kafka
transaction: postings, outcomes, derived actions, the accounts' changed rows, the journal and the
offsets. Accounts in memory change after the commit, never before.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import structlog
from aiokafka.errors import (
    CorruptRecordException,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)
from faust.types import TP

from processors.engine import Decision, RuleBook, Rules, decide
from processors.outputs import Outputs, Topics
from processors.rulebook import RulesFollower
from processors.status import Status
from processors.stream.changelog import Rows, apply_rows
from processors.stream.ownership import Ownership
from processors.stream.records import LOG_APPEND_TIME, Record, WrongTimestampsError
from processors.stream.transaction import Producer, Row, Sent
from processors.stream.turns import Run, Turn
from schemas.accounts import Account, changed_rows, open_account
from schemas.actions import Action
from schemas.envelopes import Rejection
from schemas.results import Rejected
from schemas.wire import REKEYED, read_action

log = structlog.get_logger("laurel")

REFUSED_BATCH = (CorruptRecordException, MessageSizeTooLargeError, RecordListTooLargeError)
"""What a broker has against the content of a batch."""

SENT_AT_ONCE = 500
"""Records whose results leave while the next partition is decided; what follows from fewer waits for more: a
request costs the broker and us the same, however little is in it."""

TOGETHER = 100
"""Records of which all are read, then decided, then said: each step's code stays in the processor's cache."""

RowChanges = list[tuple[bytes, bytes | None]]


@dataclass(frozen=True, slots=True)
class Scoring:
    """What a scoring worker works with from turn to turn."""

    ownership: Ownership
    follower: RulesFollower
    rules: RuleBook
    status: Status
    topics: Topics


async def score(scoring: Scoring, turn: Turn) -> None:
    """Decide a turn and commit all that follows from it; raises when it cannot."""
    await scoring.follower.wait_until_fresh()
    if scoring.ownership.suspects.isdisjoint(tp.partition for tp in turn.runs):
        await score_turn(scoring, turn)
    else:
        await score_carefully(scoring, turn)


async def score_turn(scoring: Scoring, turn: Turn, refusal: str = "") -> None:
    """One turn, one transaction. With a `refusal` its records are rejected for it, undecided."""
    began = time.monotonic()
    ownership, said = scoring.ownership, Outputs(scoring.topics)
    changes: dict[int, RowChanges] = {}
    offsets = {tp: run.end for tp, run in turn.runs.items()}
    sent: list[Sent] = []
    unsent = 0
    await ownership.mark_attempt({tp.partition for tp in turn.runs}, turn.membership)
    producer = await ownership.producer()
    for number, runs in turn.partitions(*ownership.inputs):
        changed = decide_runs(scoring, runs, said, refusal)
        changes[number] = [*changed, ownership.position_row(number, offsets)]
        said.changelog(number, changes[number])
        said.journal(number, *ownership.spans(number, runs))
        unsent += sum(len(run.records) for run in runs.values())
        if unsent >= SENT_AT_ONCE:
            sent += await send(producer, said.take(to_the_end=False))
            unsent = 0
    sent += await send(producer, said.take())
    await commit(producer, ownership, turn, offsets, sent)
    for number, changed in changes.items():
        apply_rows(ownership.accounts[number], changed)
    ownership.positions |= offsets
    scoring.status.count(said.outcomes)
    scoring.status.turn_finished(turn.size, time.monotonic() - began)


async def score_carefully(scoring: Scoring, turn: Turn) -> None:
    """Decide a turn in small transactions: workers died here before, and this finds the record.

    Of each run one record goes alone, then two together, four and so on; whatever ends the worker
    now is found by the next one within half as many records.
    """
    for _, runs in turn.partitions(*scoring.ownership.inputs):
        for tp, run in runs.items():
            rest: Run | None = run
            size = 1
            while rest is not None:
                part, after = rest.split(size)
                if await score_part(scoring, tp, Turn(turn.membership, {tp: part})):
                    rest, size = after, 2 * size
                else:
                    size = 1
    scoring.ownership.suspects.difference_update(tp.partition for tp in turn.runs)


async def score_part(scoring: Scoring, tp: TP, part: Turn) -> bool:
    """Decide a few records; one that fails alone is refused. False when it may be any of several."""
    refusal = scoring.ownership.verdict(tp.partition) if part.size == 1 else ""
    try:
        await score_turn(scoring, part, refusal)
    except Exception as error:
        if not blames_the_record(error):
            raise
        await scoring.ownership.renew_producers()
        if part.size > 1:
            return False
        where = f"{tp.topic} {tp.partition} at {part.runs[tp].start}"
        log.exception("a record is quarantined", where=where)
        scoring.status.went_wrong(f"the record of {where} is quarantined: {error!r}")
        await score_turn(scoring, part, refusal=f"{type(error).__name__}: {error}")
    return True


def blames_the_record(error: Exception) -> bool:
    """Whether deciding the same record would fail again; a broker that is away is no fault of it."""
    return isinstance(error, REFUSED_BATCH) or not isinstance(error, KafkaError | OSError)


Outcome = Decision | Rejection | None
"""What becomes of a record; None: it is handed on to the partition that its subject belongs to."""


@dataclass(frozen=True, slots=True)
class Desk:
    """One partition while a turn of it is decided: its stored rows, the accounts opened so far."""

    partition: int
    rows: Rows
    accounts: dict[tuple[str, str], Account] = field(default_factory=dict)

    def open(self, actions: Iterable[Action]) -> None:
        """Open the accounts of the subjects that the turn has not met yet."""
        for action in actions:
            who = (action.program, action.user_id)
            if who not in self.accounts:
                self.accounts[who] = open_account(*who, self.rows)

    def changed_rows(self) -> RowChanges:
        """The rows of every account that the turn changed."""
        return [row for account in self.accounts.values() for row in changed_rows(account)]


def decide_runs(scoring: Scoring, runs: dict[TP, Run], said: Outputs, refusal: str) -> RowChanges:
    """Decide one partition's runs in their order; return the rows of the accounts that changed."""
    number = next(iter(runs)).partition
    desk = Desk(number, scoring.ownership.accounts[number])
    for tp, run in runs.items():
        if run.records and run.records[0].timestamp_type != LOG_APPEND_TIME:
            raise WrongTimestampsError(*tp, run.records[0].offset)
        for start in range(0, len(run.records), TOGETHER):
            decide_records(scoring, desk, tp, run.records[start : start + TOGETHER], said, refusal)
    return desk.changed_rows()


def decide_records(
    scoring: Scoring, desk: Desk, tp: TP, records: list[Record], said: Outputs, refusal: str
) -> None:
    """Read a few records, decide them, say what follows: each step for all of them."""
    internal = tp.topic == scoring.topics.internal
    actions = [
        read_action(record.value, record.headers, record.timestamp, internal) for record in records
    ]
    desk.open(action for action in actions if isinstance(action, Action))
    outcomes: list[Outcome]
    if refusal:
        outcomes = [Rejection(Rejected.ENGINE_FAILURE, refusal) for _ in records]
    else:
        outcomes = [
            decide_action(scoring, desk, action) if isinstance(action, Action) else action
            for action in actions
        ]
    for record, action, outcome in zip(records, actions, outcomes, strict=True):
        if isinstance(outcome, Rejection):
            trace = action.traceparent if isinstance(action, Action) else None
            said.rejection(tp, record, outcome, trace)
        elif isinstance(action, Action):
            if outcome is None:
                misrouted(said, tp, record, action)
            else:
                said.decision(tp, record, action, outcome)


def decide_action(scoring: Scoring, desk: Desk, action: Action) -> Outcome:
    """Decide one action on its subject's account, as the turn has left it so far."""
    who = (action.program, action.user_id)
    account = desk.accounts[who]
    # A subject with an account here was routed right before; only a new one is looked up.
    if account.is_new and scoring.topics.partition_of(action.user_id) != desk.partition:
        return None
    try:
        rules = scoring.rules.rules_for(action)
        decision = decide(rules, account, action) if isinstance(rules, Rules) else rules
    except Exception as error:
        log.exception("the engine failed", action=action.id, program=action.program)
        scoring.status.went_wrong(f"the engine failed on action {action.id}: {error!r}")
        return Rejection(Rejected.ENGINE_FAILURE, f"{type(error).__name__}: {error}")
    if isinstance(decision, Decision):
        desk.accounts[who] = decision.account
    return decision


def misrouted(said: Outputs, tp: TP, record: Record, action: Action) -> None:
    """Hand a record of another partition's subject on to it; its producer hashes keys another way."""
    if any(name == REKEYED for name, _ in record.headers):
        message = f"user_id {action.user_id!r} does not belong on partition {tp.partition}"
        who = (action.id, action.program, action.user_id)
        said.rejection(
            tp, record, Rejection(Rejected.MISROUTED_LOOP, message, *who), action.traceparent
        )
    else:
        said.rekey(record, action.user_id)


async def send(producer: Producer, said: Iterable[tuple[str, int, list[Row]]]) -> list[Sent]:
    """Queue what was said so far; the broker works on it while we go on."""
    sent: list[Sent] = []
    for topic, partition, rows in said:
        sent += await producer.send_rows(topic, partition, rows)
    await asyncio.sleep(0)
    return sent


async def commit(
    producer: Producer,
    ownership: Ownership,
    turn: Turn,
    offsets: Mapping[TP, int],
    sent: list[Sent],
) -> None:
    """Commit the turn's transaction; once this returns the turn is decided for ever."""
    await producer.commit(ownership.group_id, turn.membership, offsets, sent)
