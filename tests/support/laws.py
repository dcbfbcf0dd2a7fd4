"""What holds whatever members do, checked over results alone, in the order they were decided.

It shares no code with the engine: postings, the actions they answer, and the program's document.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final, NamedTuple

from schemas.actions import Action
from schemas.moments import write
from schemas.results import Posting

# By kind: what `points` adds to what is available, held and reserved.
COLUMNS: Final = {
    **dict.fromkeys(("earn", "adjust", "redeem", "send", "expire"), (1, 0, 0)),
    **dict.fromkeys(("receive", "return", "reverse"), (1, 0, 0)),
    "hold": (0, 1, 0),
    "release": (1, -1, 0),
    "forfeit": (0, 1, 0),
    "reserve": (1, 0, -1),
    "confirm": (0, 0, 1),
    "cancel": (1, 0, -1),
    "move": (0, 0, 0),
}
FOR_LIFE: Final = ("earn", "adjust", "release", "reverse")
MAY_OWE: Final = ("adjust", "reverse")
POOL: Final = "always"
_SIGN: Final = " \N{MULTIPLICATION SIGN} "


class Happened(NamedTuple):
    """An action and all that came of it; `outcome` is posted, accepted, or why not."""

    action: Action
    outcome: str
    postings: list[Posting]


@dataclass
class Purse:
    """What the postings of one account in one currency add up to."""

    available: int = 0
    held: int = 0
    reserved: int = 0
    lifetime: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)
    # By lot: [points, expiry]; the pool has no expiry.
    lots: dict[str, list[Any]] = field(default_factory=dict)

    def add(self, posting: Posting) -> None:
        """Add a posting, and check what it says of the sums so far."""
        places = COLUMNS[posting.kind]
        self.available += places[0] * posting.points
        self.held += places[1] * posting.points
        self.reserved += places[2] * posting.points
        self.lifetime += posting.lifetime_points
        self.by_kind[posting.kind] += posting.points
        says = (posting.balance, posting.lifetime)
        assert says == (self.available, self.lifetime), f"{says} is no running sum: {posting}"
        assert min(self.held, self.reserved) >= 0, f"less than nothing is held: {posting}"
        if places[0] * posting.points < 0 and posting.kind not in MAY_OWE:
            assert self.available >= 0, f"{posting.kind} went below 0: {posting}"
        if posting.kind not in FOR_LIFE:
            assert posting.lifetime_points == 0, f"{posting.kind} counts for life: {posting}"
        self._touch(posting)

    def _touch(self, posting: Posting) -> None:
        """Move the lots that a posting names; what it takes is the earliest first."""
        for name, points, expires_at in posting.lots:
            lot = self.lots.setdefault(POOL if expires_at is None else name, [0, expires_at])
            assert lot[1] == expires_at, f"{name} changed its expiry: {posting}"
            lot[0] += points
            assert lot[0] >= 0, f"more was taken from {name} than was there: {posting}"
        self.lots = {name: lot for name, lot in self.lots.items() if lot[0]}
        total = sum(points for points, _ in self.lots.values())
        assert total == max(self.available, 0), f"lots sum to {total}: {posting}"
        if posting.kind in ("redeem", "send", "reserve", "adjust") and posting.points < 0:
            taken = [_order(at) for _, _, at in posting.lots]
            left = [_order(at) for _, at in self.lots.values()]
            assert taken == sorted(taken), f"a later lot was taken first: {posting}"
            assert not left or not taken or min(left) >= taken[-1], f"skipped a lot: {posting}"

    def check(self) -> None:
        """Check that nothing was made or lost."""
        kinds = self.by_kind
        came = sum(kinds[kind] for kind in ("earn", "hold", "receive", "return", "adjust"))
        went = -sum(kinds[kind] for kind in ("redeem", "confirm", "expire", "send", "forfeit"))
        there = self.available + self.held + self.reserved
        assert there + went == came + kinds["reverse"], f"points were made or lost: {self}"


def _order(expires_at: str | None) -> str:
    return expires_at or "~"


@dataclass
class Laws:
    """Everything that was seen so far."""

    purses: defaultdict[tuple[str, str, str], Purse] = field(
        default_factory=lambda: defaultdict(Purse)
    )
    sequences: Counter[tuple[str, str]] = field(default_factory=Counter)
    # Currencies in which points are sent and not booked yet: (program, currency) by action id.
    under_way: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    # Sent to members who were erased, by members who were.
    lost: set[str] = field(default_factory=set)

    def see(self, happened: Happened) -> None:
        """Check all that came of one action."""
        action = happened.action
        assert bool(happened.postings) == (happened.outcome == "posted"), happened
        for posting in happened.postings:
            account = (posting.program, posting.user_id)
            self.sequences[account] += 1
            assert posting.sequence == self.sequences[account], f"a gap before {posting}"
            self.purses[*account, posting.currency].add(posting)
            redo(posting)
            self._pass_on(posting)
        self._check_expiry(happened.postings, action.occurred_at)
        if happened.outcome not in ("posted", "accepted") and action.type == "RETURN":
            self.lost.add(action.id.removesuffix("#return"))

    def close(self) -> None:
        """Check what has to hold in the end, when nothing waits."""
        for purse in self.purses.values():
            purse.check()
        waits = {name: sent for name, sent in self.under_way.items() if name not in self.lost}
        assert not waits, f"sent and never booked: {waits}"

    def _pass_on(self, posting: Posting) -> None:
        """Follow points from member to member, to the one or back."""
        sent = (posting.program, posting.currency, abs(posting.points))
        if posting.kind == "send":
            into = {"TRANSFER": "transfer_in", "TIP": "tip_in"}[posting.action]
            self.under_way[f"{posting.action_id}#{into}"] = sent
        elif posting.kind in ("receive", "return"):
            name = posting.action_id.removesuffix("#return")
            assert self.under_way.pop(name, None) == sent, f"was never sent: {posting}"

    def _check_expiry(self, postings: Iterable[Posting], moment: int) -> None:
        """Check that no lot of the accounts concerned has outlived its time."""
        now = write(moment)
        for name in {(p.program, p.user_id, p.currency) for p in postings}:
            lots = self.purses[name].lots
            old = {lot: at for lot, (_, at) in lots.items() if at is not None and at <= now}
            made = {posting.id for posting in postings}
            assert not old.keys() - made, f"{name} has lots past their time at {now}: {old}"


def redo(posting: Posting) -> None:
    """Redo the sum of a posting by hand: the first value, times each factor, rounded, trimmed."""
    if posting.kind == "move":
        return
    scale = 0 if not isinstance(posting.scale, int) else posting.scale
    value = Fraction(posting.why[0][1])
    for label, shown in posting.why[1:]:
        factor = label.rpartition(_SIGN)[2] if _SIGN in label else None
        if label in ("floor", "nearest"):
            value = _rounded(value, scale, label)
        elif label.startswith(("at most ", "not expired")):
            assert Fraction(shown) <= value, f"{label} made more of it: {posting}"
            value = Fraction(shown)
        else:
            assert factor is not None, f"{label} says no factor: {posting}"
            value *= Fraction(factor)
        assert value == Fraction(shown), f"{label} gives {value}: {posting}"
    points = Fraction(abs(posting.points), 10**scale)
    assert abs(value) == points, f"the sum comes to {value}: {posting}"


def _rounded(value: Fraction, scale: int, how: str) -> Fraction:
    units = value * 10**scale
    if how == "floor":
        return Fraction(units // 1, 10**scale)
    half = Fraction(1, 2) if units >= 0 else Fraction(-1, 2)
    return Fraction(int(units + half), 10**scale)


def facts_of(action: Action) -> dict[str, Any]:
    """Read what an action says."""
    facts: dict[str, Any] = json.loads(bytes(action.data) or b"{}")
    return facts
