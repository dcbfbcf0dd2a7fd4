"""One line for each kind of result."""

from typing import Any

import msgspec
import pytest

from cli.lines import RESULTS, line, told, why
from schemas.results import (
    AcceptedAction,
    AchievementUnlocked,
    Declined,
    DeclinedAction,
    LeaderboardUpdated,
    Notification,
    PeriodRecord,
    Posting,
    Rejected,
    RejectedRecord,
    TierChanged,
)

AT = "2025-12-07T23:51:00.000Z"
POSTING = Posting(
    id="ord-1#purchase",
    action_id="ord-1",
    program="loyalty",
    user_id="u-123",
    action="PURCHASE",
    kind="earn",
    currency="points",
    points=4,
    lifetime_points=4,
    base_points=1,
    multiplier=4,
    balance=1504,
    lifetime=1504,
    tier="GOLD",
    category=None,
    sequence=812,
    actor=None,
    occurred_at=AT,
    expires_at=None,
    lots=[],
    scores=[],
    rule="loyalty@2025-01-01/purchase",
    reason=None,
    reference={},
    why=[("order_value * 0.01", "1"), ("tier GOLD * 2", "2"), ("floor", "2")],
    scale=0,
)
SHORT: dict[str, Any] = {"id": "x#1", "program": "loyalty", "user_id": "u-123", "occurred_at": AT}
ACTION: dict[str, Any] = {"action_id": "x", "action": "SIGNUP", "reference": {}, "rule": "r"}
CLOSED = PeriodRecord(
    id="close@1#closed",
    program="loyalty",
    board="global",
    period="weekly:2025-W49",
    kind="closed",
    starts_at="2025-12-01T00:00:00.000Z",
    ends_at="2025-12-08T00:00:00.000Z",
    participants=4012,
    points=1_200_345,
    average="299.189",
    median="120.000",
    winners=[(1, "u-123", 1200), (2, "u-7", 800)],
    top=[(1, "u-123", 1200), (2, "u-7", 800)],
    positions={"rewards.earned:0": 812},
    keep_until="2025-12-22T00:00:00.000Z",
    changed=0,
    changes=[],
    occurred_at="2025-12-08T00:00:00.000Z",
)
STANDING = LeaderboardUpdated(
    **SHORT,
    board="global",
    period="weekly:2025-W49",
    score=1200,
    old_score=1150,
    rank=3,
    old_rank=5,
    participants=4012,
)

CASES = [
    (
        "rewards.earned",
        POSTING,
        (
            "2025-12-07 23:51:00 u-123                +4 points PURCHASE           balance 1,504"
            "  GOLD  ord-1#purchase"
        ),
    ),
    (
        "rewards.earned",
        msgspec.structs.replace(POSTING, points=-30, kind="adjust", reason="typo", tier=None),
        (
            "2025-12-07 23:51:00 u-123               -30 points PURCHASE           balance 1,504"
            "  adjust  (typo)  ord-1#purchase"
        ),
    ),
    (
        "rewards.earned",
        msgspec.structs.replace(POSTING, points=1796, balance=12_000, currency="kg", scale=3),
        (
            "2025-12-07 23:51:00 u-123            +1.796 kg PURCHASE           balance 12"
            "  GOLD  ord-1#purchase"
        ),
    ),
    (
        "actions.accepted",
        AcceptedAction(**SHORT, **ACTION),
        "2025-12-07 23:51:00 u-123                 · accepted SIGNUP             x",
    ),
    (
        "actions.declined",
        DeclinedAction(
            **SHORT, **ACTION, reason=Declined.COOLING_DOWN, message="60 minutes", retry_at=AT
        ),
        (
            "2025-12-07 23:51:00 u-123                 ✗ declined SIGNUP             cooling_down: "
            f"60 minutes, again from {AT}  x"
        ),
    ),
    (
        "actions.rejected",
        RejectedRecord(
            id="actions/3/17",
            reason=Rejected.UNREADABLE,
            message="no JSON",
            topic="actions",
            partition=3,
            offset=17,
            append_time=AT,
            action_id=None,
            program=None,
            user_id=None,
            value=None,
            value_base64="/w==",
            headers={},
        ),
        "2025-12-07 23:51:00 ?                     ! rejected unreadable: no JSON  actions/3/17",
    ),
    (
        "tier.changed",
        TierChanged(
            **SHORT,
            ladder="tier",
            old="BRONZE",
            new="SILVER",
            direction="up",
            value=5010,
            threshold=5000,
            actor=None,
        ),
        (
            "2025-12-07 23:51:00 u-123                 ▲ tier   BRONZE → SILVER at 5,010"
            " (from 5,000 on)"
        ),
    ),
    (
        "achievements.unlocked",
        AchievementUnlocked(
            **SHORT,
            achievement="WEEKLY_CHAMPION",
            kind="badge",
            level=2,
            state="EARNED",
            payload=None,
            expires_at=None,
            actor=None,
        ),
        "2025-12-07 23:51:00 u-123                 ★ badge    WEEKLY_CHAMPION EARNED level 2",
    ),
    (
        "periods.closed",
        CLOSED,
        (
            "2025-12-08 00:00:00 global weekly:2025-W49        ◆ period   closed, 4,012 took part,"
            " 1. u-123 1,200, 2. u-7 800"
        ),
    ),
    (
        "periods.closed",
        msgspec.structs.replace(CLOSED, kind="opened", participants=0, winners=[]),
        "2025-12-08 00:00:00 global weekly:2025-W49        ◆ period   opened, 0 took part",
    ),
    (
        "periods.closed",
        msgspec.structs.replace(CLOSED, kind="restated", winners=[], changed=1, changes=[]),
        (
            "2025-12-08 00:00:00 global weekly:2025-W49        ◆ period   restated,"
            " 1 scores differ from the result"
        ),
    ),
    (
        "notifications.send",
        Notification(
            **SHORT,
            type="winner",
            title="You won",
            message="Place 1 of the week",
            data={"place": 1},
        ),
        "2025-12-07 23:51:00 u-123                 ✉ winner   You won: Place 1 of the week",
    ),
    (
        "leaderboard.updated",
        STANDING,
        (
            "2025-12-07 23:51:00 u-123                 # global weekly:2025-W49 #5 → #3 of 4,012,"
            " score 1,200 (+50)"
        ),
    ),
    (
        "leaderboard.updated",
        msgspec.structs.replace(STANDING, old_score=None, old_rank=None),
        (
            "2025-12-07 23:51:00 u-123                 # global weekly:2025-W49 #3 of 4,012,"
            " score 1,200 (+1,200)"
        ),
    ),
    (
        "leaderboard.updated",
        msgspec.structs.replace(STANDING, score=0, rank=None),
        (
            "2025-12-07 23:51:00 u-123                 # global weekly:2025-W49 #5 → off of 4,012,"
            " score 0 (-1,150)"
        ),
    ),
]


@pytest.mark.parametrize(("topic", "said", "expected"), CASES)
def test_a_result_is_told_in_one_line(topic: str, said: object, expected: str) -> None:
    """When, who, what and the rest stand in one line, in columns."""
    assert line(topic, msgspec.json.encode(said)).plain == expected


def test_every_result_topic_is_told() -> None:
    """No topic that `tail` follows by default is left to its raw JSON."""
    assert {topic for topic, _, _ in CASES} == set(RESULTS)


@pytest.mark.parametrize("value", [b'{"id": "x"}', b"\xff\xfe"], ids=["another form", "no text"])
def test_what_is_not_of_the_form_is_shown_as_it_is(value: bytes) -> None:
    """A record of another form never ends `tail`."""
    assert line("rewards.earned", value).plain == value.decode(errors="replace")


def test_points_are_told_with_every_step_of_their_sum() -> None:
    """Below a posting stands what anyone can redo by hand."""
    assert why(POSTING).plain == (
        "loyalty@2025-01-01/purchase:  order_value * 0.01 = 1  →  tier GOLD * 2 = 2  →  floor = 2"
    )
    assert told([("rewards.earned", msgspec.json.encode(POSTING))]).row_count == 2
