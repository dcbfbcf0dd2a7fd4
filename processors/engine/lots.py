"""Lots: points that expire, taken in the order of their expiry, and awards that may be reversed.

Each such award is an entry of the account: the last few stand in the head, older ones in rows. What
never expires is one pool, the available points that are in no lot.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from schemas.accounts import AWARDS_IN_HEAD, AWARDS_PER_ROW, Account, Head
from schemas.moments import write
from schemas.results import Lot

POOL: Final = "always"
"""How `lots` of a posting names points that never expire."""

AVAILABLE, LIFETIME, IN_LOTS, HELD, RESERVED = range(5)
"""Columns of a purse."""


class Entry(msgspec.Struct, array_like=True, gc=False):
    """An award: the id of its posting, what it gave, and what is left of it.

    `rest` may still be reversed; `left` is still in the lot, `expired` left it by expiry. Without
    `expires_at` it is no lot, and its points are in the pool.
    """

    id: str
    currency: str
    amount: int
    rest: int
    left: int
    occurred_at: int
    expires_at: int | None = None
    expired: int = 0


class Shelf:
    """All entries of an account, read for a change and put back."""

    def __init__(self, draft: Account) -> None:
        self._draft = draft
        self._rows = {
            number: _read(draft.row(_row(number)), count)
            for number, (count, _) in draft.head.award_rows.items()
        }
        self._fresh = _read(draft.head.fresh_awards, draft.head.fresh_count)
        self._before = self._written()

    def __iter__(self) -> Iterator[Entry]:
        """Yield the entries in the order of award."""
        for row in (*self._rows.values(), self._fresh):
            yield from row

    def lots(self, currency: str | None = None) -> list[Entry]:
        """Return the entries that are lots with points left, earliest expiry first."""
        return lots_of(self, currency)

    def add(self, entry: Entry) -> None:
        """Put an entry behind the others."""
        self._fresh.append(entry)

    def put_back(self, reversible_for: int) -> None:
        """Write down what changed."""
        head, before = self._draft.head, self._before
        rows = dict(head.award_rows)
        for number, (blob, entries) in self._written().items():
            if before.get(number, (b"",))[0] == blob:
                continue
            if number < 0:
                head.fresh_awards, head.fresh_count = blob, len(entries)
                continue
            self._draft.put(_row(number), _stored(blob, len(entries)))
            rows[number] = (len(entries), max(_matters_until(e, reversible_for) for e in entries))
        head.award_rows = rows

    def _written(self) -> dict[int, tuple[bytes, list[Entry]]]:
        rows = {number: (_write(entries), entries) for number, entries in self._rows.items()}
        return {**rows, -1: (_write(self._fresh), self._fresh)}


def entries(account: Account) -> list[Entry]:
    """Read the entries of an account in the order of award, not to be changed."""
    head = account.head
    kept = [
        entry
        for number, (count, _) in head.award_rows.items()
        for entry in _read(account.row(_row(number)), count)
    ]
    return kept + _read(head.fresh_awards, head.fresh_count)


def lots_of(found: Iterable[Entry], currency: str | None = None) -> list[Entry]:
    """Pick the entries that are lots with points left, earliest expiry first."""
    lots = [
        entry
        for entry in found
        if entry.left and entry.expires_at is not None and currency in (None, entry.currency)
    ]
    return sorted(lots, key=lambda entry: entry.expires_at or 0)


def note_award(draft: Account, entry: Entry, reversible_for: int, forget_before: int) -> None:
    """Keep an award; the head's are moved to rows when they are too many."""
    head = draft.head
    head.fresh_awards += _encode(entry)
    head.fresh_count += 1
    if entry.expires_at is not None and entry.left:
        note_due(head, entry.expires_at)
    if head.fresh_count > AWARDS_IN_HEAD:
        _seal(draft, reversible_for, forget_before)


def note_due(head: Head, moment: int) -> None:
    """Note that something will be due at a moment."""
    if head.due_at is None or moment < head.due_at:
        head.due_at = moment


def purse_of(draft: Account, currency: str) -> list[int]:
    """Return a copy of the purse with all columns, put into the draft to be changed."""
    purses = draft.head.purses = draft.head.purses.copy()
    purse = purses.get(currency, ())
    full = purses[currency] = [*purse, *[0] * (5 - len(purse))]
    return full


def take(
    draft: Account, currency: str, points: int, reversible_for: int
) -> tuple[list[Lot], list[tuple[str, int, int | None]]]:
    """Take points out of lots, earliest expiry first, then the pool; the purse's lots fall with them.

    Returns what was touched as a posting says it, and with moments as numbers. The caller moves the
    available points; what nobody has is no lot.
    """
    purse = purse_of(draft, currency)
    taken: list[tuple[str, int, int | None]] = []
    left = points
    if purse[IN_LOTS]:
        shelf = Shelf(draft)
        for entry in shelf.lots(currency):
            part = min(entry.left, left)
            if not part:
                break
            entry.left -= part
            left -= part
            taken.append((entry.id, part, entry.expires_at))
        purse[IN_LOTS] -= points - left
        shelf.put_back(reversible_for)
    pool = min(left, max(purse[AVAILABLE] - (points - left) - purse[IN_LOTS], 0))
    if pool:
        taken.append((POOL, pool, None))
    return told(taken, -1), taken


def told(lots: list[tuple[str, int, int | None]], sign: int = 1) -> list[Lot]:
    """Write lots as a posting names them: what is put in is positive, what is taken negative."""
    return [(name, sign * points, None if at is None else write(at)) for name, points, at in lots]


def _seal(draft: Account, reversible_for: int, forget_before: int) -> None:
    """Move the head's awards to the last row, or to a new one; drop rows of which nothing matters."""
    head = draft.head
    rows = dict(head.award_rows)
    for number, (_, until) in list(rows.items()):
        if until < forget_before and (head.due_at is None or until < head.due_at):
            draft.put(_row(number), None)
            del rows[number]
    fresh = _read(head.fresh_awards, head.fresh_count)
    until = max(_matters_until(entry, reversible_for) for entry in fresh)
    last = max(head.award_rows, default=-1)
    count, before = rows.get(last, (AWARDS_PER_ROW, 0))
    if count + len(fresh) > AWARDS_PER_ROW:
        last, count, before = last + 1, 0, 0
    old = _plain(draft.row(_row(last))) if count else b""
    count += len(fresh)
    draft.put(_row(last), _stored(old + head.fresh_awards, count))
    rows[last] = (count, max(before, until))
    head.award_rows, head.fresh_awards, head.fresh_count = rows, b"", 0


def _matters_until(entry: Entry, reversible_for: int) -> int:
    return max(entry.occurred_at + reversible_for, entry.expires_at or 0 if entry.left else 0)


def _stored(blob: bytes, count: int) -> bytes:
    """Give entries as their row holds them: compressed once the head's would not fit in any more."""
    full = count + AWARDS_IN_HEAD + 1 > AWARDS_PER_ROW
    return zlib.compress(blob, _LEVEL) if full else blob


def _plain(blob: bytes) -> bytes:
    """Give entries as they were before they were compressed, if they were."""
    return zlib.decompress(blob) if blob.startswith(_COMPRESSED) else blob


def _row(number: int) -> str:
    return f"awards.{number}"


_LEVEL: Final = 1
"""Level 9 makes rows of so few awards hardly smaller, and takes longer."""

_COMPRESSED: Final = b"\x78"
"""How zlib's bytes begin; an entry begins with the length of its array."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Entry]).decode


def _read(blob: bytes, count: int) -> list[Entry]:
    """Read entries that were laid end to end: as an array of so many."""
    return _decode(b"\xdd" + count.to_bytes(4, "big") + _plain(blob))


def _write(entries: list[Entry]) -> bytes:
    return b"".join(map(_encode, entries))
