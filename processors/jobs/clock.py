"""Which time it is: the broker's, for append times decide whether a period is over."""

import time
from collections.abc import Hashable
from typing import Final

_LATELY_MAX: Final = 1_000_000
"""How much is remembered of what was sent lately: more than may be sent while it counts as lately."""


def host_ms() -> int:
    """Epoch milliseconds by this host's clock."""
    return time.time_ns() // 1_000_000


class Clock:
    """The broker's clock, as far as this worker knows it.

    Every acknowledgement of an action tells its append time. Until the first one the host is
    believed; where it goes wrong, what it starts too early the engine refuses.
    """

    def __init__(self, at: int | None = None) -> None:
        """`at`: a moment at which the clock stands still."""
        self._at = at
        self.ahead: int | None = None
        """By how many milliseconds the host is ahead of the broker; None before it told."""

    @property
    def is_told(self) -> bool:
        """Whether the time is certain: told by the broker, or given."""
        return self._at is not None or self.ahead is not None

    def now(self) -> int:
        """Epoch milliseconds."""
        return host_ms() - (self.ahead or 0) if self._at is None else self._at

    def learn(self, append_time: int) -> None:
        """Take a record's append time, acknowledged just now, for the present."""
        self.ahead = host_ms() - append_time


class Lately:
    """What was sent in the last so many seconds: it may be under way and is not sent again."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._sent: dict[Hashable, float] = {}

    def has(self, what: Hashable) -> bool:
        """Whether this was noted less than so many seconds ago."""
        return time.monotonic() - self._sent.get(what, float("-inf")) < self._seconds

    def note(self, what: Hashable) -> None:
        """Remember that this was sent now."""
        self._sent.pop(what, None)  # The oldest stand first.
        self._sent[what] = now = time.monotonic()
        for oldest in list(self._sent):
            young = now - self._sent[oldest] < self._seconds
            if young and len(self._sent) <= _LATELY_MAX:
                return
            del self._sent[oldest]
