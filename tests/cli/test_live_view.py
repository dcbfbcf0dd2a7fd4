"""The live view and its line without a terminal."""

from collections import Counter
from decimal import Decimal

import pytest
from rich.console import Console

from cli.view import Shown, WorkerState, clock, move, plain, screen
from sinks.board_ranks import Entry

SHOWN = Shown(
    seconds=3_725.9,
    demo="demo 200/s sent 8,000",
    rate=1_234.4,
    given={"points": Decimal(56_789)},
    posted=4_000,
    accepted=300,
    declined=Counter(duplicate=20, daily_limit=40),
    rejected=Counter(unreadable=7),
    board="loyalty global weekly:2025-W49",
    scale=1,
    participants=4_012,
    entries=[Entry(1, "u-7", 9_000, 0), Entry(2, "u-3", 8_505, 0)],
    moves={"u-7": 2, "u-3": None},
    workers=[
        WorkerState("scoring", "http://127.0.0.1:6066", 17, 0, "", 5, ""),
        WorkerState("boards", "http://127.0.0.1:6067", None, 2, "killed by SIGKILL", None, "down"),
    ],
    addresses={"Kafka": "127.0.0.1:9092"},
    notes=["0:00:09  boards ended, killed by SIGKILL; again in 0.2 s"],
)


def drawn(shown: Shown) -> str:
    console = Console(width=120)
    with console.capture() as captured:
        console.print(screen(shown))
    return captured.get()


def test_the_screen_shows_all_that_was_promised() -> None:
    """Rate, points, outcomes by reason, the board with moves, lag, restarts, pages, addresses."""
    text = drawn(SHOWN)
    for part in (
        "1:02:05",
        "1,234 actions/s",
        "56,789 points",
        "demo 200/s sent 8,000",
        "loyalty global weekly:2025-W49, 4,012 members",
        "http://127.0.0.1:6066",
        "killed by SIGKILL; again in 0.2 s",
        "Kafka      127.0.0.1:9092",
    ):
        assert part in text
    rows = [line.split() for line in text.splitlines()]
    for words in (
        ["posted", "4,000"],
        ["declined", "60"],
        ["daily_limit", "40"],
        ["rejected", "7"],
        ["unreadable", "7"],
        ["u-7", "900", "▲2"],
        ["u-3", "850.5", "new"],
        ["scoring", "5", "0"],
        ["boards", "?", "2", "(killed", "by", "SIGKILL)"],
    ):
        assert any(_within(words, row) for row in rows), words


def _within(words: list[str], row: list[str]) -> bool:
    return any(row[at : at + len(words)] == words for at in range(len(row)))


def test_a_line_says_the_most_important() -> None:
    """Without a terminal one line has the figures, with all reasons and the lag of each worker."""
    assert plain(SHOWN) == (
        "1:02:05  1,234 actions/s | 56,789 points | posted 4,000, accepted 300 | "
        "declined 60 (daily_limit 40, duplicate 20) | rejected 7 (unreadable 7) | "
        "lag scoring 5, boards ? | "
        "loyalty global weekly:2025-W49 led by u-7 with 900 | 2 restarts"
    )


def test_nothing_yet_is_shown_as_nothing() -> None:
    """The first moment of a run has no figures and breaks nothing."""
    assert plain(Shown()) == (
        "0:00:00  0 actions/s | 0 points | posted 0, accepted 0 | declined 0 | rejected 0 | lag "
    )
    assert "nobody yet" in drawn(Shown())


@pytest.mark.parametrize(
    ("ranks_up", "expected"), [(3, "▲3"), (-12, "▼12"), (0, ""), (None, "new")]
)
def test_moves_are_arrows(ranks_up: int | None, expected: str) -> None:
    """Up, down, as before, and new."""
    assert move(ranks_up).plain == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.9, "0:00:00"), (61, "0:01:01"), (90_000, "25:00:00")]
)
def test_time_is_shown_in_hours(seconds: float, expected: str) -> None:
    """A run of days is shown in hours."""
    assert clock(seconds) == expected
