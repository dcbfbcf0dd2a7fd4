"""What a job says: an action keyed by its subject, as it travels on `actions.internal`."""

from typing import Any, Final

import msgspec

from schemas import moments

_encode: Final = msgspec.json.Encoder().encode


class JobAction(msgspec.Struct, frozen=True, gc=False):
    """An action of a job; `occurred_at` is the moment it was due, in epoch milliseconds.

    `version` names the version that decides it; None: the one in force at that moment.
    """

    id: str
    program: str
    user_id: str
    type: str
    occurred_at: int
    data: dict[str, Any] = {}
    version: str | None = None


def record(action: JobAction) -> tuple[bytes, bytes]:
    """Give key and value of an action's record."""
    said = {
        "id": action.id,
        "program": action.program,
        "user_id": action.user_id,
        "type": action.type,
        "occurred_at": moments.write(action.occurred_at),
        "data": action.data,
    }
    if action.version is not None:
        said["version"] = action.version
    return action.user_id.encode(), _encode(said)
