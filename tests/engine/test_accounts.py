"""Accounts as rows: what they remember, how they grow, what other releases wrote."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.account_view import view
from schemas.accounts import (
    FIELDS,
    IDS_IN_HEAD,
    IDS_PER_ROW,
    Account,
    Head,
    changed_rows,
    digest,
    draft,
    draft_remembering,
    holds,
    open_account,
    row_key,
    split_key,
    write_head,
)
from schemas.moments import DAY

# The head of a member as the first release wrote it: 15 fields.
FIRST_RELEASE = bytes.fromhex(
    "9f0f0281a6706f696e7473920404"
    "81a474696572a642524f4e5a45"
    "a25553" "80" "82a750524f46494c4501a8505552434841534502" "80"
    "c410" "000102030405060708090a0b0c0d0e0f" "91cd4fcd" "80"
    "81b2726567696f6e3a555320616c6c5f74696d6504" "80" "c0" "00"
)  # fmt: skip


def remembering(rows: dict[bytes, bytes], action_id: str, moment: int, forget: int = 0) -> bool:
    """Let the account of u remember an id and store it; False when it did so before."""
    account = draft_remembering(open_account("p", "u", rows), action_id, moment, forget)
    if account is None:
        return False
    store(rows, account)
    return True


def store(rows: dict[bytes, bytes], account: Account) -> None:
    for key, row in changed_rows(account):
        if row is None:
            del rows[key]
        else:
            rows[key] = row


def test_ids_are_remembered_in_rows_of_bounded_size() -> None:
    """However many ids a day has, each is remembered once and no row grows over its bound."""
    rows: dict[bytes, bytes] = {}
    count = 3 * IDS_PER_ROW
    assert all(remembering(rows, f"a-{number}", 5 * DAY) for number in range(count))
    assert not any(remembering(rows, f"a-{number}", 5 * DAY) for number in range(count))
    assert max(map(len, rows.values())) <= IDS_PER_ROW * 16
    assert len(rows) == 1 + (count // (IDS_IN_HEAD + 1) * (IDS_IN_HEAD + 1) - 1) // IDS_PER_ROW + 1


def test_ids_of_days_long_past_are_dropped() -> None:
    """A year of use leaves the rows of the days that can still matter."""
    rows: dict[bytes, bytes] = {}
    for number in range(365 * 5):
        moment = number * DAY // 5
        assert remembering(rows, f"a-{number}", moment, moment - 8 * DAY)
    days = {split_key(key)[2] for key in rows} - {""}
    assert len(days) <= 8 + 1 + IDS_IN_HEAD // 5 + 1
    assert sum(map(len, rows.values())) < 4_096
    assert not remembering(rows, f"a-{365 * 5 - 30}", 364 * DAY)


@given(
    st.lists(st.binary(min_size=16, max_size=16), max_size=8), st.binary(min_size=16, max_size=16)
)
def test_digests_are_found_only_where_they_begin(laid: list[bytes], wanted: bytes) -> None:
    """Bytes that straddle two digests are none of them."""
    row = b"".join(laid)
    assert holds(row, wanted) == (wanted in laid)
    assert holds(row + wanted, wanted)
    if len(laid) > 1:
        straddling = row[8:24]
        assert holds(row, straddling) == (straddling in laid)


def test_rows_of_the_first_release_are_read() -> None:
    """The bytes that the first release wrote mean today what they meant then."""
    account = open_account("loyalty", "u-1", {row_key("loyalty", "u-1"): FIRST_RELEASE})
    assert (account.head.sequence, account.head.purses) == (2, {"points": [4, 4]})
    assert (account.head.steps, account.head.country) == ({"tier": "BRONZE"}, "US")
    assert account.head.standings == {"region:US all_time": 4}
    assert not account.is_new
    [(key, row)] = changed_rows(draft(account))
    assert (key, row) == (row_key("loyalty", "u-1"), write_head(head_of_today()))
    first = msgspec.msgpack.decode(FIRST_RELEASE)
    assert row is not None
    assert msgspec.msgpack.decode(row)[1 : len(first)] == first[1:]


def head_of_today() -> Account:
    """Return the account of the first release's row."""
    return open_account("loyalty", "u-1", {row_key("loyalty", "u-1"): FIRST_RELEASE})


def test_fields_of_a_newer_release_survive() -> None:
    """What this release cannot read is handed on as it stands; what it changes is changed."""
    newer = [*msgspec.msgpack.decode(write_head(head_of_today())), {"lots": [[1, 2]]}, "new"]
    newer[0] = FIELDS + 2
    rows = {row_key("loyalty", "u-1"): msgspec.msgpack.encode(newer)}
    changed = draft(open_account("loyalty", "u-1", rows))
    changed.head.sequence += 1
    [(_, row)] = changed_rows(changed)
    assert row is not None
    newer[1] += 1
    assert msgspec.msgpack.decode(row) == newer


def test_a_shorter_head_of_an_older_release_is_filled_up() -> None:
    """Fields that an older release did not write have their first values."""
    older = [13, *msgspec.msgpack.decode(FIRST_RELEASE)[1:13]]
    rows = {row_key("loyalty", "u-1"): msgspec.msgpack.encode(older)}
    account = open_account("loyalty", "u-1", rows)
    assert (account.head.owner, account.head.waiting, account.head.fields) == (None, 0, FIELDS)


def test_a_draft_leaves_the_account_alone() -> None:
    """What a draft puts and changes is seen by the draft only."""
    rows = {row_key("p", "u", "set.x"): b"old"}
    account = open_account("p", "u", rows)
    changed = draft(account)
    changed.put("set.x", b"new")
    changed.put("gone", None)
    changed.head.country = "DE"
    assert (account.row("set.x"), account.head.country) == (b"old", None)
    assert (changed.row("set.x"), changed.row("gone"), changed.row("none")) == (b"new", b"", b"")
    assert changed_rows(account) == []
    assert dict(changed_rows(changed))[row_key("p", "u", "gone")] is None


@pytest.mark.parametrize("row", ["", "ids.20000.0", "set.REVIEW.product_id"])
def test_keys_are_split_as_they_were_made(row: str) -> None:
    """Program, subject and row come back from a key."""
    assert split_key(row_key("loyalty", "code:ÄÖ", row)) == ("loyalty", "code:ÄÖ", row)


def test_a_view_is_json() -> None:
    """What people may see of an account can be written as JSON and hides what was remembered."""
    shown = msgspec.json.decode(msgspec.json.encode(view(Head(FIELDS, 3, {"points": [7, 9]}))))
    assert shown["currencies"] == {"points": {"balance": 7, "lifetime": 9}}
    assert "fresh_ids" not in shown
    assert len(digest("a-1")) == 16
