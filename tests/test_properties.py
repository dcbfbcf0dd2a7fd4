"""What always holds, whatever members do. HYPOTHESIS_PROFILE=deep tries harder (tests/support/pace.py)."""

import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from math import floor
from zoneinfo import ZoneInfo

from hypothesis import assume, event, given
from hypothesis import strategies as st

from processors.engine import Decision, Rules, decide
from schemas.account_view import view
from schemas.accounts import Account, changed_rows, open_account
from schemas.actions import Action
from schemas.moments import DAY, HOUR
from schemas.results import Posting
from schemas.wire import read_action
from tests.support.engine import ROOT, as_bytes, reason
from tests.support.pace import PACE
from tests.support.stories import ALONE, ANY, LIMITED, THRESHOLDS, ZONES, Said, book, stories, tell

STORIES = stories(ANY)
ZONE = st.sampled_from(ZONES)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
POSITION = st.integers(0, 1_000)


def asked(said: Said, zone: str) -> tuple[Rules, Action]:
    """Return what decide asks for besides the account."""
    action = read_action(said.value, (), said.came, said.internal)
    assert isinstance(action, Action)
    rules = book(zone).rules_for(action)
    assert isinstance(rules, Rules)
    return rules, action


def date(moment: int, zone: str) -> datetime:
    """Return what the zone's clocks show."""
    return (EPOCH + timedelta(milliseconds=moment)).astimezone(ZoneInfo(zone))


def by_user(postings: Iterable[Posting]) -> dict[str, list[Posting]]:
    """Sort postings by member."""
    sorted_out = defaultdict(list)
    for posting in postings:
        sorted_out[posting.user_id].append(posting)
    return sorted_out


def tier_of(lifetime: int) -> str:
    """Return the tier that lifetime points reach."""
    return [name for name, least in THRESHOLDS.items() if least <= max(lifetime, 0)][-1]


@PACE
@given(STORIES, ZONE)
def test_decide_changes_none_of_its_arguments(story: list[Said], zone: str) -> None:
    """Account and rows are as before, and deciding once more says the very same."""
    rows: dict[bytes, bytes] = {}
    for said in story:
        rules, action = asked(said, zone)
        account = open_account("loyalty", said.user, rows)
        before, stored = deepcopy((account.head, account.changed)), dict(rows)
        first, second = decide(rules, account, action), decide(rules, account, action)
        assert (account.head, account.changed) == before
        assert rows == stored
        assert as_bytes([first]) == as_bytes([second])
        assert changed_rows(first.account) == changed_rows(second.account)
        rows |= {key: row for key, row in changed_rows(first.account) if row is not None}


@PACE
@given(STORIES, ZONE)
def test_the_same_actions_give_the_same_bytes(story: list[Said], zone: str) -> None:
    """Results and rows do not depend on what an engine did before."""
    first, second = tell(story, zone), tell(story, zone)
    for (_, once), (_, again) in zip(first.heard, second.heard, strict=True):
        assert as_bytes(once) == as_bytes(again)
    assert first.engine.rows == second.engine.rows


def test_every_process_gives_the_same_bytes() -> None:
    """Nothing depends on the order in which a process keeps a set."""
    told = {
        subprocess.run(
            [sys.executable, "-m", "tests.support.stored"],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=ROOT,
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1
    assert b"rows" in told.pop()


def kept(story: list[Said], zone: str, cuts: set[int]) -> tuple[dict[bytes, bytes], list[bytes]]:
    """Play a story that keeps accounts open, but at each cut stores them and opens them anew."""
    rows: dict[bytes, bytes] = {}
    accounts: dict[str, Account] = {}
    outcomes = []
    for number, said in enumerate([*story, None]):
        if said is None or number in cuts:
            changes = [change for each in accounts.values() for change in changed_rows(each)]
            rows |= {key: row for key, row in changes if row is not None}
            rows = {key: row for key, row in rows.items() if (key, None) not in changes}
            accounts.clear()
        if said is not None:
            rules, action = asked(said, zone)
            account = accounts.get(said.user) or open_account("loyalty", said.user, rows)
            outcomes.append(decide(rules, account, action))
            accounts[said.user] = outcomes[-1].account
    return rows, as_bytes(outcomes)


@PACE
@given(STORIES, ZONE, st.sets(st.integers(0, 40), max_size=8))
def test_accounts_may_be_stored_at_any_time(story: list[Said], zone: str, cuts: set[int]) -> None:
    """However a sequence is cut into turns, results and rows are the same."""
    whole = kept(story, zone, set())
    assert kept(story, zone, cuts) == whole
    assert kept(story, zone, set(range(len(story)))) == whole


@PACE
@given(STORIES, ZONE, POSITION, POSITION)
def test_a_repeat_changes_nothing(story: list[Said], zone: str, which: int, when: int) -> None:
    """A record said again at any time in which it could be accepted is a duplicate, and that is all."""
    told = tell(story, zone)
    valid = [
        (number, said)
        for number, (said, heard) in enumerate(told.heard)
        if reason(heard[0]) != "from_the_future"
    ]
    assume(valid)
    number, said = valid[which % len(valid)]
    later = [at for at in range(number, len(story)) if story[at].came <= said.came + 7 * DAY]
    at = later[when % len(later)]
    again = tell([*story[: at + 1], said._replace(came=story[at].came), *story[at + 1 :]], zone)
    heard = again.heard.pop(at + 1)[1]
    assert [reason(each) for each in heard] == ["duplicate"]
    for (_, once), (_, twice) in zip(told.heard, again.heard, strict=True):
        assert as_bytes(once) == as_bytes(twice)
    assert again.engine.rows == told.engine.rows


@PACE
@given(STORIES, ZONE)
def test_a_refusal_leaves_an_id_or_nothing(story: list[Said], zone: str) -> None:
    """A declined action leaves its id on the account and nothing else; a rejected one leaves nothing."""
    told = tell([], zone)
    for said in story:
        before, rows = view(told.engine.head(said.user)), dict(told.engine.rows)
        outcome = told.engine.hear(said.value, said.came, internal=said.internal)
        refused = reason(outcome) not in ("posted", "accepted")
        event(reason(outcome))
        if refused:
            assert view(told.engine.head(said.user)) == before
            touched = {key for key, _ in told.engine.rows.items() ^ rows.items()}
            head = f"loyalty\0{said.user}".encode()
            assert all(key == head or key.startswith(head + b"\0ids.") for key in touched)
        if reason(outcome) in ("from_the_future", "duplicate"):
            assert told.engine.rows == rows


@PACE
@given(stories(ALONE), ZONE)
def test_members_do_not_concern_each_other(story: list[Said], zone: str) -> None:
    """What others do changes neither a member's results nor rows, nor scores."""
    mine = [said for said in story if said.user == "anna"]
    together, alone = tell(story, zone), tell(mine, zone)
    heard = [(said, heard) for said, heard in together.heard if said.user == "anna"]
    for (_, one), (_, other) in zip(heard, alone.heard, strict=True):
        assert as_bytes(one) == as_bytes(other)
    rows = {key: row for key, row in together.engine.rows.items() if key.split(b"\0")[1] == b"anna"}
    assert rows == alone.engine.rows
    boards = {place: score for place, score in together.engine.boards.items() if "anna" in place}
    assert boards == alone.engine.boards


@PACE
@given(STORIES, ZONE)
def test_an_account_is_the_sum_of_its_postings(story: list[Said], zone: str) -> None:
    """Sequence from 1 without gaps; balance and lifetime are running sums, also in the account."""
    told = tell(story, zone)
    for user, postings in by_user(told.postings).items():
        assert [posting.sequence for posting in postings] == [*range(1, len(postings) + 1)]
        balance = lifetime = 0
        for posting in postings:
            balance, lifetime = balance + posting.points, lifetime + posting.lifetime_points
            assert (posting.balance, posting.lifetime) == (balance, lifetime)
        head = told.engine.head(user)
        assert head.purses.get("points", [0, 0])[:2] == [balance, lifetime]
        assert head.sequence == len(postings)


@PACE
@given(STORIES, ZONE)
def test_the_tier_is_a_function_of_lifetime(story: list[Said], zone: str) -> None:
    """Before and after every action; each change is told once, and they follow on each other."""
    told = tell(story, zone)
    changes = defaultdict(list)
    for decision in (each for _, heard in told.heard for each in heard):
        if not isinstance(decision, Decision):
            continue
        for change in decision.tiers:
            changes[change.user_id].append((change.old, change.new))
            assert change.new == tier_of(change.value)
            assert (change.direction == "up") == (THRESHOLDS[change.new] > THRESHOLDS[change.old])
        for posting in decision.postings:
            moved = posting.kind == "move" and posting.id.endswith("tier")
            assert posting.tier == tier_of(posting.lifetime - posting.lifetime_points) or moved
    for user, steps in changes.items():
        assert [old for old, _ in steps] == ["BRONZE", *(new for _, new in steps[:-1])]
        assert all(old != new for old, new in steps)
        purse = told.engine.head(user).purses["points"]
        assert steps[-1][1] == tier_of(purse[1])


@PACE
@given(STORIES, ZONE)
def test_boards_are_what_they_say(story: list[Said], zone: str) -> None:
    """A score is the sum of the points of its period; whole scores stand with country and tier."""
    told = tell(story, zone)
    expected: Counter[tuple[str, ...]] = Counter()
    for posting in told.postings:
        assert all(score[2] == posting.points for score in posting.scores if posting.kind != "move")
        if posting.kind == "move":
            continue
        day = date(_moment(posting), zone)
        year, number, _ = day.isocalendar()
        periods = {f"daily:{day:%Y-%m-%d}", f"weekly:{year}-W{number:02}", f"monthly:{day:%Y-%m}"}
        periods |= {f"quarterly:{day.year}-Q{(day.month + 2) // 3}", f"yearly:{day.year}"}
        for period in {"all_time"} | (periods if posting.action != "WEEKLY_WINNER" else set()):
            expected["global", period, posting.user_id] += posting.points
    for user, postings in by_user(told.postings).items():
        head = told.engine.head(user)
        awards = [posting for posting in postings if posting.kind != "move"]
        lifetime = postings[-1].lifetime
        expected[f"tier:{tier_of(lifetime)}", "all_time", user] = lifetime
        if head.country and awards:
            expected[f"region:{head.country}", "all_time", user] = lifetime
    boards = {place[1:]: score for place, score in told.engine.boards.items()}
    weekly = {place for place in boards if place[0].startswith("region") and place[1] != "all_time"}
    assert {place: score for place, score in boards.items() if place not in weekly} == expected
    for _, week, member in weekly:
        regions = sum(boards[place] for place in weekly if place[1:] == (week, member))
        assert regions == expected["global", week, member]


def _moment(posting: Posting) -> int:
    return (datetime.fromisoformat(posting.occurred_at) - EPOCH) // timedelta(milliseconds=1)


@PACE
@given(stories(LIMITED), ZONE)
def test_no_limit_is_ever_exceeded(story: list[Said], zone: str) -> None:
    """Whatever order actions come in: cooldown, once, times and points of their periods."""
    accepted = defaultdict(list)
    points: Counter[tuple[object, ...]] = Counter()
    for said, heard in tell(story, zone).heard:
        if isinstance(heard[0], Decision) and reason(heard[0]) in ("posted", "accepted"):
            accepted[said.user, said.type].append(said)
            day = (said.user, said.type, date(said.at, zone).date())
            points[day] += sum(posting.points for posting in heard[0].postings)
    for (user, kind), actions in accepted.items():
        moments = sorted(said.at for said in actions)
        days = Counter(date(moment, zone).date() for moment in moments)
        if kind == "SOCIAL_SHARE":
            assert all(later - earlier >= HOUR for earlier, later in pairwise(moments))
            assert all(points[user, kind, day] <= 30 for day in days)
        if kind == "REVIEW":
            assert max(days.values()) <= 5
            assert max(Counter(said.facts["product_id"] for said in actions).values()) == 1
        if kind == "BIRTHDAY_BONUS":
            assert max(Counter(day.year for day in days.elements()).values()) == 1
        if kind == "SIGNUP":
            assert len(actions) == 1


FACTORS = {"BRONZE": "1", "SILVER": "1.5", "GOLD": "2", "PLATINUM": "3", "DIAMOND": "5"}
PRIZES = {1: 1_000, 2: 500, 3: 250}
BASES = {"REFERRAL": 100, "REVIEW": 20, "SOCIAL_SHARE": 10, "BIRTHDAY_BONUS": 500}


def by_hand(said: Said, posting: Posting, zone: str, left: int) -> tuple[int, int]:
    """Compute an award and how many steps it takes from the program's page alone."""
    kind, times = posting.action, "\N{MULTIPLICATION SIGN}"
    base = Fraction(BASES.get(kind, 0))
    if kind == "PURCHASE":
        base = Fraction(said.facts["order_value"]) / 100
    if kind == "WEEKLY_WINNER":
        return PRIZES[said.facts["place"]], 1
    if kind == "MANUAL_ADJUSTMENT":
        return said.facts["points"], 1
    value = base * Fraction(FACTORS[posting.tier or ""])
    steps = [f"tier {posting.tier} {times} {FACTORS[posting.tier or '']}"]
    if kind == "PURCHASE" and date(said.at, zone).month == 12:
        value *= 2
        steps.append(f"promotion winter {times} 2")
    assert [name for name, _ in posting.why[1 : 1 + len(steps)]] == steps
    trimmed = kind == "SOCIAL_SHARE" and floor(value) > left
    return min(floor(value), left) if trimmed else floor(value), 1 + len(steps) + trimmed


@PACE
@given(stories(ALONE), ZONE)
def test_every_award_can_be_redone_by_hand(story: list[Said], zone: str) -> None:
    """`why` follows the program's page step by step, and ends with the points."""
    shared: Counter[tuple[object, ...]] = Counter()
    for said, heard in tell(story, zone).heard:
        for posting in heard[0].postings if isinstance(heard[0], Decision) else ():
            if posting.kind == "move":
                assert (posting.points, posting.base_points) == (0, None)
                continue
            day = (said.user, date(said.at, zone).date())
            points, steps = by_hand(said, posting, zone, 30 - shared[day])
            names, values = [name for name, _ in posting.why], [v for _, v in posting.why]
            assert (posting.points, values[-1]) == (points, str(points))
            assert len([name for name in names if name != "floor"]) == steps
            if "floor" in names:
                at = names.index("floor")
                assert Fraction(values[at]) == floor(Fraction(values[at - 1]))
            if said.type == "SOCIAL_SHARE":
                shared[day] += posting.points
            if posting.multiplier is not None and "at most" not in names[-1]:
                product = Fraction(values[0]) * Fraction(str(posting.multiplier))
                assert posting.points == floor(product)
