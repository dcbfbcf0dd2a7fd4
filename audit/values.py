"""Facts as formulas take them."""

from fractions import Fraction

from audit.case import Case, instant
from audit.effect_facts import declared_facts

Value = Fraction | str | bool | None
"""A number, a text, a truth; None is missing."""


def fact(case: Case, name: str) -> Value:
    """The value of a fact; None when it is missing. Moments are epoch milliseconds."""
    value = case.facts.get(name)
    if value is None or isinstance(value, bool):
        return value
    if declared_facts(case.kind)[name]["type"] == "moment":
        return Fraction(instant(value))
    return value if isinstance(value, str) else Fraction(value)
