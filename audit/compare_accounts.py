"""The book beside the accounts: as scoring keeps them, and as PostgreSQL shows them."""

from collections.abc import Iterable, Iterator
from typing import Any

from audit.book import Book
from audit.members import Member
from audit.records import Record
from audit.results import Key
from audit.views import amounts_of, as_told, shown_of
from schemas.account_view import view
from schemas.accounts import read_head, split_key

Views = dict[Key, dict[str, Any]]
"""By (program, subject): what an account shows of itself (schemas.account_view)."""


def accounts_of(changelog: Iterable[Record]) -> Views:
    """The accounts that the rows of the changelog come to; records of a key stand in order."""
    heads: dict[bytes, bytes | None] = {}
    for record in changelog:
        if record.key is not None and not record.key.startswith(b"\0"):
            heads[record.key] = record.value
    views: Views = {}
    for key, value in heads.items():
        program, subject, row = split_key(key)
        if not row and value is not None:
            views[program, subject] = view(read_head(value))
    return views


def compare_accounts(book: Book, views: Views, where: str) -> Iterator[str]:
    """Accounts that are missing, unknown to the book, or differ from it."""
    for key in sorted(book.members.keys() | views.keys()):
        who = f"{where}: {key[0]}/{key[1]}"
        if key not in views:
            yield f"{who} has no account there"
        elif key not in book.members:
            yield f"{who} has no account in the book"
        else:
            for name, ours, theirs in _columns(book.members[key], views[key]):
                if ours != theirs:
                    yield f"{who} has {name} {ours} in the book, {theirs} there"


def _columns(member: Member, account: dict[str, Any]) -> Iterator[tuple[str, object, object]]:
    """What both know of an account: (name, in the book, there). An amount of 0 is no amount.

    Of what only some accounts have, what is shown is compared: see `audit.views`.
    """
    purses = account["currencies"]
    for name, amounts in amounts_of(member).items():
        ours = {currency: amount for currency, amount in amounts.items() if amount}
        theirs = {currency: purse.get(name) for currency, purse in purses.items()}
        shown = {currency: amount for currency, amount in theirs.items() if amount}
        if not purses or None not in theirs.values():
            yield name, ours, shown
    for ladder, step in member.steps.items():
        # Who never left the first step need not have it written down.
        climbed = any(climb.ladder == ladder for climb in member.climbs)
        yield ladder, step, account["steps"].get(ladder, None if climbed else step)
    yield "country", member.country, account["country"]
    yield "badges", dict(member.badges), account["badges"]
    yield "counts", dict(member.counts), account["counts"]
    yield "waiting", len(member.waiting), account["waiting"]
    for name, value in shown_of(member).items():
        if name in account:
            yield name, as_told(value), as_told(account[name])
