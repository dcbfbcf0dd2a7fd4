"""What always holds in every program, whatever its members do; HYPOTHESIS_PROFILE=deep tries harder."""

from collections.abc import Iterable
from typing import NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from processors.engine import Decision, Rules, decide
from processors.engine.lots import AVAILABLE, HELD, IN_LOTS, LIFETIME, RESERVED, Shelf
from schemas.accounts import Account, changed_rows, open_account
from schemas.actions import Action
from schemas.envelopes import Rejection
from schemas.moments import DAY
from schemas.wire import read_action
from tests.support.engine import Engine, Heard, Outcome, as_bytes, reason
from tests.support.laws import POOL, Laws
from tests.support.pace import PACE
from tests.support.programs import PROGRAMS
from tests.support.tales import STEPS, Told, book, check_laws, play, tale, versions

EACH = pytest.mark.parametrize("program", PROGRAMS)
FEWER = settings(PACE, max_examples=PACE.max_examples // 3)
POSITION = st.integers(0, 1_000)
ROW_BYTES_MAX = 65_536


@EACH
@FEWER
@given(steps=STEPS)
def test_every_law_holds(program: str, steps: list[int]) -> None:
    """No limit is exceeded, sums and lots add up, `why` can be redone, nothing is lost on its way."""
    engine = play(program, tale(program, steps))
    laws = check_laws(engine, program)
    for name, user, currency in laws.purses:
        account = open_account(name, user, engine.rows)
        if "erased" not in account.head.parts:
            agrees(account, currency, laws)


def agrees(account: Account, currency: str, laws: Laws) -> None:
    """Assert that an account holds what its postings add up to."""
    said = laws.purses[account.program, account.subject, currency]
    purse = [*account.head.purses.get(currency, [0, 0]), 0, 0, 0][:5]
    assert (purse[AVAILABLE], purse[LIFETIME]) == (said.available, said.lifetime)
    assert (purse[HELD], purse[RESERVED]) == (said.held, said.reserved)
    lots = {entry.id: entry.left for entry in Shelf(account).lots(currency)}
    assert lots == {lot: points for lot, (points, _) in said.lots.items() if lot != POOL}
    assert sum(lots.values()) == purse[IN_LOTS]
    pool, _ = said.lots.get(POOL, (0, None))
    assert sum(lots.values()) + pool == max(purse[AVAILABLE], 0)


@EACH
@FEWER
@given(steps=STEPS)
def test_the_same_records_give_the_same_bytes(program: str, steps: list[int]) -> None:
    """Results and rows do not depend on what an engine did before."""
    records = tale(program, steps)
    assert records == tale(program, steps)
    first, second = play(program, records), play(program, records)
    assert said(first.heard) == said(second.heard)
    assert first.rows == second.rows


def said(heard: Iterable[Heard]) -> list[bytes]:
    """Return all that was said."""
    return as_bytes(each.outcome for each in heard)


class Kept(NamedTuple):
    """What came of records that were decided on accounts kept open: rows, and what was said."""

    rows: dict[bytes, bytes]
    said: list[bytes]


def kept(program: str, heard: list[Heard], cuts: set[int]) -> Kept:
    """Decide records on accounts that stay open, but are stored and opened anew at each cut."""
    rows: dict[bytes, bytes] = {}
    accounts: dict[str, Account] = {}
    outcomes: list[Outcome] = []
    for number, (value, came, internal, headers, _) in enumerate(heard):
        if number in cuts:
            store(rows, accounts)
        action = read_action(value, headers, came, internal)
        rules = book(program).rules_for(action) if isinstance(action, Action) else action
        if not isinstance(action, Action) or not isinstance(rules, Rules):
            assert isinstance(rules, Rejection)
            outcomes.append(rules)
            continue
        account = accounts.get(action.user_id) or open_account(program, action.user_id, rows)
        decision = decide(rules, account, action)
        outcomes.append(decision)
        accounts[action.user_id] = decision.account
    store(rows, accounts)
    return Kept(rows, as_bytes(outcomes))


def store(rows: dict[bytes, bytes], accounts: dict[str, Account]) -> None:
    """Write open accounts down, as a turn's commit does."""
    for account in accounts.values():
        for key, row in changed_rows(account):
            if row is None:
                rows.pop(key, None)
            else:
                rows[key] = row
    accounts.clear()


@EACH
@FEWER
@given(steps=STEPS, cuts=st.sets(st.integers(0, 120), max_size=8))
def test_batches_may_be_cut_anywhere(program: str, steps: list[int], cuts: set[int]) -> None:
    """However records are cut into turns, results and rows are the same."""
    engine = play(program, tale(program, steps))
    for each in (cuts, set[int](), set(range(len(engine.heard)))):
        assert kept(program, engine.heard, each) == Kept(engine.rows, said(engine.heard))


@EACH
@FEWER
@given(steps=STEPS, which=POSITION, when=POSITION)
def test_a_repeat_changes_nothing(program: str, steps: list[int], which: int, when: int) -> None:
    """A record said again while it could be accepted is a duplicate, and that is all."""
    records = tale(program, steps)
    assume(records)
    number = which % len(records)
    repeated = records[number]
    later = [n for n in range(number, len(records)) if records[n].came <= repeated.came + 3 * DAY]
    at = later[when % len(later)]
    again = [*records[: at + 1], repeated._replace(came=records[at].came), *records[at + 1 :]]
    first, second = play(program, records), play(program, again)
    extra = [each for each in second.heard if reason(each.outcome) == "duplicate"]
    known = [each for each in first.heard if reason(each.outcome) == "duplicate"]
    refused = len(second.heard) - len(first.heard)
    assert refused == 1
    assert len(extra) == len(known) + 1 or "reject" in outcome_of(second, repeated)
    assert second.rows == first.rows
    assert second.boards == first.boards


def outcome_of(engine: Engine, record: Told) -> str:
    """Return the last outcome of a record."""
    outcome = [each.outcome for each in engine.heard if each.value == record.sent.value][-1]
    return outcome.outcome if isinstance(outcome, Decision) else "rejected"


@EACH
@FEWER
@given(steps=STEPS)
def test_strangers_do_not_concern_a_member(program: str, steps: list[int]) -> None:
    """Without those that nothing was derived for, or from, on the way, all is the same."""
    records = tale(program, steps)
    together = play(program, records)
    near = circle(together)
    mine = [record for record in records if user_of(record) in near]
    alone = play(program, mine)
    heard = [each for each in together.heard if subject_of(each) in near]
    assert said(heard) == said(alone.heard)
    rows = {key: row for key, row in together.rows.items() if key.split(b"\0")[1].decode() in near}
    assert rows == alone.rows


def circle(engine: Engine) -> set[str]:
    """Return a member and everybody that derived actions lead to and fro."""
    near, before = {"u-0000"}, set[str]()
    pairs = [
        {each.outcome.account.subject, derived.user_id}
        for each in engine.heard
        if isinstance(each.outcome, Decision)
        for derived in each.outcome.derived
    ]
    while near != before:
        before = set(near)
        near |= {subject for pair in pairs if pair & near for subject in pair}
    return near


def user_of(record: Told) -> str:
    """Return whom a record is of."""
    action = read_action(record.sent.value, tuple(record.sent.headers), record.came, False)  # noqa: FBT003 - as the wire does
    return action.user_id or ""


def subject_of(heard: Heard) -> str:
    """Return whom a heard record is of."""
    action = read_action(heard.value, heard.headers, heard.append_time, heard.internal)
    return action.user_id or ""


@EACH
@FEWER
@given(steps=STEPS)
def test_no_row_is_too_large(program: str, steps: list[int]) -> None:
    """Every row of an account fits into a record."""
    engine = play(program, tale(program, steps))
    assert all(len(row) < ROW_BYTES_MAX for row in engine.rows.values())


def test_both_versions_decide() -> None:
    """The tales of every program reach its second version, and are not all refused."""
    for program in PROGRAMS:
        engine = play(program, tale(program, list(range(200))))
        rules = {
            posting.rule.rpartition("/")[0]
            for heard in engine.heard
            if isinstance(heard.outcome, Decision)
            for posting in heard.outcome.postings
        }
        assert rules == versions(program).keys()
