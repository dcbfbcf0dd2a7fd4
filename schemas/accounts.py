"""An account: one subject's state in one program, as rows of the accounts changelog.

The head is read with every action; the other rows only when an action asks for them:

| row | holds |
|---|---|
| (head) | a `Head`, MessagePack |
| `ids.<day>.<n>` | 16-byte hashes of the action ids that came on one UTC day, at most `IDS_PER_ROW` |
| `set.<name>` | 16-byte hashes of the members of a bounded set |
| `times.<ACTION>` | the moments of accepted actions that a cooldown still looks at, MessagePack |
| `awards.<n>` | awards that expire or may be reversed, each MessagePack, laid end to end, about `AWARDS_PER_ROW`; zlib when full |
| `rate.<ACTION>`, `rate` | the moments of accepted actions that a rate still looks at, MessagePack |
| `waiting.<n>` | referrals that wait for the code to be registered, MessagePack, at most `WAITING_PER_ROW` |

Row keys are `program NUL subject` and `program NUL subject NUL row`.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Final, Protocol

import msgspec

from schemas.moments import DAY

DIGEST_BYTES: Final = 16
IDS_IN_HEAD: Final = 16
IDS_PER_ROW: Final = 256
SET_MEMBERS_MAX: Final = 4_000
"""The most members a set may have: 64,000 bytes."""
WAITING_PER_ROW: Final = 50
AWARDS_IN_HEAD: Final = 8
AWARDS_PER_ROW: Final = 32


class Rows(Protocol):
    """Where rows are looked up by key: a table of the worker, or a plain dict."""

    def get(self, key: bytes, /) -> bytes | None:
        """Return the row of this key, or None."""


class Head(msgspec.Struct, array_like=True, gc=False):
    """The row of an account that every action reads.

    New fields go to the end; a release that does not know them hands them on unread.
    """

    # How many fields were written: what goes beyond ours belongs to a newer release.
    fields: int = 0
    # Postings so far.
    sequence: int = 0
    # By currency: [available, lifetime, of available in lots, held, reserved], integers of the minor
    # unit; without the last three where nothing expires.
    purses: dict[str, list[int]] = {}
    # By ladder: the name of the step held.
    steps: dict[str, str] = {}
    country: str | None = None
    # What else PROFILE said: segments, joined_at, timezone, listed.
    profile: dict[str, Any] = {}
    # By action type: how many were accepted.
    counts: dict[str, int] = {}
    # By "ACTION period": [times, points] that limits have used up.
    usage: dict[str, list[int]] = {}
    # Hashes of the last few action ids, and the UTC day of each.
    fresh_ids: bytes = b""
    fresh_days: list[int] = []
    # By UTC day: how many older ids stand in rows of their own.
    sealed: dict[int, int] = {}
    # By "board period": the member's score on each board of a split.
    standings: dict[str, int] = {}
    # By badge: its level.
    badges: dict[str, int] = {}
    # Of a `code:` account: who owns it, and how many referrals wait for an owner.
    owner: str | None = None
    waiting: int = 0
    # The first moment at which something on the account may be due: lots, holds, reservations.
    due_at: int | None = None
    # The last few awards as in the rows `awards.<n>`, and how many they are.
    fresh_awards: bytes = b""
    fresh_count: int = 0
    # By number of such a row: how many awards it has, and the moment when none of them matters.
    award_rows: dict[int, tuple[int, int]] = {}
    # By name: what few accounts have, see schemas.parts.
    parts: dict[str, msgspec.Raw] = {}
    # Names of the rows of sets, cooldowns and rates: what an erasure has to find.
    row_names: list[str] = []


FIELDS: Final = len(Head.__struct_fields__)
_NUMBERED: Final = ("ids.", "awards.", "waiting.")
"""Rows whose numbers the head knows."""

_encode_head = msgspec.msgpack.Encoder().encode
_decode_head = msgspec.msgpack.Decoder(Head).decode
_decode_fields = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode


class Account(msgspec.Struct, gc=False):
    """An account as one action finds or leaves it."""

    program: str
    subject: str
    key: bytes
    head: Head
    # Rows as stored, and what changed since; None deletes.
    rows: Rows
    changed: dict[bytes, bytes | None]
    # The head as it was stored; the same object while nothing changed.
    stored: Head
    # Nothing of it was ever stored.
    is_new: bool = False
    # Fields of the stored head that only a newer release can read.
    beyond: Sequence[msgspec.Raw] = ()

    def row(self, name: str) -> bytes:
        """Return a row other than the head; empty when there is none."""
        key = f"{self.program}\0{self.subject}\0{name}".encode()
        changed = self.changed
        return (changed[key] if key in changed else self.rows.get(key)) or b""

    def put(self, name: str, row: bytes | None) -> None:
        """Change a row of a draft; None deletes it."""
        self.changed[row_key(self.program, self.subject, name)] = row
        if name not in self.head.row_names and not name.startswith(_NUMBERED):
            self.head.row_names = [*self.head.row_names, name]


def open_account(program: str, subject: str, rows: Rows) -> Account:
    """Open the account of a subject; without rows it is a new one."""
    key = f"{program}\0{subject}".encode()
    value = rows.get(key)
    if value is None:
        head = Head(FIELDS)
        return Account(program, subject, key, head, rows, {}, head, is_new=True)
    head = _decode_head(value)
    account = Account(program, subject, key, head, rows, {}, head)
    if head.fields != FIELDS:
        account.beyond = _decode_fields(value)[FIELDS:]
        head.fields = FIELDS
    return account


def read_head(value: bytes) -> Head:
    """Read the row of a head, of this release or a newer or older one."""
    return _decode_head(value)


def draft(account: Account) -> Account:
    """Return a copy whose head and rows may be changed; what they hold is still shared."""
    copy: Account = account.__copy__()  # type: ignore[attr-defined]  # every Struct has it
    copy.head = account.head.__copy__()  # type: ignore[attr-defined]
    copy.changed = account.changed.copy()
    return copy


def changed_rows(account: Account) -> list[tuple[bytes, bytes | None]]:
    """Return the rows that differ from the stored ones; None stands for a deleted row."""
    if account.head is account.stored:
        return []
    head = (account.key, write_head(account))
    return [head, *account.changed.items()] if account.changed else [head]


def write_head(account: Account) -> bytes:
    """Write the row of an account's head, with what a newer release had added to it."""
    if not account.beyond:
        return _encode_head(account.head)
    account.head.fields = FIELDS + len(account.beyond)
    fields = _decode_fields(_encode_head(account.head))
    account.head.fields = FIELDS
    return _encode_head([*fields, *account.beyond])


def row_key(program: str, subject: str, row: str = "") -> bytes:
    """Return the key of a row: of the head, or of the row of this name."""
    return f"{program}\0{subject}\0{row}".encode() if row else f"{program}\0{subject}".encode()


def split_key(key: bytes) -> tuple[str, str, str]:
    """Split a row's key into program, subject and row; the row of a head is empty."""
    program, subject, *row = key.decode().split("\0", 2)
    return program, subject, row[0] if row else ""


def digest(text: str) -> bytes:
    """Return the 16 bytes by which an id or a member of a set is remembered."""
    return blake2b(text.encode(), digest_size=DIGEST_BYTES).digest()


def holds(digests: bytes, wanted: bytes) -> bool:
    """Tell whether one of the digests laid end to end is the wanted one."""
    at = digests.find(wanted)
    while at % DIGEST_BYTES and at >= 0:
        at = digests.find(wanted, at + 1)
    return at >= 0


def draft_remembering(
    account: Account, action_id: str, moment: int, forget_before: int
) -> Account | None:
    """Return a draft that remembers an action id; None when the account did so before.

    The id is kept under the UTC day of `moment`, its append time. Days that lie before `forget_before` are dropped
    when ids are moved to rows.
    """
    wanted = blake2b(action_id.encode(), digest_size=DIGEST_BYTES).digest()
    old = account.head
    if wanted in old.fresh_ids and holds(old.fresh_ids, wanted):
        return None
    if old.sealed and _is_sealed(account, wanted):
        return None
    copy = draft(account)
    head = copy.head
    head.fresh_ids = old.fresh_ids + wanted
    head.fresh_days = [*old.fresh_days, moment // DAY]
    if len(head.fresh_days) > IDS_IN_HEAD:
        _seal(copy, forget_before // DAY)
    return copy


def _is_sealed(account: Account, wanted: bytes) -> bool:
    for day, count in account.head.sealed.items():
        for start in range(0, count, IDS_PER_ROW):
            if holds(account.row(_ids_row(day, start)), wanted):
                return True
    return False


def _seal(draft: Account, oldest: int) -> None:
    """Move the head's ids to rows by day, and drop the days before `oldest`."""
    head = draft.head
    sealed = {}
    for day, count in head.sealed.items():
        if day >= oldest:
            sealed[day] = count
            continue
        for start in range(0, count, IDS_PER_ROW):
            draft.put(_ids_row(day, start), None)
    for number, day in enumerate(head.fresh_days):
        if day < oldest:
            continue
        count = sealed.get(day, 0)
        row = _ids_row(day, count)
        start = number * DIGEST_BYTES
        draft.put(row, draft.row(row) + head.fresh_ids[start : start + DIGEST_BYTES])
        sealed[day] = count + 1
    head.sealed, head.fresh_ids, head.fresh_days = sealed, b"", []


def _ids_row(day: int, position: int) -> str:
    return f"ids.{day}.{position // IDS_PER_ROW}"
