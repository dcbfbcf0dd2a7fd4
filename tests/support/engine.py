"""The engine with its accounts in a dictionary: what a worker does with a record, without Kafka."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec

from processors.engine import Decision, RuleBook, decide
from schemas.accounts import Head, changed_rows, open_account
from schemas.actions import Action
from schemas.envelopes import Rejection
from schemas.program_files import read_program_file
from schemas.programs import encode_published, publish, read_published
from schemas.results import Posting
from schemas.wire import Header, encode, read_action

ROOT = Path(__file__).parents[2]
LOYALTY = ROOT / "programs" / "loyalty" / "2025-01-01.yaml"

Outcome = Decision | Rejection
Document = dict[str, Any]


def reason(outcome: Outcome) -> str:
    """Return `posted`, `accepted`, or why nothing was given."""
    if isinstance(outcome, Rejection):
        return outcome.reason
    refused = outcome.declined or outcome.rejection
    return outcome.outcome if refused is None else refused.reason


def as_bytes(outcomes: Iterable[Outcome]) -> list[bytes]:
    """Return all that outcomes say, the account left out."""
    said = []
    for outcome in outcomes:
        if isinstance(outcome, Decision):
            fields = msgspec.structs.asdict(outcome) | {"account": None}
            said.append(msgspec.msgpack.encode(fields))
        else:
            said.append(msgspec.msgpack.encode(outcome))
    return said


def changed(document: Document, changes: Document) -> Document:
    """Return a copy of a document with some places said otherwise; lists are replaced whole."""
    copy = dict(document)
    for name, value in changes.items():
        old = copy.get(name)
        deeper = isinstance(value, dict) and isinstance(old, dict)
        copy[name] = changed(copy[name], value) if deeper else value
    return copy


@cache
def document(path: Path) -> Document:
    """Return the content of a program file; nobody changes it."""
    return cast(Document, read_program_file(path).content)


def loyalty(**changes: object) -> Document:
    """Return the loyalty program, with some places said otherwise."""
    return changed(document(LOYALTY), changes)


class Heard(NamedTuple):
    """A record of one of the inputs, and what came of it."""

    value: bytes | None
    append_time: int
    internal: bool
    headers: tuple[Header, ...]
    outcome: Outcome


@dataclass
class Engine:
    """A rule book, the stored rows of every account, and every board as its postings make it."""

    book: RuleBook = field(default_factory=RuleBook)
    rows: dict[bytes, bytes] = field(default_factory=dict)
    # (program, board, period, user) -> score; with decay as on the newest day, to 3 places.
    boards: dict[tuple[str, str, str, str], int | float] = field(default_factory=dict)
    # The same of members who are hidden.
    hidden: dict[tuple[str, str, str, str], int | float] = field(default_factory=dict)
    # Of boards with decay: the exact score, and the number of the newest day.
    decayed: dict[tuple[str, str, str, str], tuple[float, int]] = field(default_factory=dict)
    # Every record, in the order in which it was decided.
    heard: list[Heard] = field(default_factory=list)

    def publish(self, document: Document, append_time: int = 0, lead_ms: int = 0) -> None:
        """Put a version on the topic `rules`, and read it from there."""
        version = publish(document, lead_ms=lead_ms, published_at=append_time, published_by="test")
        self.book.add(read_published(encode_published(version)), append_time)

    def hear(
        self,
        value: bytes | None,
        append_time: int,
        *,
        internal: bool = False,
        headers: tuple[Header, ...] = (),
    ) -> Outcome:
        """Decide one record; what changed of the account is stored as bytes."""
        outcome = self._decide(read_action(value, headers, append_time, internal))
        self.heard.append(Heard(value, append_time, internal, headers, outcome))
        return outcome

    def _decide(self, action: Action | Rejection) -> Outcome:
        if isinstance(action, Rejection):
            return action
        rules = self.book.rules_for(action)
        if isinstance(rules, Rejection):
            return rules
        decision = decide(rules, open_account(action.program, action.user_id, self.rows), action)
        for key, row in changed_rows(decision.account):
            if row is None:
                self.rows.pop(key, None)  # A row may come and go with one action.
            else:
                self.rows[key] = row
        for posting in decision.postings:
            self._score(posting)
        return decision

    def hear_all(
        self,
        value: bytes | None,
        append_time: int,
        *,
        internal: bool = False,
        headers: tuple[Header, ...] = (),
    ) -> list[Outcome]:
        """Decide one record, then all that is derived from it, first derived first."""
        heard = [self.hear(value, append_time, internal=internal, headers=headers)]
        for outcome in heard:
            derived = outcome.derived if isinstance(outcome, Decision) else ()
            heard += [self.hear(encode(each), append_time, internal=True) for each in derived]
        return heard

    def head(self, user: str, program: str = "loyalty") -> Head:
        """Return the head of an account as it stands in its row."""
        return open_account(program, user, self.rows).head

    def _score(self, posting: Posting) -> None:
        for board, period, change, *told in posting.scores:
            if board == "*":
                self._turn(posting, str(told[0]))
                continue
            words = str(told[0]).split() if told else []
            boards = self.hidden if "hidden" in words else self.boards
            place = (posting.program, str(board), str(period), posting.user_id)
            if "leaves" in words:
                assert boards.pop(place) == -int(change), f"{place} leaves with another score"
                continue
            before = boards.get(place)
            decay = next((word for word in words if word.startswith("decay:")), None)
            if decay is not None:
                boards[place] = self._decay(place, int(change), decay)
            elif "best" in words:
                boards[place] = max(int(change), int(change) if before is None else before)
            elif "last" in words:
                boards[place] = int(change)
            else:
                boards[place] = (before or 0) + int(change)

    def _decay(self, place: tuple[str, str, str, str], change: int, word: str) -> float:
        """Bring what was scored before, or this change when it is late, to the newest day."""
        _, factor, number, _ = word.split(":")
        score, newest = self.decayed.get(place, (0.0, int(number)))
        day = max(newest, int(number))
        score = score * float(factor) ** (day - newest)
        score += change * float(factor) ** (day - int(number))
        self.decayed[place] = (score, day)
        return round(score, 3)

    def _turn(self, posting: Posting, mode: str) -> None:
        """Hide a member from all boards, or show it again."""
        here, there = (self.boards, self.hidden) if mode == "hides" else (self.hidden, self.boards)
        for place in [*here]:
            if (place[0], place[3]) == (posting.program, posting.user_id):
                there[place] = here.pop(place)
