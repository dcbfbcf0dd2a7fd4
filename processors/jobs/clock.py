"""Which time it is: the broker's, for append times decide whether a period is over."""

import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

_SET_MS: Final = 1_000
"""A host's clock that moved by so much otherwise than time passes was set, or stood still with its host."""

_LATELY_MAX: Final = 1_000_000
"""How much is remembered of what was sent lately: more than may be sent while it counts as lately."""


def host_ms() -> int:
    """Epoch milliseconds by this host's clock."""
    return time.time_ns() // 1_000_000


def _set_to() -> int:
    """To what the host's clock was set: the same at any moment, until it is set again."""
    return host_ms() - time.monotonic_ns() // 1_000_000


class Clock:
    """The broker's clock, as far as this worker knows it.

    Every acknowledgement of an action tells its append time. Until the first one, and from when the host's
    clock is set until the next one, the host is believed; where it goes wrong, what it starts too early the
    engine refuses.
    """

    def __init__(self, at: int | None = None) -> None:
        """`at`: a moment at which the clock stands still."""
        self._at = at
        self._ahead: int | None = None
        self._set_to = 0

    @property
    def ahead(self) -> int | None:
        """By how many milliseconds the host is ahead of the broker; None where that is not known."""
        return self._ahead if abs(_set_to() - self._set_to) < _SET_MS else None

    @property
    def is_told(self) -> bool:
        """Whether the time is certain: told by the broker, or given."""
        return self._at is not None or self.ahead is not None

    def now(self) -> int:
        """Epoch milliseconds."""
        return host_ms() - (self.ahead or 0) if self._at is None else self._at

    def learn(self, append_time: int) -> None:
        """Take a record's append time, acknowledged just now, for the present."""
        self._ahead, self._set_to = host_ms() - append_time, _set_to()


class Lately:
    """What was sent in the last so many seconds: it may be under way and is not sent again."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._sent: OrderedDict[Hashable, float] = OrderedDict()

    def has(self, what: Hashable) -> bool:
        """Whether this was noted less than so many seconds ago."""
        return time.monotonic() - self._sent.get(what, float("-inf")) < self._seconds

    def note(self, what: Hashable) -> None:
        """Remember that this was sent now."""
        self._sent[what] = now = time.monotonic()
        self._sent.move_to_end(what)  # The oldest stand first.
        while self._sent:
            oldest = next(iter(self._sent.values()))
            if now - oldest < self._seconds and len(self._sent) <= _LATELY_MAX:
                return
            self._sent.popitem(last=False)
