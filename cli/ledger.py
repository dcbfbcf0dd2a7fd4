"""The ledger in PostgreSQL, for commands: reached or refused."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from cli.addresses import Place
from cli.refusals import Refusal

_SECONDS = 10


@asynccontextmanager
async def ledger(place: Place, seconds: float = _SECONDS) -> AsyncIterator[Any]:
    """Give a connection to the ledger, on which a command may take so long.

    Raises Refusal when there is none, or no ledger in it.
    """
    url = place.settings.postgres_read or place.settings.postgres
    try:
        connection = await asyncpg.connect(url, timeout=_SECONDS, command_timeout=seconds)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise place.silent("postgres", error) from error
    try:
        yield connection
    except asyncpg.UndefinedTableError as error:
        raise Refusal(
            "the database has no ledger yet",
            "the ledger projector makes its tables when it starts: `laurel worker ledger`",
        ) from error
    except TimeoutError as error:
        raise Refusal(
            f"PostgreSQL has not answered within {seconds:g} seconds",
            "ask for less, fewer days for instance, or look at what else it does",
        ) from error
    except asyncpg.PostgresError as error:
        raise Refusal(f"PostgreSQL refused: {error}") from error
    finally:
        await connection.close()
