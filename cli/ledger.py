"""The ledger in PostgreSQL, for commands: reached or refused, and the questions they ask it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import asyncpg
import orjson

from cli.addresses import Place
from cli.refusals import Refusal

_SECONDS = 10

_ACCOUNT = "SELECT view FROM accounts WHERE program = $1 AND subject = $2"
_LINES = """
    SELECT occurred_at, points, currency, action, kind, balance, tier, reason, rule, why, id
    FROM ledger WHERE program = $1 AND user_id = $2 ORDER BY sequence DESC LIMIT $3
"""


class LedgerLine(NamedTuple):
    """A posting, as the ledger keeps it, in the part that people look at."""

    occurred_at: str
    points: int
    currency: str
    action: str
    kind: str
    balance: int
    tier: str | None
    reason: str | None
    rule: str
    why: list[tuple[str, str]]
    id: str


@asynccontextmanager
async def ledger(place: Place) -> AsyncIterator[Any]:
    """Give a connection to the ledger. Raises Refusal when there is none, or no ledger in it."""
    url = place.settings.postgres_read or place.settings.postgres
    try:
        connection = await asyncpg.connect(url, timeout=_SECONDS, command_timeout=_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise place.silent("postgres", error) from error
    try:
        yield connection
    except asyncpg.UndefinedTableError as error:
        raise Refusal(
            "the database has no ledger yet",
            "the ledger projector makes its tables when it starts: `laurel worker ledger`",
        ) from error
    except asyncpg.PostgresError as error:
        raise Refusal(f"PostgreSQL refused: {error}") from error
    finally:
        await connection.close()


async def account_view(connection: Any, program: str, subject: str) -> dict[str, Any] | None:  # noqa: ANN401
    """Give what people may see of an account (schemas.accounts.view); None where there is none."""
    view = await connection.fetchval(_ACCOUNT, program, subject)
    return None if view is None else orjson.loads(view)


async def last_lines(
    connection: Any,  # noqa: ANN401 - asyncpg has no types
    program: str,
    user_id: str,
    count: int,
) -> list[LedgerLine]:
    """Give the last postings of a member, the latest first."""
    rows = await connection.fetch(_LINES, program, user_id, count)
    return [
        LedgerLine(
            **{
                **row,
                "why": orjson.loads(row["why"]),
                "occurred_at": f"{row['occurred_at']:%Y-%m-%d %H:%M:%S}",
            }
        )
        for row in rows
    ]
