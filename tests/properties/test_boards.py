"""What always holds of boards: each is what postings and accounts say, however members come and go."""

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Final

import pytest
from hypothesis import given, settings

from processors.engine import Decision
from schemas import parts
from schemas.accounts import Head
from schemas.moments import calendar_of, number_of, read
from schemas.results import Posting
from tests.support.engine import Engine
from tests.support.pace import PACE
from tests.support.tales import STEPS, play, tale

FEWER = settings(PACE, max_examples=PACE.max_examples // 3)
PROGRAMS: Final = ("forum", "waitlist-beta", "trading", "contribution")


def postings_of(engine: Engine) -> dict[str, list[Posting]]:
    """Return the postings of every member, in order."""
    found: dict[str, list[Posting]] = {}
    for heard in engine.heard:
        if isinstance(heard.outcome, Decision):
            for posting in heard.outcome.postings:
                found.setdefault(posting.user_id, []).append(posting)
    return found


def of_all_time(engine: Engine, board: str) -> dict[str, float]:
    """Return a board of all time, those who are hidden included."""
    everybody = engine.boards | engine.hidden
    return {
        user: score
        for (_, name, period, user), score in everybody.items()
        if (name, period) == (board, "all_time")
    }


Wanted = Callable[[Head, list[Posting]], int]


def available(_: Head, postings: list[Posting]) -> int:
    """Return the balance that the newest posting in the currency says."""
    return next((each.balance for each in reversed(postings) if each.currency == "dgt"), 0)


def earned(_: Head, postings: list[Posting]) -> int:
    """Return what was awarded and not taken back."""
    kinds = ("earn", "release", "reverse")
    return sum(
        each.lifetime_points
        for each in postings
        if each.currency == "dgt" and (each.kind in kinds or each.action == "OPENING")
    )


def spent(_: Head, postings: list[Posting]) -> int:
    """Return what was redeemed."""
    kinds = ("redeem", "confirm")
    return -sum(each.points for each in postings if each.kind in kinds and each.currency == "dgt")


def lifetime(_: Head, postings: list[Posting]) -> int:
    """Return what counts for life."""
    return sum(each.lifetime_points for each in postings if each.currency == "xp")


FORUM: Final[dict[str, Wanted]] = {
    "dgt_balance": available,
    "dgt_earned": earned,
    "dgt_spent": spent,
    "xp": lifetime,
}


@pytest.mark.parametrize("board", FORUM)
@FEWER
@given(steps=STEPS)
def test_a_measure_is_what_the_postings_come_to(board: str, steps: list[int]) -> None:
    """Whoever stands has that score, and nobody stands who has one of their own and none there."""
    engine = play("forum", tale("forum", steps))
    said = postings_of(engine)
    found = of_all_time(engine, board)
    for user, postings in said.items():
        head = engine.head(user, "forum")
        if parts.ERASED.name not in head.parts:
            assert found.get(user, 0) == FORUM[board](head, postings), user


@FEWER
@given(steps=STEPS)
def test_path_boards_are_the_path_xp_of_who_walks(steps: list[int]) -> None:
    """Who joined and did not leave stands there with its xp, at 0 too; nobody else does."""
    engine = play("forum", tale("forum", steps))
    for user in postings_of(engine):
        head = engine.head(user, "forum")
        if parts.ERASED.name in head.parts:
            continue
        paths = parts.PATHS.read(head)
        found = {
            name.removeprefix("path:"): score
            for (_, name, _, who), score in (engine.boards | engine.hidden).items()
            if who == user and name.startswith("path:")
        }
        assert found == {path: paths.xp[path] for path in paths.joined}


@FEWER
@given(steps=STEPS)
def test_referrals_are_counted_once_each(steps: list[int]) -> None:
    """The board of referrals is the count of accepted ones; who only signed up stands at 0."""
    engine = play("waitlist-beta", tale("waitlist-beta", steps))
    found = of_all_time(engine, "referrals")
    counted: Counter[str] = Counter()
    for heard in engine.heard:
        outcome = heard.outcome
        if isinstance(outcome, Decision) and outcome.outcome in ("posted", "accepted"):
            said = outcome.postings[-1] if outcome.postings else outcome.accepted
            if said is not None and said.action == "REFERRAL_CONFIRMED":
                counted[said.user_id] += 1
    assert {user: score for user, score in found.items() if score} == dict(counted)


@FEWER
@given(steps=STEPS)
def test_what_decays_is_the_weighted_sum(steps: list[int]) -> None:
    """Each member's score is the exact sum of its points, weighted by their day, to 3 places."""
    engine = play("trading", tale("trading", steps))
    calendar, factor = calendar_of("UTC"), Fraction(9, 10)
    for user, postings in postings_of(engine).items():
        scored = [each for each in postings if each.lifetime_points]
        if not scored:
            continue
        days = [number_of(calendar.day(read(each.occurred_at)), "day") for each in scored]
        worth = sum(
            each.lifetime_points * factor ** (max(days) - day)
            for each, day in zip(scored, days, strict=True)
        )
        assert of_all_time(engine, "hot_daily")[user] == pytest.approx(float(worth), abs=0.002)


@pytest.mark.parametrize("program", PROGRAMS)
@FEWER
@given(steps=STEPS)
def test_who_is_hidden_stands_nowhere(program: str, steps: list[int]) -> None:
    """A member is on boards, or is hidden, never both; boards were told the same as the account."""
    engine = play(program, tale(program, steps))
    shown = {user for *_, user in engine.boards}
    assert shown.isdisjoint(user for *_, user in engine.hidden)
    for user in shown:
        head = engine.head(user, program)
        assert not {parts.HIDDEN.name, parts.ERASED.name} & head.parts.keys(), user
