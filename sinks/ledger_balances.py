"""Balances as one statement over a whole ledger: what `sinks.ledger_rows` adds up batch by batch."""

from collections import defaultdict

from sinks.ledger_rows import EARNING, MOVE, SUMS


def summed_up(schema: str) -> str:
    """Return the statement that fills the empty `balances` of a schema from its `ledger`.

    An account counts its postings: the highest `sequence` of a currency is the last.
    """
    terms = {column: _sum(signs) for column, signs in _signs().items()}
    columns = ", ".join(terms)
    sums = ", ".join(f"{term} AS {column}" for column, term in terms.items())
    key = "program, currency, user_id"
    return f"""
        INSERT INTO {schema}.balances
            ({key}, sequence, available, lifetime, last_at, {columns})
        SELECT {key}, sequence, balance, lifetime, occurred_at, {columns}
        FROM (
            SELECT {key}, max(sequence) AS sequence, {sums}
            FROM {schema}.ledger WHERE kind <> '{MOVE}' GROUP BY {key}
        ) AS summed
        JOIN {schema}.ledger USING ({key}, sequence)
    """  # noqa: S608 - all of it is ours


def _signs() -> dict[str, dict[str, int]]:
    """Give, by column of `balances`, the kinds that are added to it and with which sign."""
    signs: defaultdict[str, dict[str, int]] = defaultdict(dict)
    signs["earned"] = dict.fromkeys(sorted(EARNING), 1)
    for kind, columns in SUMS.items():
        for column, sign in columns:
            signs[column][kind] = sign
    return signs


def _sum(signs: dict[str, int]) -> str:
    cases = " ".join(f"WHEN '{kind}' THEN {sign} * points" for kind, sign in signs.items())
    return f"sum(CASE kind {cases} ELSE 0 END)"
