"""A member as people see it: a record of `members`, keyed by the user id. For display only.

No rule reads it; what rules need to know of a member comes with the action PROFILE.
"""

import msgspec

from schemas import moments


class Member(msgspec.Struct, gc=False):
    """Names and pictures. Every field may be missing; the newest record of a key is all there is."""

    username: str | None = None
    avatar_url: str | None = None
    email: str | None = None
    country: str | None = None
    region: str | None = None
    timezone: str | None = None
    # RFC 3339 with a zone, or epoch milliseconds; as it is read, RFC 3339 in UTC.
    joined_at: str | int | None = None


_read = msgspec.json.Decoder(Member).decode


def read_member(value: bytes) -> Member | None:
    """Read a record's value; None when it is no member. Fields that we do not know are left out."""
    try:
        member = _read(value)
        if member.joined_at is not None:
            member.joined_at = moments.write(moments.read(member.joined_at))
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return member
