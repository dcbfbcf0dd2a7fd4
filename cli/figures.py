"""What happens, counted from the result topics. Pure: records in, figures out."""

from collections import Counter, deque
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

import msgspec

RATE_SECONDS = 5.0
"""Actions a second are counted over this long."""

TOPICS = ("rewards.earned", "actions.accepted", "actions.declined", "actions.rejected")


class _Said(msgspec.Struct, gc=False):
    """What any of these records may say, in the part that is counted."""

    action_id: str | None = None
    program: str | None = None
    points: int = 0
    currency: str = ""
    scale: int = 0
    reason: str | None = None


_read = msgspec.json.Decoder(_Said).decode


class Decided(NamedTuple):
    """How many actions were decided up to a moment (monotonic seconds)."""

    at: float
    actions: int


@dataclass(slots=True)
class Figures:
    """Counts since counting began. `posted`, `accepted`, `declined` and `rejected` count actions."""

    posted: int = 0
    accepted: int = 0
    declined: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    given: dict[str, Decimal] = field(default_factory=dict)
    """Points given by currency: the sum of all postings that give."""
    programs: Counter[str] = field(default_factory=Counter)
    """Actions with postings, by program."""
    _history: deque[Decided] = field(default_factory=deque)
    _last: dict[int, str | None] = field(default_factory=dict)

    def count(self, topic: str, partition: int, value: bytes) -> None:
        """Count a record of one of TOPICS."""
        said = _read(value)
        if topic == "rewards.earned":
            given = Decimal(max(said.points, 0)).scaleb(-said.scale)
            self.given[said.currency] = self.given.get(said.currency, Decimal()) + given
            # The postings of one action stand next to each other.
            if self._last.get(partition) != said.action_id:
                self._last[partition] = said.action_id
                self.posted += 1
                self.programs[said.program or ""] += 1
        elif topic == "actions.accepted":
            self.accepted += 1
        else:
            counter = self.declined if topic == "actions.declined" else self.rejected
            counter[said.reason or "?"] += 1

    @property
    def actions(self) -> int:
        """How many actions were decided."""
        return self.posted + self.accepted + self.declined.total() + self.rejected.total()

    def rate(self, now: float) -> float:
        """Give actions a second over the last seconds up to `now`, which must not go back."""
        self._history.append(Decided(now, self.actions))
        while len(self._history) > 2 and self._history[1].at <= now - RATE_SECONDS:  # noqa: PLR2004
            self._history.popleft()
        oldest = self._history[0]
        passed = now - oldest.at
        return (self.actions - oldest.actions) / passed if passed > 0 else 0.0


@dataclass(slots=True)
class Moves:
    """Ranks as they were a moment ago, to tell who rose and who fell."""

    seconds: float = 30.0
    _history: deque[tuple[float, dict[str, int]]] = field(default_factory=deque)

    def of(self, now: float, ranks: dict[str, int]) -> dict[str, int | None]:
        """Give by member how many ranks up it is (down: below 0); None for one who was not there."""
        self._history.append((now, ranks))
        while len(self._history) > 2 and self._history[1][0] <= now - self.seconds:  # noqa: PLR2004
            self._history.popleft()
        before = self._history[0][1]
        return {
            user: before[user] - rank if user in before else None for user, rank in ranks.items()
        }
