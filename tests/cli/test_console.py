"""What commands print was written by anybody, and is shown as it is."""

import io

import pytest
from rich.table import Table
from rich.text import Text

from cli import console
from cli.console import PlainConsole
from cli.originals import Original
from cli.rejected import table
from schemas.results import Rejected, RejectedRecord
from schemas.wire import read_action


def printed(what: str | Text | Table, *, terminal: bool = False) -> str:
    """Give what a console would write."""
    shown = PlainConsole(file=io.StringIO(), width=120, force_terminal=terminal, color_system=None)
    shown.print(what)
    written = shown.file
    assert isinstance(written, io.StringIO)
    return written.getvalue()


@pytest.mark.parametrize("text", ["[/x]", "[bold]", "[link=http://x]x", ":smile:", "a\\[b]"])
def test_brackets_and_colons_mean_nothing(text: str) -> None:
    """No text is taken for a style, an end of one, a link or a picture."""
    assert printed(text) == f"{text}\n"


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "␛[31mred"),
        ("\x1b]0;title\x1b\\", "␛]0;title␛\\"),
        ("\x9b2J", "\ufffd2J"),
        ("a\x7f\x00", "a␡␀"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_a_terminal_gets_no_orders(text: str, shown: str, terminal: bool) -> None:  # noqa: FBT001
    """Control characters are shown by their symbols, in a text with a style too."""
    assert printed(text, terminal=terminal) == f"{shown}\n"
    assert printed(Text(text, style="dim"), terminal=terminal) == f"{shown}\n"


def test_what_was_rejected_is_listed_whatever_it_says() -> None:
    """One record with a bracket at the wrong place hides no other."""
    value = (
        b'{"id": "a", "program": "p", "user_id": "u", "type": "[/X]", "occurred_at": 1, "data": {}}'
    )
    why = read_action(value, [], 0, internal=False)
    assert why.reason == Rejected.BAD_FACT
    said = RejectedRecord(
        id="actions/0/1",
        reason=why.reason,
        message=why.message,
        topic="actions",
        partition=0,
        offset=1,
        append_time="2025-12-07T12:00:00.000Z",
        action_id=why.id,
        program=why.program,
        user_id=why.user_id,
        value=value.decode(),
        value_base64=None,
        headers={},
    )
    assert "'[/X]'" in printed(table([Original(said, b"u")]))


def test_commands_print_there() -> None:
    """Both ways out are such consoles."""
    assert isinstance(console.console, PlainConsole)
    assert isinstance(console.errors, PlainConsole)
