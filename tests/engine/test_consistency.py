"""Program files whose parts do not fit together, and examples that come out otherwise."""

from pathlib import Path

import pytest

from processors.engine import bind, check
from schemas.program_files import read_yaml

GOOD = (Path(__file__).parents[2] / "programs" / "loyalty" / "2025-01-01.yaml").read_text()


def line_of(part: str) -> int:
    return GOOD[: GOOD.index(part)].count("\n") + 1


def test_the_shipped_program_is_sound() -> None:
    """Nothing is wrong with the loyalty program, and its examples come out."""
    assert check(read_yaml(GOOD)) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("points: order_value * 0.01", "points: order_valu * 0.01", "`order_valu` is no fact"),
        ("points: order_value * 0.01", "points: order_value / 100", "`/` has no place in a formula"),
        ("points: order_value * 0.01", "points: order_id * 2", "`order_id` is a text, not a number"),
        ("points: {fact: place,", "points: {fact: spot,", "no required integer is called spot"),
        ("    split: tier", "    split: tire", "there is tier, category, country"),
        ("ranks: [all_time, weekly]", "ranks: [all_time, hourly]", "Input should be 'daily'"),
        ("    ranks: [all_time]", "    ranks: [daily]", "no period of this board is called daily"),
        ("{name: GOLD, at: 10000", "{name: GOLD, at: 5000", "does not rise over SILVER at 5000"),
        ("{name: GOLD,", "{name: SILVER,", "SILVER is written twice"),
        ("until: 2026-01-01", "until: 2025-12-01", "ends before it begins"),
        ("actions: [PURCHASE]", "actions: [PURCHAZE]", "no action is called PURCHAZE"),
        ("actions: [PURCHASE]", "actions: [MANUAL_ADJUSTMENT]", "winter never applies"),
        ("count(REFERRAL)", "count(REFERAL)", "no measure is called count(REFERAL)"),
        ("reference: [order_id]", "reference: [order]", "no fact is called order"),
        ("once_per: {fact: product_id", "once_per: {fact: product", "no fact is called product"),
        ("referred: referred_user", "referred: friend", "no fact is called friend"),
        ("actor: created_by", "actor: creator", "no fact is called creator"),
        ("least: 1,", "least: 0.5,", "0.5 has more decimals than the fact"),
        ("{type: text}\n    reference: [order_id]", "{type: text, least: 1}", "no number"),
        ("multiply: [tier, promotions]", "multiply: [tier, tier]", "tier multiplies twice"),
        ("multiply: [tier, promotions]", "multiply: [{tier: {TIN: 2}}]", "no step of tier is called"),
        ("multiply: [tier, promotions]", "multiply: [level]", "no multiplier is called level"),
        ("answer: REFERRAL", "answer: PURCHASE", "PURCHASE is derived but does not have the origin"),
        ("action: CODE_LOOKUP, to", "action: CODE_REGISTER, to", "is derived twice"),
        ('to: "code:{code}"', 'to: "code:{cod}"', "no fact is called cod"),
        ("  CODE_REGISTER:", "  CODE_REGISTER:\n    facts: {owner: {type: text}}", "with register_code"),
        ("      referral:", "      purchase:", "PURCHASE has a rule of this name too"),
        ("gives: once_only", "gives: posted", "gives is 'once_only', not 'posted'"),
        ("points: 99}", "points: 100}", "points is 99, not 100"),
        ("tier: BRONZE}", "level: 1}", "unknown words level"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_with_its_line(old: str, new: str, said: str) -> None:
    """Each problem is told, on the line of the part it stands in or one close by."""
    assert old in GOOD
    problems = check(read_yaml(GOOD.replace(old, new, 1)))
    [line, *_] = [problem.line for problem in problems if said in problem.message]
    assert abs(line - line_of(old)) <= 3


def test_a_circle_of_derived_actions_is_refused() -> None:
    """An action that leads back to itself would go on for ever."""
    circle = '    derives: [{action: CODE_LOOKUP, to: "code:{code}"}]\n    referred: referred_user'
    file = read_yaml(GOOD.replace("    referred: referred_user", circle, 1))
    way = "CODE_LOOKUP → REFERRAL → CODE_LOOKUP"
    [problem] = [each for each in check(file) if "→" in each.message]
    assert problem.message.endswith(f"{way}: an action may not lead back to itself")


def test_a_program_that_does_not_fit_cannot_be_bound() -> None:
    """What `check` refuses no worker runs."""
    with pytest.raises(ValueError, match="no split is called tire"):
        bind(read_yaml(GOOD.replace("    split: tier", "    split: tire")).content)
