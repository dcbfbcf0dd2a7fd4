"""Names and pictures of members in PostgreSQL: the newest that the topic `members` has of each."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from schemas.members import Member

_WRITE: Final = """
    INSERT INTO members
        (user_id, username, avatar_url, email, country, region, timezone, joined_at)
    SELECT user_id, username, avatar_url, email, country, region, timezone, joined_at::timestamptz
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
        $7::text[], $8::text[])
        AS m(user_id, username, avatar_url, email, country, region, timezone, joined_at)
    ON CONFLICT (user_id) DO UPDATE SET
        username = excluded.username, avatar_url = excluded.avatar_url, email = excluded.email,
        country = excluded.country, region = excluded.region, timezone = excluded.timezone,
        joined_at = excluded.joined_at
"""
_DELETE: Final = "DELETE FROM members WHERE user_id = ANY($1::text[])"


async def write_members(connection: Any, said: Mapping[str, Member | None]) -> None:  # noqa: ANN401 - asyncpg has no types
    """Write what was said of members by their ids; None deletes one."""
    # Producers may choose partitions otherwise than we do: in one order nobody waits in a circle.
    there = [(user, *msgspec.structs.astuple(one)) for user, one in sorted(said.items()) if one]
    if there:
        await connection.execute(_WRITE, *map(list, zip(*there, strict=True)))
    if gone := sorted(user for user, one in said.items() if one is None):
        await connection.execute(_DELETE, gone)
