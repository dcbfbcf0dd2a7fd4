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

COMPARED = ("available", "lifetime", "held", "reserved")
HELD = {"hold": 1, "release": -1, "forfeit": 1}
RESERVED = {"reserve": -1, "confirm": 1, "cancel": -1}
"""What points of a posting of a kind, as they are signed, do to what is held and set aside."""


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
    expected = _balances(book)
    for key in sorted(expected.keys() | found.keys()):
        row = found.get(key)
        ours = expected.get(key)
        theirs = row and {name: row[name] for name in COMPARED}
        who = f"PostgreSQL balances: {'/'.join(key)}"
        if ours != theirs:
            yield f"{who} has {_shown(ours)} in the book, {_shown(theirs)} there"
        elif row is not None and _made(row) != row["available"]:
            yield f"{who} has {row['available']} available, its parts come to {_made(row)}"


def _balances(book: Book) -> dict[tuple[str, str, str], dict[str, int]]:
    """What the lines come to, also those of accounts that were erased since."""
    found: dict[tuple[str, str, str], dict[str, int]] = {}
    for key, member in book.members.items():
        for line in (line for outcome in member.outcomes.values() for line in outcome.lines):
            row = found.setdefault((*key, line.currency), dict.fromkeys(COMPARED, 0))
            row["available"], row["lifetime"] = line.balance, line.lifetime
            row["held"] += line.points * HELD.get(line.kind, 0)
            row["reserved"] += line.points * RESERVED.get(line.kind, 0)
    return found


def _shown(amounts: dict[str, int] | None) -> str:
    return ", ".join(f"{name} {amount}" for name, amount in (amounts or {}).items()) or "nothing"


def _made(row: Said) -> int:
    """What came in less what went out or is set aside."""
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
