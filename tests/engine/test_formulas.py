"""Formula text and exact numbers."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.engine.formulas import FormulaError, NumberTerms, read_formula
from processors.engine.numbers import nearest, read_units, show
from processors.engine.source import compiled

SCALES = {"value": 2, "minutes": 0, "rate": 3}
TERMS = NumberTerms(SCALES)
FACTS = {"value": 1_234_567, "minutes": 60, "rate": -250}


def computed(text: str) -> Fraction:
    formula = read_formula(text, TERMS)
    units = compiled("units", ["def units(facts):", f"    return {formula.source}"], {})
    return Fraction(units(FACTS), 10**formula.scale)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("value * 0.01", "123.4567"),
        ("minutes * 1 * 1 + 10 * 5 - 2 * 0.5", "109"),
        ("-(rate - 1) * 2", "2.5"),
        ("2 - -minutes", "62"),
        ("1 - 2 - 3", "-4"),
        ("1 - (2 - 3)", "2"),
        ("2 + 3 * minutes", "182"),
        (" ( value ) ", "12345.67"),
        ("7", "7"),
    ],
)
def test_a_formula_is_computed_exactly(text: str, value: str) -> None:
    """Sums, differences and products of numbers and facts have their decimal value."""
    assert computed(text) == Fraction(value)


_NUMBERS = st.sampled_from(["0", "1", "0.01", "2.5", "minutes", "value", "rate"])
_TEXTS = st.recursive(
    _NUMBERS,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner)
        | st.builds("-{}".format, inner)
    ),
    max_leaves=8,
)


@given(_TEXTS)
def test_formulas_agree_with_fractions(text: str) -> None:
    """Any formula is what Python computes over fractions."""
    names = {name: Fraction(units, 10 ** SCALES[name]) for name, units in FACTS.items()}
    exact = text.replace("0.01", "Fraction(1, 100)").replace("2.5", "Fraction(5, 2)")
    assert computed(text) == eval(exact, {"Fraction": Fraction}, names)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        *(("value / 2", 7), ("value ** 2", 8), ("value.real", 6), ("value()", 6), ("other", 1)),
        *(("1 +", 4), ("(1", 3), ("1)", 2), ("1 2", 3), ("", 1), ("1e3", 1), ("0x10", 1)),
        *(("__import__('os')", 1), ("value if 1 else 2", 7), ("[1]", 1), ("1_000", 1), ("'a'", 1)),
        *((f"{'(' * 40}1{')' * 40}", 18), (f"{'-' * 40}1", 18), ("9" * 16, 1), ("1.1234567", 1)),
        *(
            (f"{'0.000001 * ' * 6}1", 56),
            ("1 + " * 200 + "1", 500),
            ("\N{ARABIC-INDIC DIGIT ONE}", 1),
        ),
    ],
)
def test_everything_else_is_refused(text: str, column: int) -> None:
    """What the grammar does not know is refused with its column: no calls, no powers, no depth."""
    with pytest.raises(FormulaError) as refused:
        read_formula(text, TERMS)
    assert refused.value.column == column


@pytest.mark.parametrize(
    ("text", "units"),
    [
        *((b"100", 10_000), (b"100.5", 10_050), (b"100.50", 10_050), (b"-0.01", -1), (b"-0", 0)),
        *(
            (b"1e2", 10_000),
            (b"1.5e-1", 15),
            (b"1.500000", 150),
            (b'"12.30"', 1_230),
            (b'"-5"', -500),
        ),
        (b"9007199254740992", 900_719_925_474_099_200),
    ],
)
def test_numbers_are_read_exactly(text: bytes, units: int) -> None:
    """A JSON number or a text of digits becomes whole units, no binary fraction in between."""
    assert read_units(text, 2) == units


@pytest.mark.parametrize(
    "text",
    [
        *(
            b"1.005",
            b"1e-3",
            b"9007199254740993",
            b"-9007199254740992.01",
            b"1e400",
            b"1e999999999999",
        ),
        *(
            b'"1e2"',
            b'" 1"',
            b'"1."',
            b'".5"',
            b'"NaN"',
            b'"Infinity"',
            b'""',
            b"true",
            b"{}",
            b"[1]",
        ),
        b"0.1000000000000000000000000000000000000001",
    ],
)
def test_other_numbers_are_refused(text: bytes) -> None:
    """Too many decimals, too large, or no number at all."""
    with pytest.raises(ValueError, match=r"."):
        read_units(text, 2)


@given(st.integers(-(10**12), 10**12), st.integers(0, 6))
def test_shown_numbers_read_back(units: int, scale: int) -> None:
    """Decimal digits without trailing zeros are the same number."""
    text = show(units, scale)
    assert Fraction(text) == Fraction(units, 10**scale)
    assert "." not in text or text[-1] not in "0."


@given(st.integers(-(10**9), 10**9), st.sampled_from([1, 2, 10, 1_000]))
def test_nearest_rounds_halves_away_from_zero(units: int, divisor: int) -> None:
    """The nearest whole number is at most a half away; exactly a half goes away from zero."""
    rounded = nearest(units, divisor)
    assert 2 * abs(rounded * divisor - units) <= divisor
    if 2 * abs(rounded * divisor - units) == divisor:
        assert abs(rounded * divisor) > abs(units)
