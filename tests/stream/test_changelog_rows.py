"""Rows in memory: what was read from the changelog, and where a partition stands by it."""

import msgspec

from processors.stream import changelog
from processors.stream.changelog import Attempts, PartitionedRows, Position, Rows


def test_rows_change_and_go() -> None:
    """A value replaces a row, None deletes it, and deleting what is not there is nothing."""
    rows: Rows = {b"a": b"1", b"b": b"2"}
    changelog.apply_rows(rows, [(b"a", b"3"), (b"b", None), (b"c", b"0"), (b"d", None)])
    assert rows == {b"a": b"3", b"c": b"0"}


def test_a_deleted_row_may_come_back() -> None:
    """Of many changes of one key the last one counts, a delete and an empty value among them."""
    rows: Rows = {}
    changelog.apply_rows(rows, [(b"a", b"5"), (b"a", None), (b"a", b"")])
    assert rows == {b"a": b""}


def test_position_is_what_was_written_last() -> None:
    """A partition stands nowhere until its first commit, then where its position row says."""
    assert changelog.position_of({}) is None
    row = msgspec.json.encode(Position(4, 9, "scoring-1"))
    assert changelog.position_of({changelog.POSITION_KEY: row}) == Position(4, 9, "scoring-1")


def test_attempts_count_one_position_only() -> None:
    """Starts are counted at the very same position of both inputs; progress forgets them."""
    assert changelog.attempts_at({}, 4, 9) == 0
    rows = {changelog.ATTEMPTS_KEY: msgspec.json.encode(Attempts(4, 9, 2))}
    assert changelog.attempts_at(rows, 4, 9) == 2
    assert changelog.attempts_at(rows, 4, 10) == 0
    assert changelog.attempts_at(rows, 5, 9) == 0


def test_all_partitions_read_as_one() -> None:
    """What Faust sees of the accounts is every row of every owned partition, and nothing else."""
    rows = PartitionedRows()
    rows.partitions |= {0: {b"a": b"1"}, 5: {b"b": b"2", b"c": b"3"}}
    assert (dict(rows), len(rows)) == ({b"a": b"1", b"b": b"2", b"c": b"3"}, 3)
    del rows.partitions[5]
    assert dict(rows) == {b"a": b"1"}
