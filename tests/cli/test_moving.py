"""Members who move in: what is sent for them, and lines of a file that name nobody."""

import io

import orjson
import pytest

from cli.members_file import Member, read_members
from cli.moving import opening
from cli.refusals import Refusal
from schemas.actions import Action
from schemas.envelopes import ID_BYTES_MAX
from schemas.wire import read_action

NOW = "2025-12-07T12:00:00.000Z"


@pytest.mark.parametrize("user", ["u-1", "u" * 120, "u" * 121, "ü" * (ID_BYTES_MAX // 2)])
def test_whoever_has_an_id_may_move_in(user: str) -> None:
    """The action is one whatever the length of the id, and the same one when it is sent again."""
    said = opening("loyalty", Member(1, user, {}), NOW)
    assert isinstance(read_action(orjson.dumps(said), [], 0, internal=False), Action)
    assert opening("loyalty", Member(2, user, {}), NOW)["id"] == said["id"]


@pytest.mark.parametrize(
    ("file", "line"),
    [
        (b'{"user_id": "u-1"}\n{"user_id": 2}\n', "line 2: a user_id is a text, not 2"),
        (b'{"user_id": null}\n', "line 1: a user_id is a text, not None"),
        (b"user_id,balance\nu-1,5\n\xfcser,5\n", "line 3: not UTF-8"),
        (b"user_id,\xff\nu-1,5\n", "line 1: not UTF-8"),
    ],
)
def test_a_line_that_names_nobody_is_told(file: bytes, line: str) -> None:
    """Before anything is sent."""
    with pytest.raises(Refusal, match=line):
        list(read_members(io.BytesIO(file), "points"))


def test_a_table_may_begin_with_a_mark() -> None:
    """Spreadsheets write one before the first name."""
    file = io.BytesIO(b"\xef\xbb\xbfuser_id,balance\nu-1,5\n")
    assert list(read_members(file, "points")) == [Member(2, "u-1", {"balances": {"points": "5"}})]
