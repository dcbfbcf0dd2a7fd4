"""Planted differences in accounts, boards and PostgreSQL: each is found."""

import json
from collections.abc import Callable
from math import nextafter
from typing import Any

import pytest

from audit.book import Book
from audit.compare import compare_outcomes
from audit.compare_accounts import Views, accounts_of, compare_accounts
from audit.compare_boards import compare_boards, scores_of
from audit.holdings import Standing
from audit.members import Member
from audit.postgres import Ledger, compare_balances
from audit.records import Record
from audit.results import RESULTS, read_results
from audit.standings import Boards, Place, all_sums
from audit.verify import CHANGELOG, as_table

Topics = dict[str, list[Record]]
Said = dict[str, Any]
KINDS = (
    *("earn", "adjust", "redeem", "expire", "send", "receive", "return", "hold", "release"),
    *("forfeit", "reverse", "reserve", "confirm", "cancel"),
)

Change = Callable[[Said], object]
"""Changes what an account shows, in place."""


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda account: account["currencies"]["points"].update(balance=-1), "balance"),
        (lambda account: account["currencies"]["points"].update(lifetime=-1), "lifetime"),
        (lambda account: account["currencies"]["points"].update(held=7), "held"),
        (lambda account: account["currencies"]["points"].update(reserved=7), "reserved"),
        (lambda account: account["currencies"]["points"].update(in_lots=-7), "in_lots"),
        (lambda account: account["steps"].update(tier="DIAMOND"), "tier"),
        (lambda account: account.update(country="AQ"), "country"),
        (lambda account: account["badges"].update(HERO=1), "badges"),
        (lambda account: account["counts"].update(PURCHASE=-1), "counts"),
        (lambda account: account.update(owner="x"), "owner"),
        (lambda account: account.update(waiting=3), "waiting"),
        (lambda account: account.update(streaks={"login": -1}), "streaks"),
        (lambda account: account.update(memory={"x": "y"}), "memory"),
        (lambda account: account.update(rewards={"MUG": "EARNED"}), "rewards"),
        (lambda account: account.update(boosts={"points": "2020-01-01T00:00:00Z"}), "boosts"),
        (lambda account: account.update(suspended_until="for ever"), "suspended_until"),
        (lambda account: account.update(erased=True), "erased"),
    ],
)
def test_changed_accounts_are_found(book: Book, world: Topics, change: Change, says: str) -> None:
    """One field of one account says something else."""
    views = accounts_of(world[CHANGELOG])
    assert compared(book, views) == []
    change(next(view for view in views.values() if view["steps"].get("tier") == "SILVER"))
    (difference,) = {
        line.split(" in the book")[0].split(" has ")[1].split(" ")[0]
        for line in compared(book, views)
    }
    assert difference == says


def compared(book: Book, views: Views) -> list[str]:
    """Differences of accounts."""
    return list(compare_accounts(book, views, "accounts"))


def test_lost_and_strange_accounts_are_found(book: Book, world: Topics) -> None:
    """An account that is not there, and one of somebody the book does not know."""
    views = accounts_of(world[CHANGELOG])
    key, view = views.popitem()
    views["loyalty", "stranger"] = view
    assert compared(book, views) == sorted(
        [
            f"accounts: {'/'.join(key)} has no account there",
            "accounts: loyalty/stranger has no account in the book",
        ],
        key=lambda line: line.split(" ")[1],
    )


def swap(places: list[Place]) -> None:
    """Exchange the first two."""
    places[0], places[1] = places[1], places[0]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (swap, "rank 1 is"),
        (lambda places: places.pop(), "no place there"),
        (
            lambda places: places.append(Place("stranger", 1, 1)),
            "stranger has no place in the book",
        ),
        (lambda places: places.insert(0, places.pop(0)._replace(score=10**9)), "1000000000 since"),
        (lambda places: places.insert(0, places.pop(0)._replace(tie=7)), "since 7 there"),
    ],
)
def test_changed_boards_are_found(
    book: Book, world: Topics, change: Callable[[list[Place]], object], says: str
) -> None:
    """A place, a score, a moment or the order of one board is another."""
    boards: dict[str, Boards] = scores_of(
        map(json.loads, (r.value or b"" for r in world["rewards.earned"]))
    )
    assert list(compare_boards(book.boards(), boards, "Redis")) == []
    change(boards["loyalty"]["global", "all_time"])
    assert says in "\n".join(compare_boards(book.boards(), boards, "Redis"))


def test_lost_and_strange_boards_are_found(book: Book) -> None:
    """A board that is not there, and one that should not be."""
    strange = {"loyalty": {("global", "daily:1999-01-01"): [Place("u-1", 1, 1)]}}
    lines = list(compare_boards(book.boards(), strange, "Redis"))
    assert any("global all_time" in line and "no place there" in line for line in lines)
    assert any("daily:1999-01-01: u-1 has no place in the book" in line for line in lines)


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (nextafter(80.0, 0), ""),
        (70.0, "the places there are in no order"),
    ],
)
def test_who_decayed_alike_may_stand_either_way(second: float, says: str) -> None:
    """Sums that differ in their last bit alone are no order to insist on; others are."""
    ours = [Place("ann", 80.0, 2), Place("bob", second, 1)]
    boards = {"trading": {("hot", "all_time"): ours}}
    turned = {"trading": {("hot", "all_time"): [nudged(place) for place in reversed(ours)]}}
    assert says in "\n".join(compare_boards(boards, turned, "Redis"))
    assert bool(says) == bool(list(compare_boards(boards, turned, "Redis")))


def nudged(place: Place) -> Place:
    """Return it with a score that differs in its last bit."""
    return place._replace(score=nextafter(place.score, 0))


def test_sums_are_bounded_by_the_farthest_that_scores_ever_were() -> None:
    """Whoever left counts as far as they had come, and nobody for more than a board shows."""
    ann = Member("loyalty", "ann", left={("path", "all_time", "sea"): 7})
    ann.standings["path", "all_time", "sea"] = Standing("sea", 2, furthest=3)
    ann.standings["path", "all_time", "air"] = Standing("air", 4, furthest=9)
    bob = Member("loyalty", "bob")
    bob.standings["path", "all_time", "sea"] = Standing("sea", 2**54, furthest=2**55)
    sums = all_sums([ann, bob])
    assert sums.most == {("path", "all_time"): 7 + 9 + 2**53}
    assert sums.whole == {("bob", ("path:sea", "all_time")): 2**54}


@pytest.fixture
def ledger(book: Book, world: Topics) -> Ledger:
    """What PostgreSQL would hold of this world."""
    results = read_results({topic: world[topic] for topic in RESULTS})
    balances = [row for postings in results.postings.values() for row in rows(postings)]
    ledger = Ledger(results, accounts_of(world[CHANGELOG]), balances)
    assert list(compare_balances(book, ledger)) == []
    return ledger


def rows(postings: list[Said]) -> list[Said]:
    """A member's rows of `balances`, one for each currency."""
    booked = [posting for posting in postings if posting["kind"] != "move"]
    by_currency: dict[str, list[Said]] = {}
    for posting in booked:
        by_currency.setdefault(posting["currency"], []).append(posting)
    return [balance(of_currency) for of_currency in by_currency.values()]


def balance(postings: list[Said]) -> Said:
    """A row of `balances`: what its postings come to."""
    sums = dict.fromkeys(KINDS, 0)
    for posting in postings:
        sums[posting["kind"]] += posting["points"]
    last = postings[-1]
    return {
        "program": last["program"],
        "user_id": last["user_id"],
        "currency": last["currency"],
        "available": last["balance"],
        "lifetime": last["lifetime"],
        "earned": sums["earn"] + sums["release"],
        "adjusted": sums["adjust"],
        "received": sums["receive"] + sums["return"],
        "redeemed": -sums["redeem"] - sums["confirm"],
        "expired": -sums["expire"],
        "sent": -sums["send"],
        "reversed": -sums["reverse"],
        "held": sums["hold"] - sums["release"] + sums["forfeit"],
        "reserved": -sums["reserve"] + sums["confirm"] - sums["cancel"],
    }


@pytest.mark.parametrize(
    ("column", "says"),
    [
        ("available", "available"),
        ("lifetime", "lifetime"),
        ("held", "held"),
        ("reserved", "reserved"),
        ("earned", "parts come to"),
    ],
)
def test_changed_balances_are_found(book: Book, ledger: Ledger, column: str, says: str) -> None:
    """A balance is not the book's, or not the sum of what made it."""
    ledger.balances[0][column] += 1
    assert says in "\n".join(compare_balances(book, ledger))


def test_lost_and_strange_balances_are_found(book: Book, ledger: Ledger) -> None:
    """A row of `balances` that is not there, and one that should not be."""
    row = ledger.balances.pop()
    ledger.balances.append(row | {"user_id": "stranger"})
    lines = "\n".join(compare_balances(book, ledger))
    place = f"{row['program']}/{{}}/{row['currency']}"
    assert place.format(row["user_id"]) in lines
    assert place.format("stranger") in lines


def test_a_row_missing_in_the_ledger_is_found(book: Book, ledger: Ledger) -> None:
    """Rows of the ledger are held to the same outcomes as the topics."""
    next(postings for postings in ledger.results.postings.values() if len(postings) > 1).pop(0)
    assert any(
        "PostgreSQL" in line for line in compare_outcomes(book, ledger.results, "PostgreSQL")
    )


def test_the_table_shows_every_difference() -> None:
    """Differences are shown as they are, brackets and all."""
    table = as_table(["[red]one", "two"])
    assert table.row_count == 2
    assert [str(cell) for cell in table.columns[1].cells] == ["[red]one", "two"]
