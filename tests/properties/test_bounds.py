"""Whatever amounts are sent, they are decided: nothing grows beyond its bounds, and nothing fails."""

import json
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.engine import Decision, limits
from schemas.moments import DAY, HOUR, read
from schemas.results import Posting
from tests.audit.beside import book_of, differences
from tests.support.cases import CASES
from tests.support.engine import LOYALTY, Engine, document, reason
from tests.support.laws import COLUMNS
from tests.support.pace import PACE
from tests.support.stored import action

BANK: Final = document(CASES / "words" / "bank.yaml")
BEGIN: Final = read("2025-11-03T12:00:00Z")
MOST: Final = 2**53
ASKED: Final = {
    "PAY_IN": "amount",
    "SPEND": "amount",
    "CARD": "amount",  # Held for 14 days.
    "INTEREST": "percent",  # Negative ones too.
    "BONUS": "amount",
    "RESERVE": "points",
    "REVERSAL": "points",
    "SETTLE": "nothing",
}
"""Types of the bank, and the fact that says how much."""

_EDGES: Final = tuple(MOST // 10**n + off for n in range(6) for off in (-1, 0, 1))
AMOUNTS: Final = st.one_of(
    st.integers(-MOST, MOST), st.sampled_from(_EDGES), st.sampled_from(_EDGES).map(lambda n: -n)
)
STEPS: Final = st.lists(
    st.tuples(
        st.sampled_from(sorted(ASKED)),
        AMOUNTS,
        st.sampled_from(("{}", "{}.01", '"{}.99"')),
        st.sampled_from((0, HOUR, DAY, 15 * DAY)),
        st.integers(0, 12),
    ),
    max_size=12,
)


def postings_of(engine: Engine) -> Iterator[Posting]:
    """Yield every posting that the engine told."""
    for heard in engine.heard:
        if isinstance(heard.outcome, Decision):
            yield from heard.outcome.postings


@PACE
@given(steps=STEPS)
def test_amounts_of_any_size_are_decided(steps: list[tuple[str, int, str, int, int]]) -> None:
    """No posting moves more than 2^53 units, no account holds more, and the book says the same."""
    engine, now = Engine(), BEGIN
    engine.publish(BANK)
    for number, (kind, amount, form, later, which) in enumerate(steps):
        now += later
        fact = f'"{ASKED[kind]}": {form.format(amount)}, "action_id": "{which}"'
        record = (
            f'{{"id": "{number}", "program": "bank", "user_id": "anna", "type": "{kind}",'
            f' "occurred_at": {now}, "data": {{{fact}}}}}'
        )
        engine.hear(record.encode(), now, internal=kind == "SETTLE")
    available = held = reserved = 0
    for posting in postings_of(engine):
        moved = (posting.points, posting.lifetime_points, posting.balance, posting.lifetime)
        assert max(map(abs, moved)) <= MOST, posting
        columns = [sign * posting.points for sign in COLUMNS[posting.kind]]
        available, held, reserved = map(sum, zip((available, held, reserved), columns, strict=True))
        assert posting.lifetime + held <= MOST, posting
        assert -MOST <= available <= MOST - held - reserved, posting
    found = differences(engine, book_of([(BANK, 0)]))
    assert not found, "\n".join(found)


def test_what_lies_before_all_moments_that_are_kept_is_too_near(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A cooldown keeps so many moments at most: before the oldest it cannot tell what lay near."""
    monkeypatch.setattr(limits, "TIMES_MAX", 3)
    engine = Engine()
    engine.publish(document(LOYALTY))
    for hour in (0, 24, 48, 72, 22, 25):  # After four of them the oldest that is kept is 24.
        said = action(BEGIN + hour * HOUR, "SOCIAL_SHARE")
        engine.hear(json.dumps(said).encode(), BEGIN + 72 * HOUR)
    became = [reason(each.outcome) for each in engine.heard]
    assert became == [*["posted"] * 4, "cooling_down", "posted"]


@pytest.mark.parametrize(("named", "became"), [(100, "accepted"), (101, "condition")])
def test_a_period_names_a_hundred_at_most(named: int, became: str) -> None:
    """The best of a result, and the changes of a restatement; jobs name as many as they may."""
    period = {"board": "global", "period": "weekly:2025-W45"}
    top = [[f"u-{n:03}", 1] for n in range(named)]
    figures = {"points": named, "average": 1, "median": 1, "positions": {}}
    closed = {"participants": named, "winners": [], "top": top} | figures
    changes = [[f"u-{n:03}", 1, 2] for n in range(named)]
    restated = {"changed": named, "changes": changes}
    engine = Engine()
    engine.publish(document(LOYALTY))
    for kind, data, wanted in (
        ("PERIOD_CLOSE", closed, became),
        ("PERIOD_CLOSE", closed | {"top": []}, "accepted" if named > 100 else "once_only"),
        ("PERIOD_RESTATE", restated, became),
    ):
        at = BEGIN + 20 * DAY + len(engine.heard)
        said = action(at, kind, "period:global:weekly:2025-W45", **period, **data)
        assert reason(engine.hear(json.dumps(said).encode(), at, internal=True)) == wanted
