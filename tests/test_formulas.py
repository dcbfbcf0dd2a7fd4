"""Base points by formula: exact, rounded once, and nothing but arithmetic is a formula."""

from fractions import Fraction
from math import floor
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.engine import Decision, Rules, bind
from tests.support.engine import Engine
from tests.support.pace import PACE

NOON = 1_762_171_200_000  # 2025-11-03T12:00:00Z
FACTS = {
    "amount": {"type": "decimal(2)", "required": True},
    "count": {"type": "integer", "required": True},
    "extra": {"type": "integer"},
    "name": {"type": "text", "required": True},
}


def program(formula: object, rounding: str = "floor", factor: str = "1") -> dict[str, Any]:
    """Return a program with one rule of this formula and one factor."""
    rule = {"points": formula, "kind": "adjust", "multiply": ["level"]}
    return {
        "program": "p",
        "effective_from": "2025-01-01",
        "currencies": {"c": {"rounding": rounding}},
        "ladders": {"level": {"steps": [{"name": "ONE", "at": 0, "multiplier": float(factor)}]}},
        "actions": {"A": {"origin": "outside", "facts": FACTS, "rules": {"r": rule}}},
    }


def points(document: dict[str, Any], amount: str, count: int) -> tuple[int, list[tuple[str, str]]]:
    """Return what an action gives, and why; 0 when it rounds to nothing."""
    engine = Engine()
    engine.publish(document)
    facts = f'{{"amount": {amount}, "count": {count}, "name": "n"}}'
    said = f'{{"id": "1", "program": "p", "user_id": "u", "type": "A", "occurred_at": {NOON}'
    decision = engine.hear(f'{said}, "data": {facts}}}'.encode(), NOON)
    assert isinstance(decision, Decision), decision
    if decision.declined is not None:
        assert decision.declined.reason == "rounds_to_zero"
        return 0, []
    return decision.postings[0].points, decision.postings[0].why


class Written(NamedTuple):
    """A formula and what it comes to, given the facts."""

    text: str
    value: Fraction


AMOUNT, COUNT = Fraction("12.34"), Fraction(-7)
NUMBERS = st.decimals(0, 1000, places=3).map(lambda number: Written(str(number), Fraction(number)))
LEAVES = NUMBERS | st.sampled_from([Written("amount", AMOUNT), Written("count", COUNT)])


def joined(parts: tuple[Written, str, Written]) -> Written:
    """Join two formulas by a sign; products take brackets around what they join."""
    left, sign, right = parts
    if sign == "*":
        return Written(f"({left.text}) * ({right.text})", left.value * right.value)
    value = left.value + right.value if sign == "+" else left.value - right.value
    return Written(f"{left.text} {sign} ({right.text})", value)


FORMULAS = st.recursive(
    LEAVES,
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*"), inner).map(joined)
        | inner.map(lambda one: Written(f"-({one.text})", -one.value))
    ),
    max_leaves=6,
)
FACTORS = st.decimals("0.1", 5, places=2).map(str)


def nearest(number: Fraction) -> int:
    """Round to the nearest whole number, halves away from zero."""
    return floor(abs(number) + Fraction(1, 2)) * (1 if number >= 0 else -1)


@PACE
@given(FORMULAS, FACTORS, st.sampled_from(["floor", "nearest"]))
def test_a_formula_is_exact(formula: Written, factor: str, rounding: str) -> None:
    """Its value times the factor is rounded once, as if all of it were fractions."""
    exact = formula.value * Fraction(factor)
    expected = floor(exact) if rounding == "floor" else nearest(exact)
    given_points, _ = points(program(formula.text, rounding, factor), "12.34", -7)
    assert given_points == expected, f"{formula.text}, times {factor}"


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        (5, 5),
        ("5", 5),
        ("2 + 3 * 4", 14),
        ("(2 + 3) * 4", 20),
        ("20 - 5 - 3", 12),
        ("20 - (5 - 3)", 18),
        ("-2 * -3", 6),
        ("--4", 4),
        ("2*3+4", 10),
        ("  7  ", 7),
        ("0.1 * 10 + 0.2 * 10", 3),
        ("amount * 100", 1_234),
        ("count * count", 49),
        ("amount - amount + 1", 1),
        ("0.000001 * 1000000", 1),
        ("9999999 * 9999999", 9_999_999**2),
        ("((((((((((((((((1))))))))))))))))", 1),
    ],
)
def test_a_formula(formula: object, value: int) -> None:
    """Products bind closer than sums, both go from left to right, and brackets come first."""
    assert points(program(formula), "12.34", -7)[0] == value


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ("", "column 1"),
        ("amount *", "the end"),
        ("amount 5", "unexpected `5` (column 8)"),
        ("* 5", "unexpected `*` (column 1)"),
        ("(amount", "expected `)`"),
        ("amount)", "unexpected `)` (column 7)"),
        ("()", "column 2"),
        (
            "amount / 3",
            "`/` has no place in a formula: multiply, by 0.01 instead of `/ 100` (column 8)",
        ),
        ("amount ** 2", "column 9"),
        ("amount % 2", "`amount` is not whole: it has no remainder"),
        ("amount, 2", "`,`"),
        ("amount = 2", "`=`"),
        ("amount if 1 else 2", "column 8"),
        ("2 < amount", "it is true or false, not a number"),
        ("1e5", "column 1"),
        ("0x10", "column 1"),
        ("1_000", "column 1"),
        (".5", "column 1"),
        ("5.", "column 1"),
        ("1.2.3", "column 1"),
        ("1.1234567", "column 1"),
        ("1234567890123456", "column 1"),
        ("amount = 5", "`=` has no place in a formula: equal is `==` (column 8)"),
        ("amount > 5 && nth > 1", "`&` has no place in a formula: write `and` (column 12)"),
        ("amount > 5 AND nth > 1", "unexpected `AND`: write `and` (column 12)"),
        ("amuont", "`amuont` is no fact; there is amount, count, extra, name (column 1)"),
        ("gold", "`gold` is no fact; there is amount, count, extra, name; a text would be 'gold'"),
        ("total", "`total` is a function: its arguments stand in brackets, `total(…)` (column 1)"),
        ("extra", "`extra` may be missing: make it required, or give it a default"),
        ("name", "it is a text, not a number"),
        ("facts", "`facts`"),
        ("__import__('os')", "`__import__` is no function"),
        ("amount.real", "column 7"),
        ("amount[0]", "column 7"),
        ("amount()", "`amount` is no function; there is min, max, has, count"),
        ("hour(occurred_at)", "`hour` is no function: write `hour_of_day`, without brackets"),
        ("1 + weekday()", "`weekday` is no function: write `weekday`, without brackets (column 5)"),
        ("lambda: 1", "`:` has no place"),
        ('"a"', "column 1"),
        ("amount # 5", "`#`"),
        ("1 +\x00 2", "column 4"),
        ("(" * 40 + "1" + ")" * 40, "nested deeper than 16"),
        ("-" * 40 + "1", "nested deeper than 16"),
        ("1 + " * 200 + "1", "longer than 500 characters"),
        ("0.000001 * " * 6 + "1", "more than 30 decimals"),
    ],
)
def test_no_formula(formula: str, says: str) -> None:
    """Anything else is refused with its column, and never executed."""
    with pytest.raises(ValueError, match="column") as refused:
        bind(program(formula))
    assert says in str(refused.value)


def test_why_shows_the_formula() -> None:
    """The first step of `why` is the formula as people write it, with its exact value."""
    times = "\N{MULTIPLICATION SIGN}"
    _, why = points(program("amount * 0.50 + (count + 10) * 2 - -1"), "12.34", -7)
    assert why == [
        (f"amount {times} 0.5 + (count + 10) {times} 2 - -1", "13.17"),
        (f"level ONE {times} 1", "13.17"),
        ("floor", "13"),
    ]
    assert points(program("-count"), "12.34", -7)[1][0] == ("-count", "7")


def test_bound_rules_are_named() -> None:
    """A bound program knows its name and version."""
    rules = bind(program("1"))
    assert isinstance(rules, Rules)
    assert (rules.program, rules.version) == ("p", "p@2025-01-01")
