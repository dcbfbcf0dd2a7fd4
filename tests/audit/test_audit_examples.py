"""The second book by hand, program by program: the worked examples and what stands at the edges."""

from typing import Any

import pytest

from tests.audit.by_hand import Told, in_short

Rows = list[tuple[str, dict[str, Any], str]]
"""(action type, its facts with perhaps `user` and `at`, its outcome in short)."""

ADJUST = {"reason": "r", "created_by": "otto"}


def report(start: str, minutes: int, **facts: object) -> dict[str, Any]:
    """A report of a machine that began at a time of the 6th of October, as its end is told."""
    hour, minute = map(int, start.split(":"))
    end = hour * 60 + minute + minutes
    ended_at = f"2025-10-06T{end // 60:02d}:{end % 60:02d}:00Z"
    nothing = {"scrapes_ok": 0, "scrapes_failed": 0, "bandwidth_mb": 0, "cpu_percent": 0}
    told = {"started_at": f"2025-10-06T{start}:00Z", "ended_at": ended_at, "at": ended_at}
    return nothing | told | {"uptime_minutes": minutes} | facts


def bought(status: str, amount: str = "4.99") -> dict[str, Any]:
    """A payment for the smallest package."""
    told = {"payment": "p", "provider": "stripe", "package": "starter", "currency": "USD"}
    return told | {"amount": amount, "status": status}


LOYALTY: dict[str, Rows] = {
    "a streak's seventh day, its bonus without the tier": [
        ("MANUAL_ADJUSTMENT", {"points": 10_000, **ADJUST}, "10000"),
        *(("LOGIN", {"at": f"2025-10-0{day}T12:00:00Z"}, "10") for day in range(1, 7)),
        ("LOGIN", {"at": "2025-10-07T12:00:00Z"}, "10 + 50"),
        ("LOGIN", {"at": "2025-10-07T13:00:00Z"}, "once_only"),
        ("LOGIN", {"at": "2025-10-09T12:00:00Z"}, "10"),
    ],
    "lots: the earliest first, and what expires": [
        ("PURCHASE", {"order_value": 1_000, "at": "2025-03-01T00:00:00Z"}, "10"),
        ("PURCHASE", {"order_value": 5_000, "at": "2025-04-01T00:00:00Z"}, "50"),
        ("REDEMPTION", {"points": 30, "reward": "m", "at": "2025-05-01T00:00:00Z"}, "-30"),
        ("EXPIRATION", {"at": "2026-03-01T00:00:00Z"}, "accepted"),
        ("EXPIRATION", {"at": "2026-03-31T23:59:59.999Z"}, "accepted"),
        ("EXPIRATION", {"at": "2026-04-01T00:00:00Z"}, "-30"),
    ],
    "a later action finds a lot past its time": [
        ("PURCHASE", {"order_value": 1_000, "at": "2025-03-01T00:00:00Z"}, "10"),
        ("REVIEW", {"product_id": "p", "at": "2026-03-01T00:00:00Z"}, "-10 + 20"),
        ("REDEMPTION", {"points": 21, "reward": "m"}, "insufficient_balance"),
    ],
    "a debt is paid first": [
        ("MANUAL_ADJUSTMENT", {"points": -30, **ADJUST}, "-30"),
        ("REDEMPTION", {"points": 1, "reward": "m"}, "insufficient_balance"),
        ("PURCHASE", {"order_value": 10_000}, "100"),
        ("REDEMPTION", {"points": 71, "reward": "m"}, "insufficient_balance"),
        ("REDEMPTION", {"points": 70, "reward": "m"}, "-70"),
    ],
    "two steps: set aside, spent, given back, lapsed": [
        ("PURCHASE", {"order_value": 5_000}, "50"),
        ("RESERVE", {"points": 30, "reward": "m"}, "-30"),
        ("REDEMPTION", {"points": 21, "reward": "m"}, "insufficient_balance"),
        ("CONFIRM", {"reservation": "a-1"}, "-30"),
        ("CANCEL", {"reservation": "a-1"}, "condition"),
        ("RESERVE", {"points": 5, "reward": "m"}, "-5"),
        ("CANCEL", {"reservation": "a-5"}, "5"),
        ("RESERVE", {"points": 20, "reward": "m"}, "-20"),
        ("CONFIRM", {"reservation": "a-7", "at": "2025-10-06T12:30:00Z"}, "condition"),
        ("RESERVE_LAPSE", {}, "20"),
        ("REDEMPTION", {"points": 20, "reward": "m"}, "-20"),
    ],
    "a reversal: in parts, of what was spent, of what expired": [
        ("PURCHASE", {"order_value": 5_000}, "50"),
        ("REVERSAL", {"action_id": "a-0", "points": 20}, "-20"),
        ("REVERSAL", {"action_id": "a-0", "points": 31}, "condition"),
        ("REDEMPTION", {"points": 10, "reward": "m"}, "-10"),
        ("REVERSAL", {"action_id": "a-0"}, "-30"),
        ("REVERSAL", {"action_id": "a-0"}, "condition"),
        ("REVERSAL", {"action_id": "nobody's"}, "condition"),
        ("PURCHASE", {"order_value": 5_000, "at": "2025-10-07T12:00:00Z"}, "50"),
        ("REVERSAL", {"action_id": "a-7", "at": "2026-10-07T12:00:00Z"}, "not_reversible"),
    ],
    "a suspended member": [
        ("SUSPEND", {"until": "2025-10-07T12:00:00Z", "reason": "r"}, "accepted"),
        ("LOGIN", {}, "suspended"),
        ("MANUAL_ADJUSTMENT", {"points": 10, **ADJUST}, "10"),
        ("REDEMPTION", {"points": 1, "reward": "m"}, "suspended"),
        ("PROFILE", {"country": "DE"}, "moved"),
        ("LOGIN", {"at": "2025-10-07T11:59:59.999Z"}, "suspended"),
        ("LOGIN", {"at": "2025-10-07T12:00:00Z"}, "5"),
    ],
    "moving in, once and first": [
        ("OPENING", {"balances": {"points": 9}, "counts": {"REVIEW": 1.5}}, "condition"),
        (
            "OPENING",
            {
                "balances": {"points": 9_000},
                "lifetimes": {"points": 12_000},
                "lots": {"points": [[30, "2025-12-01T00:00:00Z"]]},
                "counts": {"REFERRAL": 9},
            },
            "9000",
        ),
        ("OPENING", {"balances": {"points": 9}}, "once_only"),
        ("REVIEW", {"product_id": "p"}, "40"),
        ("EXPIRATION", {"at": "2025-12-01T00:00:00Z"}, "-30"),
    ],
    "an erased account": [
        ("REVIEW", {"product_id": "p"}, "20"),
        ("ERASE", ADJUST, "moved"),
        ("REVIEW", {"product_id": "q"}, "not_allowed"),
        ("ERASE", ADJUST, "not_allowed"),
    ],
}

TRADING: dict[str, Rows] = {
    "the first trade, with profit": [
        ("TRADE_EXECUTE", {"volumeUSD": 7_500, "profitPercent": 60}, "60 + 100 + 200"),
        ("TRADE_EXECUTE", {"volumeUSD": 150, "profitPercent": 12}, "23"),
        ("TRADE_EXECUTE", {"volumeUSD": "99.99", "profitPercent": "9.9999"}, "10"),
    ],
    "profit is in dollars, in percent only where they are missing": [
        ("TRADE_EXECUTE", {"profitUsd": 0, "profitPercent": 5}, "10 + 100"),
        ("TRADE_EXECUTE", {"profitUsd": -1, "profitPercent": 5}, "10"),
        ("TRADE_EXECUTE", {"profitPercent": "0.0001"}, "10 + 200"),
    ],
    "seven days in a row": [
        ("TRADE_EXECUTE", {"at": "2025-10-01T00:00:00Z"}, "10 + 100"),
        *(("TRADE_EXECUTE", {"at": f"2025-10-0{day}T23:00:00Z"}, "10") for day in range(2, 7)),
        ("TRADE_EXECUTE", {"at": "2025-10-07T00:00:00Z"}, "10 + 500"),
        ("TRADE_EXECUTE", {"at": "2025-10-08T00:00:00Z"}, "10"),
    ],
    "copies, and whom they pay": [
        ("COPY_TRADE", {"source_user": "bert", "success": True, "delayMs": 4_999}, "15"),
        ("COPY_TRADE", {"source_user": "bert", "success": True, "delayMs": 5_000}, "10"),
        ("COPY_TRADE", {"source_user": "bert", "success": True, "user": "carl"}, "10"),
        ("COPY_TRADE", {"source_user": "bert", "success": False, "delayMs": 999}, "10"),
        ("COPY_TRADE", {"source_user": "anna", "success": True}, "10"),
        ("ADJUST", {"points": -80, "user": "bert", **ADJUST}, "-80"),
    ],
    "sixty a minute": [
        *(("STAKE_SSE", {"at": f"2025-10-06T12:00:{n:02d}Z"}, "15") for n in range(60)),
        ("STAKE_SSE", {"at": "2025-10-06T12:00:59.999Z"}, "rate_limited"),
        ("STAKE_SSE", {"at": "2025-10-06T12:01:00Z"}, "15"),
        ("STAKE_SSE", {"at": "2025-10-06T12:00:30Z"}, "rate_limited"),
    ],
    "the referrer, remembered": [
        ("SIGNUP", {"referrer": "bert", "user": "bert"}, "self_referral"),
        ("SIGNUP", {"referrer": "carl"}, "accepted"),
        ("TRADE_EXECUTE", {}, "10 + 100"),
        ("ADJUST", {"points": 1, "user": "carl", **ADJUST}, "1"),
    ],
}
WAITLIST: dict[str, Rows] = {
    "a referral counts when the address is verified": [
        ("SIGNUP", {"code": "A"}, "1"),
        *(("SIGNUP", {"referral_code": "A", "user": f"u-{n}"}, "1") for n in range(10)),
        *(("EMAIL_VERIFIED", {"user": f"u-{n}"}, "5") for n in range(10)),
        ("MANUAL", {"points": -200, "reason": "r"}, "-200"),
        ("SIGNUP", {"referral_code": "B", "user": "u-1"}, "already_referred"),
        ("SIGNUP", {"user": "u-1"}, "once_only"),
    ],
    "a campaign's dates stop members, not admins": [
        ("SIGNUP", {"at": "2026-06-30T23:59:59.999Z"}, "1"),
        ("SIGNUP", {"at": "2026-07-01T00:00:00Z", "user": "bert"}, "inactive"),
        ("MANUAL", {"points": 5, "reason": "r"}, "5"),
        ("REWARD_GRANT", {"reward": "SWAG"}, "accepted"),
        ("REWARD_GRANT", {"reward": "SWAG"}, "once_only"),
        ("REWARD_GRANT", {"reward": "CAR"}, "condition"),
    ],
    "rewards: earned once, delivered once": [
        ("MANUAL", {"points": 99, "reason": "r"}, "99"),
        ("REWARD_DELIVERED", {"reward": "BETA_FEATURE"}, "condition"),
        ("MANUAL", {"points": 1, "reason": "r"}, "1"),
        ("REWARD_DELIVERED", {"reward": "BETA_FEATURE"}, "accepted"),
        ("REWARD_DELIVERED", {"reward": "BETA_FEATURE"}, "once_only"),
    ],
}
FORUM: dict[str, Rows] = {
    "the primary path multiplies the award": [
        ("JOIN_PATH", {"path": "poet"}, "condition"),
        ("SET_PRIMARY_PATH", {"path": "creator"}, "moved"),
        ("THREAD_CREATE", {}, "40"),
        ("POST_CREATE", {}, "15"),
        ("POST_CREATE", {"at": "2025-10-06T12:00:29.999Z"}, "cooling_down"),
        ("LEAVE_PATH", {"path": "creator"}, "moved"),
        ("POST_CREATE", {"at": "2025-10-06T12:00:30Z"}, "10"),
    ],
    "levels grant once, skipped ones too": [
        ("ADJUST_XP", {"points": 99, **ADJUST}, "99"),
        ("ADJUST_XP", {"points": 201, **ADJUST}, "201 + 20 + 30"),
        ("ADJUST_XP", {"points": -300, **ADJUST}, "-300"),
        ("ADJUST_XP", {"points": 300, **ADJUST}, "300"),
        ("TRANSFER", {"to": "bert", "amount": 51}, "insufficient_balance"),
        ("TRANSFER", {"to": "bert", "amount": 50}, "-50"),
        ("TRANSFER", {"to": "anna", "amount": 1}, "condition"),
        ("TRANSFER", {"to": "anna", "amount": 50, "user": "bert"}, "-50"),
        ("TIP", {"to": "bert", "amount": 50}, "-50 + 5"),
    ],
    "what cannot be booked comes back": [
        ("ADJUST_DGT", {"points": 10, **ADJUST}, "10"),
        ("ERASE", {"user": "bert", **ADJUST}, "accepted"),
        ("TRANSFER", {"to": "bert", "amount": 10}, "-10"),
        ("TRANSFER", {"to": "carl", "amount": 10}, "-10"),
    ],
    "a payment pays once, and is taken back": [
        ("DGT_PURCHASE", bought("pending"), "accepted"),
        ("DGT_PURCHASE", bought("completed"), "accepted"),
        ("DGT_PURCHASE", bought("completed"), "accepted"),
        ("DGT_PURCHASE", bought("completed", amount="4.98"), "condition"),
        ("TRANSFER", {"to": "bert", "amount": 60}, "-60"),
        ("DGT_PURCHASE", bought("refunded"), "accepted"),
        ("DGT_PURCHASE", bought("refunded"), "accepted"),
    ],
    "a boost, bought twice, holds twice as long": [
        ("ADJUST_DGT", {"points": 250, **ADJUST}, "250"),
        ("UNLOCK", {"unlock": "XP_BOOST"}, "-100"),
        ("SPECIAL_EVENT", {}, "50"),
        ("UNLOCK", {"unlock": "XP_BOOST", "at": "2025-10-07T11:59:59.999Z"}, "-100"),
        ("SPECIAL_EVENT", {"at": "2025-10-08T11:59:59.999Z"}, "50 + 20"),
        ("SPECIAL_EVENT", {"at": "2025-10-08T12:00:00Z"}, "25"),
        ("UNLOCK", {"unlock": "BADGE_FRAME"}, "-50"),
        ("UNLOCK", {"unlock": "BADGE_FRAME"}, "once_only"),
        ("UNLOCK", {"unlock": "GOLD_NAME"}, "insufficient_balance"),
        ("UNLOCK", {"unlock": "CAR"}, "condition"),
    ],
    "the first login of a streak, and the tenth": [
        *(
            ("DAILY_LOGIN", {"at": f"2025-10-{day:02d}T12:00:00Z"}, f"5 + {2 * day}")
            for day in range(1, 6)
        ),
        ("DAILY_LOGIN", {"at": "2025-10-06T12:00:00Z"}, "5 + 12"),
        ("DAILY_LOGIN", {"at": "2025-10-07T12:00:00Z"}, "5 + 14"),
        ("DAILY_LOGIN", {"at": "2025-10-08T12:00:00Z"}, "5 + 16 + 20"),
        ("DAILY_LOGIN", {"at": "2025-10-09T12:00:00Z"}, "5 + 18"),
        ("DAILY_LOGIN", {"at": "2025-10-10T12:00:00Z"}, "5 + 20"),
        ("DAILY_LOGIN", {"at": "2025-10-11T12:00:00Z"}, "5 + 20"),
    ],
}

CONTRIBUTION: dict[str, Rows] = {
    "an hour's report": [
        (
            "CONTRIBUTION",
            report("10:00", 60, scrapes_ok=10, scrapes_failed=2, bandwidth_mb=50, cpu_percent=20),
            "118000",
        ),
    ],
    "held until the day has ten minutes": [
        ("CONTRIBUTION", report("10:00", 5), "5000"),
        ("CONTRIBUTION", report("10:05", 4), "4000"),
        ("CONTRIBUTION", report("10:10", 1), "rate_limited"),
        ("CONTRIBUTION", report("10:13", 1), "5000 + 4000 + 1000"),
        ("CONTRIBUTION", report("10:20", 4), "4000"),
    ],
    "forfeited when the day ends before": [
        ("CONTRIBUTION", report("10:00", 5), "5000"),
        ("HOLD_END", {"at": "2025-10-06T23:59:59.999Z"}, "accepted"),
        ("HOLD_END", {"at": "2025-10-07T00:00:00Z"}, "-5000"),
        ("HOLD_END", {}, "accepted"),
    ],
    "quality, topics, the cap of the day": [
        ("CONTRIBUTION", report("10:00", 60, quality="0.95", topics_found=2), "72000 + 50000"),
        ("CONTRIBUTION", report("11:00", 60, bandwidth_mb=9_000, quality="0.9499"), "878000"),
        ("CONTRIBUTION", report("12:00", 60), "daily_limit"),
    ],
    "too many failures": [
        ("CONTRIBUTION", report("10:00", 60, scrapes_ok=9, scrapes_failed=11), "49750"),
        ("CONTRIBUTION", report("11:00", 60, scrapes_ok=10, scrapes_failed=10), "105000"),
        ("CONTRIBUTION", report("12:00", 5, scrapes_failed=10), "rounds_to_zero"),
    ],
    "three reports that nobody believes": [
        ("CONTRIBUTION", report("10:00", 60), "60000"),
        ("CONTRIBUTION", report("10:59", 60), "condition"),
        ("CONTRIBUTION", report("11:00", 60, uptime_minutes="60.001"), "condition"),
        ("CONTRIBUTION", report("11:30", 30, ended_at="2025-10-06T12:05:00.001Z"), "condition"),
        ("CONTRIBUTION", report("12:00", 60), "suspended"),
        ("CONTRIBUTION", report("12:00", 60) | {"at": "2025-10-07T11:59:59.999Z"}, "suspended"),
        ("CONTRIBUTION", report("12:00", 60) | {"at": "2025-10-07T12:00:00Z"}, "60000"),
    ],
}

EXAMPLES = {
    f"{program}: {title}": (program, rows)
    for program, examples in (
        ("loyalty", LOYALTY),
        ("trading", TRADING),
        ("waitlist-alpha", WAITLIST),
        ("forum", FORUM),
        ("contribution", CONTRIBUTION),
    )
    for title, rows in examples.items()
}


BALANCES = [
    ("trading: copies, and whom they pay", "bert", "score", (0, 0)),
    ("trading: the referrer, remembered", "carl", "score", (126, 126)),
    # 1 for the sign-up, 10 a referral, 25 for the first, 50 for the fifth, 5 for the tenth.
    (
        "waitlist-alpha: a referral counts when the address is verified",
        "anna",
        "points",
        (-19, -19),
    ),
    ("forum: levels grant once, skipped ones too", "bert", "xp", (10, 10)),
    ("forum: levels grant once, skipped ones too", "bert", "dgt", (50, 0)),
    ("forum: what cannot be booked comes back", "anna", "dgt", (0, 10)),
    ("forum: what cannot be booked comes back", "carl", "dgt", (10, 0)),
    ("forum: a payment pays once, and is taken back", "anna", "dgt", (-60, 0)),
    (
        "loyalty: a reversal: in parts, of what was spent, of what expired",
        "anna",
        "points",
        (40, 50),
    ),
    ("loyalty: moving in, once and first", "anna", "points", (9_010, 12_040)),
    ("contribution: forfeited when the day ends before", "anna", "points", (0, 0)),
]


@pytest.mark.parametrize("title", EXAMPLES)
def test_examples(title: str) -> None:
    """Each action comes to what was worked out by hand, and what is derived arrives."""
    program, rows = EXAMPLES[title]
    told = Told(program)
    outcomes = [in_short(told.tell(kind, **facts)) for kind, facts, _ in rows]
    assert outcomes == [outcome for *_, outcome in rows]
    assert told.book.expected == told.book.arrived


@pytest.mark.parametrize(("title", "user", "currency", "amounts"), BALANCES)
def test_balances(title: str, user: str, currency: str, amounts: tuple[int, int]) -> None:
    """What an example leaves: balance and lifetime."""
    program, rows = EXAMPLES[title]
    told = Told(program)
    for kind, facts, _ in rows:
        told.tell(kind, **facts)
    member = told.member(user)
    assert (member.balance[currency], member.lifetime[currency]) == amounts
