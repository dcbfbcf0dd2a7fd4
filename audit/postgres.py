"""The ledger as it stands in PostgreSQL, read with plain queries."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import asyncpg

from audit.book import Book
from audit.compare_accounts import Views
from audit.results import Key, Results, Said

POSTINGS = """
    SELECT id, action_id, program, user_id, sequence, action, kind, currency, points,
        lifetime_points, balance, lifetime, tier, occurred_at, expires_at, lots, rule
    FROM ledger ORDER BY program, user_id, sequence
"""
ACCEPTED = "SELECT id, action_id, program, user_id, action FROM accepted"
DECLINED = "SELECT id, action_id, program, user_id, action, reason FROM declined"
TIERS = "SELECT id, program, user_id, ladder, old, new FROM tier_changes"
ACHIEVEMENTS = "SELECT id, program, user_id, achievement, kind, level, state FROM achievements"
ACCOUNTS = "SELECT program, subject, view FROM accounts"
BALANCES = "SELECT * FROM balances"


class Ledger:
    """Everything that the ledger's tables hold: as results, as accounts, and the balances."""

    def __init__(self, results: Results, accounts: Views, balances: list[Said]) -> None:
        self.results = results
        self.accounts = accounts
        self.balances = balances


async def read_ledger(url: str) -> Ledger:
    """Read the tables in one snapshot. Raises OSError or asyncpg.PostgresError when it cannot."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            results = Results(
                postings=_by_subject(await connection.fetch(POSTINGS)),
                accepted=_by_subject(await connection.fetch(ACCEPTED)),
                declined=_by_subject(await connection.fetch(DECLINED)),
                tiers=_by_subject(await connection.fetch(TIERS)),
                achievements=_by_subject(await connection.fetch(ACHIEVEMENTS)),
            )
            rows = await connection.fetch(ACCOUNTS)
            accounts = {(row["program"], row["subject"]): json.loads(row["view"]) for row in rows}
            balances = [dict(row) for row in await connection.fetch(BALANCES)]
    finally:
        await connection.close()
    return Ledger(results, accounts, balances)


def compare_balances(book: Book, ledger: Ledger) -> Iterator[str]:
    """I2 of the architecture: every balance is the book's, and the sum of what made it."""
    found = {(row["program"], row["user_id"], row["currency"]): row for row in ledger.balances}
    # The last lines, for the ledger keeps what was erased from the account.
    expected = {
        (*key, line.currency): (line.balance, line.lifetime)
        for key, member in book.members.items()
        for outcome in member.outcomes.values()
        for line in outcome.lines
    }
    for key in sorted(expected.keys() | found.keys()):
        row = found.get(key)
        ours = expected.get(key)
        theirs = row and (row["available"], row["lifetime"])
        who = f"PostgreSQL balances: {'/'.join(key)}"
        if ours != theirs:
            yield f"{who} has (available, lifetime) {ours} in the book, {theirs} there"
        elif row is not None and _made(row) != row["available"]:
            yield f"{who} has {row['available']} available, its parts come to {_made(row)}"


def _made(row: Said) -> int:
    """What came in less what went out."""
    came = row["earned"] + row["received"] + row["adjusted"] - row["reversed"]
    return int(came - row["redeemed"] - row["expired"] - row["sent"] - row["reserved"])


def _by_subject(rows: list[Any]) -> dict[Key, list[Said]]:
    found: dict[Key, list[Said]] = {}
    for row in rows:
        said = dict(row)
        for name in ("occurred_at", "expires_at"):
            if isinstance(said.get(name), datetime):
                said[name] = said[name].astimezone(UTC).isoformat()
        if "lots" in said:
            said["lots"] = json.loads(said["lots"])
        found.setdefault((said["program"], said["user_id"]), []).append(said)
    return found
