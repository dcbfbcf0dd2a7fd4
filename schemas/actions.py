"""An action: what happened, parsed. The only input of scoring."""

from typing import Any, Literal

import msgspec

Origin = Literal["outside", "service", "admin", "engine", "job"]
"""Who may say an action of a type; engine and job actions travel on `actions.internal` only."""

RESERVED_SUBJECTS = ("code:", "reward:", "team:", "payment:", "period:")
"""Subject prefixes that only Laurel's own actions may be keyed by."""


class Action(msgspec.Struct, frozen=True, gc=False):
    """One action as the engine sees it.

    Times are epoch milliseconds, UTC. `data` holds the facts as they were sent, undecoded: the
    program's rule for the type says what they must be.
    """

    id: str
    program: str
    user_id: str
    type: str
    occurred_at: int
    data: msgspec.Raw
    append_time: int
    # True when the record came over `actions.internal`.
    internal: bool = False
    # `program@effective_from` of the parent: a derived action is decided by its parent's version.
    version: str | None = None
    # W3C trace context of the producer, handed on to every result.
    traceparent: str | None = None


class Derived(msgspec.Struct, gc=False):
    """An action that deciding another one gave rise to, for another subject; sent in the same transaction.

    This is also its wire form on `actions.internal`. `occurred_at` is the parent's, RFC 3339.
    """

    id: str
    program: str
    user_id: str
    type: str
    occurred_at: str
    data: dict[str, Any]
    version: str
