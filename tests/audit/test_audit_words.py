"""The second book by hand, word by word: formulas, multipliers, limits, holds, lots, ladders."""

from typing import Any

import pytest

from audit.grammar import parse
from tests.audit.by_hand import Told, in_short

T0, T1, T2 = "2025-10-06T12:00:00Z", "2025-10-07T12:00:00Z", "2025-10-08T12:00:00Z"


def program(rule: dict[str, Any], *, action: dict[str, Any] | None = None, **parts: Any) -> Told:  # noqa: ANN401
    """A program of one action DO with one rule, an admin's GIFT, and effects that are asked for."""
    facts = {
        "n": {"type": "decimal(2)"},
        "m": {"type": "integer", "default": 3},
        "word": {"type": "text"},
        "yes": {"type": "flag"},
        "when": {"type": "moment"},
    }
    do = {"origin": "outside", "facts": facts, "rules": {"do": rule}} | (action or {})
    gift = {
        "origin": "admin",
        "facts": {"points": {"type": "integer", "required": True}},
        "rules": {"gift": {"kind": "adjust", "points": "points"}},
    }
    document = {
        "program": "words",
        "effective_from": "2025-01-01",
        "currencies": {"points": {"rounding": "nearest"}},
        "actions": {"DO": do, "GIFT": gift, **parts.pop("actions", {})},
    }
    return Told(document | parts)


@pytest.mark.parametrize(
    ("formula", "facts", "expected"),
    [
        ("1 + 2 * 3 - 4 % 3", {}, "6"),
        ("-(2 - 5) * 2", {}, "6"),
        ("0.5 * 3", {}, "2"),
        ("-0.5 * 3", {}, "-2"),
        ("min(m, 2) + max(m, 2)", {}, "5"),
        ("m * 10", {"m": 4}, "40"),
        ("n * 10", {}, "condition"),
        ("min(n, 2)", {}, "condition"),
        ("n * 10", {"n": "1.05"}, "11"),
        ("balance + lifetime * 2 + 1", {}, "16"),
        ("nth * 7 + count(GIFT) * 100", {}, "107"),
        ("table(worth, word)", {"word": "wolf"}, "9"),
        ("table(worth, word)", {"word": "mouse"}, "condition"),
        ("hour % 7000", {}, "2000"),
        ("weekday * 100 + hour_of_day", {}, "108"),
        ("table(worth, weekday)", {}, "4"),
    ],
)
def test_formulas(formula: str, facts: dict[str, Any], expected: str) -> None:
    """A sum comes to what is written; with something missing in it the rule gives nothing."""
    worth = {"wolf": 9, "1": 4}
    told = program({"points": formula}, tables={"worth": worth}, timezone="America/New_York")
    told.tell("GIFT", points=5)
    assert in_short(told.tell("DO", **facts)) == expected


@pytest.mark.parametrize(
    ("condition", "facts", "expected"),
    [
        ("n > 1 or m == 3", {}, True),
        ("n > 1 and m == 3", {}, False),
        ("n <= 1", {}, False),
        ("n > 1", {}, False),
        ("has(n)", {"n": 0}, True),
        ("has(m)", {}, True),
        ("not has(word)", {"word": ""}, True),
        ("yes and not word == 'b'", {"yes": True, "word": "a"}, True),
        ("yes", {"yes": False}, False),
        ("word != 'a'", {"word": "b"}, True),
        ("word != 'a'", {}, False),
        ("(n > 1 or n < 0) and not (n == 5)", {"n": 5}, False),
        ("when + 2 * hour > occurred_at", {"when": "2025-10-06T10:00:00.001Z"}, True),
        ("when + 2 * hour > occurred_at", {"when": 1_759_744_800_000}, False),
        ("occurred_at >= moment('2025-10-06') and user_id == 'anna'", {}, True),
        ("profile(country) == 'DE' and segment(vip)", {}, True),
        ("profile(country) != 'DE'", {"user": "bert"}, False),
        ("has(previous(n)) or has(memory(word))", {}, False),
        ("weekday == 1 and hour_of_day == 12 and has(weekday)", {}, True),
    ],
)
def test_conditions(condition: str, facts: dict[str, Any], *, expected: bool) -> None:
    """A comparison with something missing does not hold, nor does its opposite."""
    profile = {"PROFILE": {"origin": "service", "effect": "profile"}}
    told = program({"points": 1, "when": condition}, actions=profile)
    told.tell("PROFILE", country="DE", segments=["vip"])
    assert in_short(told.tell("DO", **facts)) == ("1" if expected else "condition")


@pytest.mark.parametrize("text", ["1 +", "f(", "1 2", "a ? b", "'open", "()", "a == b == c", ""])
def test_no_formulas(text: str) -> None:
    """What is not in the grammar is none."""
    with pytest.raises(ValueError, match=r"."):
        parse(text)


@pytest.mark.parametrize(
    ("multiply", "facts", "expected"),
    [
        ([{"bands": "n", "from": {"1": 2, "10": 3}}], {"n": "0.99"}, "10"),
        ([{"bands": "n", "from": {"1": 2, "10": 3}}], {"n": 1}, "20"),
        ([{"bands": "n", "from": {"10": 3, "1": 2}}], {"n": 10}, "30"),
        ([{"bands": "n", "from": {"1": 2}}], {}, "10"),
        ([{"bands": "n", "below": {"5": 1.5, "1": 2}}], {"n": "0.99"}, "20"),
        ([{"bands": "n", "below": {"5": 1.5, "1": 2}}], {"n": 1}, "15"),
        ([{"bands": "n", "below": {"5": 1.5, "1": 2}}], {"n": 5}, "10"),
        ([{"by": 2, "when": "yes"}, {"by": "min(m, 2)"}], {"yes": True}, "40"),
        ([{"by": 2, "when": "yes"}, {"by": 0.05}], {}, "1"),
        ([{"by": "n"}], {}, "condition"),
        (["rank"], {}, "15"),
        ([{"rank": {"OLD": 4}}], {}, "40"),
        (["promotions"], {}, "60"),
    ],
)
def test_multipliers(multiply: list[Any], facts: dict[str, Any], expected: str) -> None:
    """Factors in their order, one rounding in the end."""
    dates = {"from": "2025-10-06", "until": "2025-10-07"}
    told = program(
        {"points": 10, "multiply": multiply},
        ladders={
            "rank": {
                "measure": "count(GIFT)",
                "steps": [{"name": "NEW", "at": 0}, {"name": "OLD", "at": 1, "multiplier": 1.5}],
            }
        },
        promotions=[
            {"name": "two", "factor": 2, **dates},
            {"name": "three", "factor": 3, "actions": ["DO"], **dates},
            {"name": "vips", "factor": 7, "segment": "vip", **dates},
            {"name": "past", "factor": 9, "from": "2025-10-01", "until": "2025-10-06"},
        ],
    )
    told.tell("GIFT", points=1)
    assert in_short(told.tell("DO", **facts)) == expected


LIMITS: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "a rate looks at both sides": (
        {"limits": {"rate": {"times": 2, "per": "60 seconds"}}},
        [
            ("2025-10-06T12:00:00Z", "10"),
            ("2025-10-06T12:00:59.999Z", "10"),
            ("2025-10-06T12:01:00Z", "10"),
            ("2025-10-06T12:01:00Z", "rate_limited"),
            ("2025-10-06T12:00:30Z", "rate_limited"),
            ("2025-10-06T11:59:30Z", "10"),
            ("2025-10-06T11:59:00.001Z", "rate_limited"),
            ("2025-10-06T11:59:00Z", "10"),
        ],
    ),
    "once a rule": (
        {"rules": {"first": {"points": 5, "once": "ever"}, "each": {"points": 1}}},
        [(T0, "5 + 1"), (T1, "1")],
    ),
    "the first that gives": (
        {
            "match": "first",
            "rules": {
                "early": {"points": 5, "until": "2025-10-07"},
                "dull": {"points": "0 * m"},
                "late": {"points": 3},
            },
        },
        [(T0, "5"), (T1, "3")],
    ),
    "a day's points, over all rules of the first currency": (
        {
            "limits": {"points": {"day": 12}},
            "rules": {"a": {"points": 10}, "b": {"points": 10}, "c": {"points": -1}},
        },
        [(T0, "10 + 2 + -1"), (T0, "daily_limit"), (T1, "10 + 2 + -1")],
    ),
    "the most of a rule": ({"rules": {"a": {"points": 10, "max_points": 4}}}, [(T0, "4")]),
    "the first reason stands": (
        {"rules": {"a": {"points": 1, "active": False}, "b": {"points": 1, "when": "yes"}}},
        [(T0, "inactive")],
    ),
    "one that takes and may not": (
        {"rules": {"a": {"points": 5}, "b": {"points": 5, "kind": "redeem"}}},
        [(T0, "insufficient_balance")],
    ),
}


@pytest.mark.parametrize("title", LIMITS)
def test_limits_and_choices(title: str) -> None:
    """What refuses, trims and chooses among rules."""
    action, rows = LIMITS[title]
    told = program({"points": 10}, action=action)
    assert [in_short(told.tell("DO", at=at)) for at, _ in rows] == [row[1] for row in rows]


@pytest.mark.parametrize(
    ("expires", "zone", "moment"),
    [
        ("1 year", "UTC", "2026-10-06T12:00:00.000Z"),
        ("30 days", "America/New_York", "2025-11-05T13:00:00.000Z"),
        ("36 hours", "America/New_York", "2025-10-08T00:00:00.000Z"),
        ("5 months", "UTC", "2026-03-06T12:00:00.000Z"),
        ("end of day", "UTC", "2025-10-07T00:00:00.000Z"),
        ("end of week", "UTC", "2025-10-13T00:00:00.000Z"),
        ("end of month", "America/New_York", "2025-11-01T04:00:00.000Z"),
        ("end of quarter", "UTC", "2026-01-01T00:00:00.000Z"),
        ("end of year", "UTC", "2026-01-01T00:00:00.000Z"),
    ],
)
def test_expiry(expires: str, zone: str, moment: str) -> None:
    """A lot is gone at its moment."""
    settle = {"SETTLE": {"origin": "job", "effect": "settle"}}
    told = program({"points": 8, "expires": expires}, timezone=zone, actions=settle)
    told.tell("DO")
    assert told.tell("SETTLE", at=moment) == "posted -8 points"
    line = told.member().outcomes["a-1"].lines[0]
    assert (line.id, line.rule, line.action) == ("a-1#expire-a-0#do", "expire", "EXPIRATION")
    assert line.lots == (("a-0#do", -8, line.occurred_at),)


def test_lots_are_taken_by_expiry_and_then_the_pool() -> None:
    """The earliest expiry first, of equal ones the earlier award, what never expires last."""
    told = program(
        {"points": "m", "expires": "1 year"},
        actions={
            "SPEND": {
                "origin": "outside",
                "facts": {"points": {"type": "integer", "required": True}},
                "rules": {"spend": {"kind": "redeem", "points": "points"}},
            }
        },
    )
    told.tell("GIFT", points=4)
    told.tell("DO", at=T1, m=2)
    told.tell("DO", at=T0)
    told.tell("DO", at=T0, m=1)
    told.tell("SPEND", at=T2, points=8)
    lots = told.member().outcomes["a-4"].lines[0].lots
    assert [lot[:2] for lot in lots] == [
        ("a-2#do", -3),
        ("a-3#do", -1),
        ("a-1#do", -2),
        ("always", -2),
    ]


HOLD = {"points": 10, "hold": "1 day", "expires": "2 days"}


def test_held_points_are_released_after_their_time() -> None:
    """A hold moves nothing but what is held; its lot begins later, with the expiry told then."""
    settle = {"SETTLE": {"origin": "job", "effect": "settle"}}
    told = program(HOLD, actions=settle)
    assert told.tell("DO", at=T0) == "posted 10 points"
    member = told.member()
    assert (member.balance["points"], member.held["points"]) == (0, 10)
    assert told.tell("SETTLE", at=T1) == "posted 10 points"
    (line,) = told.member().outcomes["a-1"].lines
    assert (line.kind, line.lifetime_points, line.balance) == ("release", 10, 10)
    assert line.lots == (("a-0#do", 10, line.expires_at),)
    assert told.tell("SETTLE", at=T2) == "posted -10 points"


def test_what_is_held_is_reversed_from_there() -> None:
    """It is forfeited, in part or wholly, and lifetime never had it."""
    told = program(HOLD, actions={"UNDO": {"origin": "admin", "effect": "reverse"}})
    told.tell("DO", at=T0)
    assert told.tell("UNDO", action_id="a-0", points=4) == "posted -4 points"
    assert told.tell("DO", at=T1) == "posted 6 points + 10 points"
    assert told.tell("UNDO", action_id="a-0") == "posted -6 points"
    member = told.member()
    assert (member.balance["points"], member.lifetime["points"]) == (0, 0)
    assert member.held["points"] == 10


def test_a_review_takes_a_step_and_gives_it_back() -> None:
    """One step down, and up again when window and later points reach the threshold."""
    ladder = {
        "qualification": "365 days",
        "steps": [{"name": "A", "at": 0}, {"name": "B", "at": 100}, {"name": "C", "at": 200}],
    }
    told = program(
        {"points": 10},
        ladders={"rank": ladder},
        actions={"REVIEW": {"origin": "job", "effect": "tier_review"}},
    )
    told.tell("GIFT", points=250)
    assert told.tell("REVIEW", ladder="rank", points=200) == "accepted"
    told.tell("REVIEW", ladder="rank", points=185)
    assert told.member().steps["rank"] == "B"
    told.tell("DO", at=T1)
    assert told.member().steps["rank"] == "B"
    told.tell("DO", at=T2)
    assert told.member().steps["rank"] == "C"
    assert told.tell("REVIEW", ladder="nobody", points=1) == "declined condition"


def test_badges_and_rewards_tell_their_levels_and_states() -> None:
    """Each level has its record; a reward of which there are few asks its pool."""
    told = program(
        {"points": 1},
        badges={
            "OFTEN": {"measure": "count(DO)", "levels": [1, 2]},
            "RICH": {"when": "balance > 1"},
        },
        rewards={"MUG": {"type": "CUSTOM", "measure": "balance", "at": 1, "at_most": 1}},
        actions={
            "CLAIM": {"origin": "engine", "effect": "claim_reward", "answer": "GRANT"},
            "GRANT": {"origin": ["admin", "engine"], "effect": "grant_reward"},
        },
    )
    for user in ("anna", "anna", "bert"):
        told.tell("DO", user)
    assert [each[0] for each in told.member().achievements] == [
        "a-0#badge-OFTEN",
        "a-0#claim#grant#reward-MUG",
        "a-3#badge-OFTEN-2",
        "a-3#badge-RICH",
    ]
    assert told.member("bert").rewards == {"MUG": "CLAIMED"}
    assert str(told.member("reward:MUG").outcomes["a-4#claim"]) == "declined limit_reached"
