"""The second book by hand: worked examples, edges of the rules, broken records."""

import json
from ast import literal_eval
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from audit.book import Book, Position
from audit.periods import read_instant
from audit.records import ACTIONS, INTERNAL, Record, Turn
from deploy.broken import BROKEN, Make
from schemas.program_files import read_program_file
from schemas.programs import encode_published, publish

PROGRAM = Path(__file__).parents[2] / "programs" / "loyalty" / "2025-01-01.yaml"
OCTOBER = "2025-10-06T12:00:00Z"  # a Monday, without promotions
DECEMBER = "2025-12-07T23:51:00Z"  # PURCHASE counts twice
MINUTE_MS = 60_000
DAY_MS = 1_440 * MINUTE_MS

Told = dict[str, Any]


@cache
def rules(**changes: str) -> list[Record]:
    """The published program, in force from the first action on."""
    document = read_program_file(PROGRAM).content | changes
    version = publish(document, lead_ms=0, published_at=0, published_by="test")
    return [Record("rules", 0, 0, 0, version.version.encode(), encode_published(version))]


def at(moment: str, later_ms: int = 0) -> int:
    """Epoch ms of a moment, and so much later."""
    read = read_instant(moment)
    assert read is not None
    return read + later_ms


def action(kind: str, when: int, /, user_id: str = "u-1", **data: object) -> Told:
    """An action without an id; its place in the list gives one."""
    return {
        "program": "loyalty",
        "user_id": user_id,
        "type": kind,
        "occurred_at": when,
        "data": data,
    }


def recount(told: list[Told], *, late_ms: int = 0, published: list[Record] | None = None) -> Book:
    """The book of one partition's outside actions, each taken so long after it happened."""
    bodies: list[Told] = [{"id": f"a-{n}"} | body for n, body in enumerate(told)]
    records = [
        Record(ACTIONS, 0, n, body["occurred_at"] + late_ms, b"", json.dumps(body).encode())
        for n, body in enumerate(bodies)
    ]
    turns = [Turn(0, (0, 0), (0, len(records)))]
    return Book.of(records, turns, published or rules(), partitions=1)


def outcomes(book: Book, user_id: str = "u-1") -> list[str]:
    """What became of a member's actions, in order, in words."""
    return [str(outcome) for outcome in book.members["loyalty", user_id].outcomes.values()]


def adjustment(points: int, when: int) -> Told:
    """An admin's adjustment, which takes a member to a tier."""
    return action("MANUAL_ADJUSTMENT", when, points=points, reason="test", created_by="admin")


@pytest.mark.parametrize(
    ("lifetime", "moment", "order_value", "expected"),
    [
        (10_000, DECEMBER, 100, "posted 4 points"),
        (0, OCTOBER, 55, "declined rounds_to_zero"),
        (5_000, OCTOBER, 12_345.67, "posted 185 points"),
        (50_000, DECEMBER, 999.99, "posted 99 points"),
        (4_999, OCTOBER, "100.00", "posted 1 points"),
        (20_000, OCTOBER, 100, "posted 3 points"),
        (0, "2025-11-30T23:59:59.999Z", 100, "posted 1 points"),
        (0, "2025-12-01T00:00:00Z", 100, "posted 2 points"),
        (0, "2025-12-31T23:59:59.999Z", 100, "posted 2 points"),
        (0, "2026-01-01T00:00:00Z", 100, "posted 1 points"),
    ],
)
def test_purchases(lifetime: int, moment: str, order_value: object, expected: str) -> None:
    """A purchase gives what programs.md works out by hand: tier, promotion, one floor at the end."""
    before = [adjustment(lifetime, at(moment))] if lifetime else []
    book = recount([*before, action("PURCHASE", at(moment), order_value=order_value)])
    assert outcomes(book)[-1] == expected


def test_the_tier_before_the_action_multiplies() -> None:
    """A review that reaches SILVER still gives 20 points; the next one gives 30."""
    reviews = [action("REVIEW", at(OCTOBER), product_id=product) for product in "xy"]
    book = recount([adjustment(4_990, at(OCTOBER)), *reviews])
    assert outcomes(book)[1:] == ["posted 20 points", "posted 30 points"]
    climbs = book.members["loyalty", "u-1"].climbs
    assert [climb[1:] for climb in climbs] == [("tier", "BRONZE", "SILVER")]


@pytest.mark.parametrize(
    ("lifetime", "minutes", "expected"),
    [
        (0, (0, 59, 60, 119, 120), ["10", "cooling_down", "10", "cooling_down", "10"]),
        (0, (0, 60, 120, 180), ["10", "10", "10", "daily_limit"]),
        (10_000, (0, 60, 120), ["20", "10", "daily_limit"]),
        (50_000, (0, 60), ["30", "daily_limit"]),
        (0, (120, 61, 60), ["10", "cooling_down", "10"]),
        (0, (0, 120, 70), ["10", "10", "cooling_down"]),
    ],
)
def test_shares_keep_their_distance_and_their_cap(
    lifetime: int, minutes: tuple[int, ...], expected: list[str]
) -> None:
    """At most 30 points of shares a day, 60 minutes between any two, late ones included."""
    before = [adjustment(lifetime, at(OCTOBER))] if lifetime else []
    shares = [action("SOCIAL_SHARE", at(OCTOBER, minute * MINUTE_MS)) for minute in minutes]
    told = outcomes(recount([*before, *shares]))[len(before) :]
    assert [outcome.split(" ")[1] for outcome in told] == expected


def test_reviews_pay_once_a_product_and_five_times_a_day() -> None:
    """The product counts for ever, the five times anew each day."""
    told = [action("REVIEW", at(OCTOBER), product_id=product) for product in "aabcdef"]
    told.append(action("REVIEW", at(OCTOBER, DAY_MS), product_id="f"))
    told.append(action("REVIEW", at(OCTOBER, DAY_MS), product_id="a"))
    expected = ["20", "once_only", "20", "20", "20", "20", "daily_limit", "20", "once_only"]
    assert [outcome.split(" ")[1] for outcome in outcomes(recount(told))] == expected


@pytest.mark.parametrize(
    ("months", "expected"),
    [(("2025-01", "2025-12"), "once_only"), (("2025-12", "2026-01"), "500")],
)
def test_birthdays_come_once_a_calendar_year(months: tuple[str, str], expected: str) -> None:
    """The second bonus of a year is refused, the next year's paid."""
    told = [action("BIRTHDAY_BONUS", at(f"{month}-15T00:00:00Z")) for month in months]
    assert outcomes(recount(told))[1].split(" ")[1] == expected


@pytest.mark.parametrize(
    ("late_ms", "expected"),
    [
        (7 * DAY_MS, "posted 1 points"),
        (7 * DAY_MS + 1, "declined too_late"),
        (-5 * MINUTE_MS, "posted 1 points"),
    ],
)
def test_lateness(late_ms: int, expected: str) -> None:
    """Exactly seven days late and exactly five minutes early are taken."""
    told = [action("PURCHASE", at(OCTOBER), order_value=100)]
    assert outcomes(recount(told, late_ms=late_ms)) == [expected]


def test_the_future_is_rejected() -> None:
    """A millisecond more than five minutes ahead is no valid action and leaves nothing."""
    told = [action("PURCHASE", at(OCTOBER), order_value=100)]
    book = recount(told, late_ms=-5 * MINUTE_MS - 1)
    assert book.rejections == {(ACTIONS, 0, 0): "from_the_future"}
    assert book.members == {}


def test_an_id_counts_once_whatever_its_body() -> None:
    """The same id is the same action: a repeat adds a record of its own and nothing else."""
    told = [
        action("PURCHASE", at(OCTOBER), order_value=value) | {"id": "x"} for value in (100, 900)
    ]
    book = recount(told)
    assert outcomes(book) == ["posted 1 points"]
    assert list(book.repeats) == [(ACTIONS, 0, 1)]


def test_demotion_comes_at_once_and_in_one_step() -> None:
    """Lifetime falls by an adjustment, and with it the tier, over two steps in one change."""
    book = recount([adjustment(10_000, at(OCTOBER)), adjustment(-9_000, at(OCTOBER))])
    climbs = book.members["loyalty", "u-1"].climbs
    assert [climb[2:] for climb in climbs] == [("BRONZE", "GOLD"), ("GOLD", "BRONZE")]


def test_boards_hold_every_period_and_move_with_the_member() -> None:
    """Points stand on all boards of their own moment; a profile and a tier take the whole score along."""
    book = recount(
        [
            action("PURCHASE", at("2024-12-30T10:00:00Z"), order_value=100),
            adjustment(5_000, at("2025-10-06T12:00:00Z")),
            action("PROFILE", at("2025-10-07T12:00:00Z"), country="DE"),
            action("PROFILE", at("2025-10-08T12:00:00Z"), country="FR"),
        ],
        published=rules(effective_from="2024-01-01"),
    )
    scores = {board: place[0].score for board, place in book.boards()["loyalty"].items()}
    assert scores == {
        ("global", "all_time"): 5_001,
        ("global", "daily:2024-12-30"): 1,
        ("global", "weekly:2025-W01"): 1,
        ("global", "monthly:2024-12"): 1,
        ("global", "quarterly:2024-Q4"): 1,
        ("global", "yearly:2024"): 1,
        ("global", "daily:2025-10-06"): 5_000,
        ("global", "weekly:2025-W41"): 5_000,
        ("global", "monthly:2025-10"): 5_000,
        ("global", "quarterly:2025-Q4"): 5_000,
        ("global", "yearly:2025"): 5_000,
        ("region:FR", "all_time"): 5_001,
        ("region:FR", "weekly:2025-W41"): 5_000,
        ("tier:SILVER", "all_time"): 5_001,
    }


def test_equal_scores_stand_by_moment_then_by_id() -> None:
    """Who reached a score earlier stands first; at the same moment the id's bytes decide."""
    told = [
        action("PURCHASE", at(OCTOBER, later), user_id, order_value=100)
        for user_id, later in (("u-3", 5), ("u-2", 7), ("ü", 5), ("u-1", 5), ("u-0", 9))
    ]
    places = recount(told).boards()["loyalty"]["global", "all_time"]
    assert [place.user_id for place in places] == ["u-1", "u-3", "ü", "u-2", "u-0"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (("owner", "friend"), "posted 100 points"),
        (("friend", "owner"), "posted 100 points"),
    ],
)
def test_a_code_finds_its_owner(order: tuple[str, str], expected: str) -> None:
    """Whichever signs up first, the owner of the code gets one REFERRAL for the friend."""
    signups = {
        "owner": action("SIGNUP", at(OCTOBER), "owner", code="C1"),
        "friend": action("SIGNUP", at(OCTOBER), "friend", referral_code="C1"),
    }
    book = follow_up([signups[name] for name in order])
    assert outcomes(book, "owner") == ["accepted", expected]
    assert book.expected == book.arrived


def follow_up(told: list[Told]) -> Book:
    """The book with every derived action arriving, in order, until none is missing."""
    book = recount(told)
    offset = 0
    while missing := list((book.expected - book.arrived).elements()):
        for derived in missing:
            body = {
                "id": f"x#{offset}",
                "program": derived.program,
                "user_id": derived.subject,
                "type": derived.type,
                "occurred_at": at(OCTOBER),
                "data": dict(literal_eval(derived.facts)),
                "version": derived.version,
            }
            value = json.dumps(body).encode()
            book.take(Record(INTERNAL, 0, offset, at(OCTOBER), b"", value))
            offset += 1
    return book


@pytest.mark.parametrize(
    ("told", "subject", "expected"),
    [
        (
            [
                action("SIGNUP", at(OCTOBER), "a", code="C1", referral_code="C1"),
            ],
            "code:C1",
            ["accepted", "declined self_referral"],
        ),
        (
            [action("SIGNUP", at(OCTOBER), name, code="C1") for name in "ab"],
            "code:C1",
            ["accepted", "declined once_only"],
        ),
        (
            [
                action("SIGNUP", at(OCTOBER), "a", **facts)
                for facts in ({}, {}, {"referral_code": "C"})
            ],
            "a",
            ["accepted", "declined once_only", "declined already_referred"],
        ),
        (
            [action("REFERRAL", at(OCTOBER), "a", referred_user=name) for name in "ab"],
            "a",
            ["declined self_referral", "posted 100 points"],
        ),
    ],
)
def test_codes_and_referrals_refuse(told: list[Told], subject: str, expected: list[str]) -> None:
    """A code has one owner, nobody refers themselves, and a sign-up counts once."""
    assert outcomes(follow_up(told), subject) == expected


@pytest.mark.parametrize(
    ("append", "expected"),
    [("2025-10-13T00:00:00Z", "posted 1000 points"), ("2025-10-12T23:59:59.999Z", "too_early")],
)
def test_prizes_wait_for_the_end_and_score_for_all_time_only(append: str, expected: str) -> None:
    """A job's prize for a week is too early before Monday; later it moves no periodic board."""
    body = action("WEEKLY_WINNER", at(OCTOBER), place=1, period="weekly:2025-W41") | {"id": "w"}
    record = Record(INTERNAL, 0, 0, at(append), b"", json.dumps(body).encode())
    book = Book.of([record], [Turn(0, (0, 1), (0, 0))], rules(), partitions=1)
    assert outcomes(book)[0].endswith(expected)
    boards = set(book.boards().get("loyalty", {}))
    paid = {("global", "all_time"), ("tier:BRONZE", "all_time")}
    assert boards == (paid if "posted" in expected else set())


@pytest.mark.parametrize(("reason", "make"), BROKEN)
def test_broken_records_are_rejected(reason: str, make: Make) -> None:
    """Every kind of broken record has its reason, and leaves nothing behind."""
    good = {
        **action("PURCHASE", at(OCTOBER), order_value=100),
        "id": "x",
        "occurred_at": OCTOBER,
    }
    record = Record(ACTIONS, 0, 0, at(OCTOBER), b"u-1", make(good))
    book = Book.of([record], [Turn(0, (0, 0), (0, 1))], rules(), partitions=1)
    assert book.rejections == {Position(ACTIONS, 0, 0): reason}
    assert book.members == {}
