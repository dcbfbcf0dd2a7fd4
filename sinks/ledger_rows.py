"""From records of scoring's topics to what one transaction writes to PostgreSQL. Pure.

Rows are lines of CSV for COPY. A JSON text without a backslash is a CSV field as it stands, as are
a number and `null`: the columns are cut out of the record and joined, nothing is read or written.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec
from msgspec import Raw

from schemas.account_view import view
from schemas.accounts import read_head, split_key
from schemas.envelopes import ID_BYTES_MAX
from schemas.members import Member, read_member
from schemas.results import PeriodRecord
from sinks.ledger_tables import ACCEPTED, ACHIEVEMENTS, DECLINED, LEDGER, TIER_CHANGES, Table
from sinks.positions import Partition

Month = tuple[str, bytes]
"""(table, `2025-12`), UTC: one partition of a table."""


class Record(Protocol):
    """What a row needs of a Kafka record."""

    @property
    def key(self) -> bytes | None: ...  # noqa: D102

    @property
    def value(self) -> bytes | None: ...  # noqa: D102


class Posted(msgspec.Struct, gc=False):
    """What a posting does to its balance."""

    program: str
    user_id: str
    currency: str
    kind: str
    points: int
    balance: int
    lifetime: int
    sequence: int
    occurred_at: str


class Balance(msgspec.Struct, gc=False):
    """A balance after a batch: what its last posting says, and how much the batch earned."""

    available: int
    lifetime: int
    sequence: int
    last_at: str
    earned: int


SUMS: Final[dict[str, tuple[tuple[str, int], ...]]] = {
    "adjust": (("adjusted", 1),),
    "receive": (("received", 1),),
    "return": (("received", 1),),
    "redeem": (("redeemed", -1),),
    "expire": (("expired", -1),),
    "send": (("sent", -1),),
    "reverse": (("reversed", -1),),
    "hold": (("held", 1),),
    "release": (("held", -1),),
    "forfeit": (("held", 1), ("forfeited", -1)),
    "reserve": (("reserved", -1),),
    "confirm": (("reserved", 1), ("redeemed", -1)),
    "cancel": (("reserved", -1),),
}
"""By kind: the columns of `balances` that points are added to, and with which sign."""

EARNING: Final = frozenset({"earn", "release"})
"""Kinds whose points are added to `earned`."""

MOVE: Final = "move"
"""The kind that brings a member's scores to another board and leaves the balance alone."""


@dataclass(slots=True)
class Batch:
    """What one transaction writes."""

    moves: dict[Partition, tuple[int, int]] = field(default_factory=dict)
    """Positions: partition -> (from, to)."""
    lines: defaultdict[Table, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    """CSV, one row each."""
    months: set[Month] = field(default_factory=set)
    """Where rows will lie."""
    balances: defaultdict[tuple[str, str], dict[str, Balance]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """By (program, currency), then by user_id."""
    sums: defaultdict[tuple[str, str, str], Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    """By (program, currency, column of `balances`), then by user_id: what to add."""
    accounts: dict[tuple[str, str], bytes | None] = field(default_factory=dict)
    """By (program, subject): the newest head, None when it was deleted."""
    periods: list[PeriodRecord] = field(default_factory=list)
    """What happened to periods, in its order."""
    members: dict[str, Member | None] = field(default_factory=dict)
    """By user_id: the newest that is known of a member, None when it was deleted."""


def add_records(batch: Batch, topic: str, records: Sequence[Record]) -> None:
    """Take in records of the topic of this name, one of SOURCES.

    Raises msgspec.DecodeError when a record is not what its topic holds.
    """
    SOURCES[topic](batch, records)


def add_without_balances(batch: Batch, topic: str, records: Sequence[Record]) -> None:
    """Do as `add_records`, but leave balances to be summed up over the whole ledger afterwards."""
    add = _add_to_ledger if topic == "rewards.earned" else SOURCES[topic]
    add(batch, records)


def account_rows(batch: Batch) -> list[tuple[str, str, str, int, int | None]]:
    """Give (program, subject, view as JSON, sequence, due_at) of every account there is.

    `due_at` is the moment in epoch milliseconds at which something of it falls due first.
    """
    rows = []
    for (program, subject), value in batch.accounts.items():
        if value is not None:
            head = read_head(value)
            text = without_nul(_to_json(view(head))).decode()
            rows.append((program, subject, text, head.sequence, head.due_at))
    return rows


def deleted_accounts(batch: Batch) -> list[tuple[str, str]]:
    """Give (program, subject) of every account that is no more."""
    return [account for account, value in batch.accounts.items() if value is None]


def without_nul(document: bytes) -> bytes:
    """Give JSON with every NUL inside a text shown as U+2400: PostgreSQL cannot hold NUL."""
    return _NUL.sub(rb"\1\\u2400", document) if b"\\u0000" in document else document


def _adder(table: Table) -> Callable[[Batch, Sequence[Record]], None]:
    """Return what adds records to a table."""
    read = msgspec.json.Decoder(table.row).decode
    columns = table.row.__struct_fields__
    plain, moment = len(columns) - len(table.json), columns.index("occurred_at")

    def add(batch: Batch, records: Sequence[Record]) -> None:
        lines = batch.lines[table]
        for value in _values(records):
            cells = _astuple(read(value))
            if b"\\" in value:
                cells = (*map(_text, cells[:plain]), *map(without_nul, map(bytes, cells[plain:])))
            line = b",".join(cells[:plain])
            lines.append(line + _quoted(cells[plain:]) if table.json else line)
            if table.by_month:
                batch.months.add((table.name, bytes(cells[moment])[1:8]))

    return add


def _quoted(documents: Sequence[bytes]) -> bytes:
    """Give the CSV fields of JSON documents, a comma before each."""
    return b',"' + b"\0".join(documents).replace(b'"', b'""').replace(b"\0", b'","') + b'"'


def _text(cell: Raw) -> bytes:
    """Give the CSV field of a JSON text that may have backslashes, of a number or of null."""
    document = bytes(cell)
    if not document.startswith(b'"'):
        return document
    text = _read_text(without_nul(document)).encode()
    return b'"' + text.replace(b'"', b'""') + b'"'


def _values(records: Sequence[Record]) -> Iterator[bytes]:
    return (record.value for record in records if record.value is not None)


def _add_postings(batch: Batch, records: Sequence[Record]) -> None:
    _add_to_ledger(batch, records)
    for value in _values(records):
        posted = _read_posted(value)
        if posted.kind != MOVE:
            _add_to_balance(batch, posted)


def _add_to_balance(batch: Batch, posted: Posted) -> None:
    balances = batch.balances[posted.program, posted.currency]
    earned = posted.points if posted.kind in EARNING else 0
    before = balances.get(posted.user_id)
    if before is not None:
        earned += before.earned
    balances[posted.user_id] = Balance(
        posted.balance, posted.lifetime, posted.sequence, posted.occurred_at, earned
    )
    for column, sign in SUMS.get(posted.kind, ()):
        sums = batch.sums[posted.program, posted.currency, column]
        sums[posted.user_id] += sign * posted.points


def _add_accounts(batch: Batch, records: Sequence[Record]) -> None:
    for record in records:
        # Keys that begin with NUL are the workers' own rows.
        if record.key and not record.key.startswith(b"\0"):
            program, subject, row = split_key(record.key)
            if not row:
                batch.accounts[program, subject] = record.value


def _add_periods(batch: Batch, records: Sequence[Record]) -> None:
    batch.periods += [_read_period(without_nul(value)) for value in _values(records)]


def _add_members(batch: Batch, records: Sequence[Record]) -> None:
    """Take in what the host's systems say; a value or a key that is none is passed over."""
    for record in records:
        user = _user_id(record.key or b"")
        member = None if record.value is None else read_member(without_nul(record.value))
        if user and (member or record.value is None):
            batch.members[user] = member


def _user_id(key: bytes) -> str | None:
    """Read a member's id; None where nobody can be called so: no index would take a long one."""
    if len(key) > ID_BYTES_MAX or b"\0" in key:
        return None
    try:
        return key.decode()
    except UnicodeDecodeError:
        return None


_NUL: Final = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
_to_json: Final = msgspec.json.Encoder().encode
_astuple: Final = msgspec.structs.astuple
_read_text: Final = msgspec.json.Decoder(str).decode
_read_posted: Final = msgspec.json.Decoder(Posted).decode
_read_period: Final = msgspec.json.Decoder(PeriodRecord).decode
_add_to_ledger: Final = _adder(LEDGER)

SOURCES: Final[dict[str, Callable[[Batch, Sequence[Record]], None]]] = {
    "rewards.earned": _add_postings,
    "actions.accepted": _adder(ACCEPTED),
    "actions.declined": _adder(DECLINED),
    "tier.changed": _adder(TIER_CHANGES),
    "achievements.unlocked": _adder(ACHIEVEMENTS),
    "laurel-scoring-accounts-changelog": _add_accounts,
    "periods.closed": _add_periods,
    "members": _add_members,
}
"""By topic: what takes its records into a batch."""
