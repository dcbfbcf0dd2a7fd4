"""Parts of an account's head that most accounts do not have, each read only when it is asked for.

A part is stored as it was written until somebody changes it, so one that only a newer release knows
is handed on unread.
"""

from collections.abc import Mapping
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec

T = TypeVar("T")


class Holder(Protocol):
    """What has parts: a head."""

    parts: dict[str, msgspec.Raw]


class Part(Generic[T]):
    """One part: its name in the head, and the type of its content. An empty one is not stored."""

    def __init__(self, name: str, kind: type[T]) -> None:
        self.name = name
        self._decode = msgspec.msgpack.Decoder(kind).decode
        self._empty = msgspec.msgpack.encode(kind())

    def read(self, head: Holder) -> T:
        """Return the part, or an empty one."""
        return self._decode(head.parts.get(self.name, self._empty))

    def write(self, head: Holder, content: T) -> None:
        """Put the part in its place; an empty one is taken away."""
        encoded = msgspec.msgpack.encode(content)
        parts = dict(head.parts)
        if encoded == self._empty:
            parts.pop(self.name, None)
        else:
            parts[self.name] = msgspec.Raw(encoded)
        head.parts = parts


class Streak(msgspec.Struct, array_like=True, gc=False):
    """Consecutive days; `last` is the first moment of the last of them."""

    days: int
    last: int


class Boost(msgspec.Struct, array_like=True, gc=False):
    """A factor, in millionths, on awards of one currency from one moment until, not including, another."""

    millionths: int
    from_: int
    until: int


class Held(msgspec.Struct, array_like=True, gc=False):
    """An award that is held: named by its posting, due at a moment, then released or forfeited."""

    id: str
    rule: str
    type: str
    currency: str
    points: int
    occurred_at: int
    day: int
    due_at: int
    forfeits: bool
    expires_at: int | None
    columns: str | None


class Reservation(msgspec.Struct, array_like=True, gc=False):
    """Points set aside: their lots as (id, points, expiry), until when, and what for."""

    currency: str
    points: int
    lapses_at: int
    lots: list[tuple[str, int, int | None]]


class Suspension(msgspec.Struct, array_like=True, gc=False):
    """Until when a member is suspended, 0 if not at all; and from when until when it was or will be.

    The spans lie apart, the earliest first. Those that are over stay for as long as an action may
    come late, at least. A row of a release that kept none is suspended from the beginning of time.
    """

    until: int = 0
    spans: list[tuple[int, int]] = []

    def __post_init__(self) -> None:
        if self.until and not self.spans:
            self.spans = [(0, self.until)]


class Paths(msgspec.Struct, array_like=True, gc=False):
    """The path xp of each path ever joined, the paths joined now, and the primary one."""

    xp: dict[str, int] = {}
    joined: list[str] = []
    primary: str = ""


class Unlocked(msgspec.Struct, array_like=True, gc=False):
    """How often something was unlocked, and until when it holds; 0 is for ever."""

    times: int
    until: int = 0


class Payment(msgspec.Struct, array_like=True, gc=False):
    """Of a `payment:` account: the status it has, and the id of what it derived last."""

    status: str = ""
    answered: str = ""


class Period(msgspec.Struct, array_like=True, gc=False):
    """Of a `period:` account: what was said of the period, each once for ever."""

    opened: bool = False
    closed: bool = False
    restated: bool = False


STREAKS: Final = Part[dict[str, Streak]]("streaks", dict[str, Streak])
TOTALS: Final = Part[dict[str, int]]("totals", dict[str, int])
"""By `TYPE fact period`, in units of the fact."""
PREVIOUS: Final = Part[dict[str, Any]]("previous", dict[str, Any])
"""By `TYPE fact`, as the engine has it."""
MEMORY: Final = Part[dict[str, Any]]("memory", dict[str, Any])
GIVEN_ONCE: Final = Part[list[str]]("once", list[str])
"""Rules that gave their one award."""
BOOSTS: Final = Part[dict[str, Boost]]("boosts", dict[str, Boost])
HOLDS: Final = Part[list[Held]]("holds", list[Held])
RESERVATIONS: Final = Part[dict[str, Reservation]]("reserved", dict[str, Reservation])
SUSPENSION: Final = Part[Suspension]("suspended", Suspension)
SUSPICION: Final = Part[dict[int, int]]("suspicion", dict[int, int])
"""By day, its first moment: how many declines were suspicious."""
PATHS: Final = Part[Paths]("paths", Paths)
UNLOCKS: Final = Part[dict[str, Unlocked]]("unlocks", dict[str, Unlocked])
REWARDS: Final = Part[dict[str, str]]("rewards", dict[str, str])
"""By reward: CLAIMED, EARNED or DELIVERED."""
GRANTED: Final = Part[dict[str, int]]("granted", dict[str, int])
"""By ladder: the highest step, counted from 0, whose grants were given."""
REVIEWED: Final = Part[dict[str, int]]("reviewed", dict[str, int])
"""By ladder: points of the window at the last review that stepped down, and what was earned since."""
PAYMENT: Final = Part[Payment]("payment", Payment)
RECIPIENTS: Final = Part[int]("recipients", int)
"""Of a `reward:` account: how many have it."""
PERIOD: Final = Part[Period]("period", Period)
ERASED: Final = Part[bool]("erased", bool)
HIDDEN: Final = Part[bool]("hidden", bool)
"""Whether the boards were told to show the member no more."""
SIGNED_UP: Final = Part[int]("signed_up", int)
"""When the first sign-up was accepted; kept where a board's ties look at it."""

ALL: Final[Mapping[str, Part[Any]]] = {
    part.name: part
    for part in (
        *(STREAKS, TOTALS, PREVIOUS, MEMORY, GIVEN_ONCE, BOOSTS, HOLDS, RESERVATIONS),
        *(SUSPENSION, SUSPICION, PATHS, UNLOCKS, REWARDS, GRANTED, REVIEWED, PAYMENT),
        *(RECIPIENTS, PERIOD, ERASED, HIDDEN, SIGNED_UP),
    )
}
