"""Tallies: boards that are more than a sum of points.

They have another measure, operator, order of ties or decay, or are split by path or team. What a
posting changes is scored on it; what an action changes besides (a count, a path's xp, the part of a
split where the member belongs) is scored at its end. `standings` of the account tell where a member
stands on a split tally, as for other boards: `guild:red all_time` -> 40.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from processors.engine.boards import (
    CATEGORY,
    PATH,
    TEAM,
    Boards,
    is_plain,
    kept,
    split_standing,
    told_periods,
)
from processors.engine.measures import Change, change_of, counted, signups
from schemas import parts, programs
from schemas.accounts import Head
from schemas.moments import Day, Per, PeriodKind, number_of
from schemas.parts import Paths
from schemas.programs import Program
from schemas.results import Posting, Score

NEVER: Final = (1 << 48) - 1
"""The tie value of who never signed up: after all others."""


class Tally(NamedTuple):
    """A bound tally."""

    name: str
    currency: str
    change: Change | None  # None where no posting scores.
    counts: frozenset[str]  # Action types that count one when accepted.
    split: str | None
    operator: str
    ties: str
    decay: tuple[str, Per] | None
    periods: tuple[PeriodKind, ...]
    told: frozenset[PeriodKind]


class Tallies:
    """The tallies of one version, at least one."""

    def __init__(self, program: Program, boards: Boards) -> None:
        self.boards = boards
        self.tallies = tuple(
            _bind(program, name, board)
            for name, board in program.boards.items()
            if not is_plain(board)
        )
        by_signup = any(tally.ties == "signup" for tally in self.tallies)
        self.signups = signups(program) if by_signup else frozenset[str]()

    def score(
        self, head: Head, day: Day, posting: Posting, forget_before: int, *, all_time: bool
    ) -> list[Score]:
        """Score a posting that was just made; with `all_time` on boards of all time only."""
        scores: list[Score] = []
        for tally in self.tallies:
            if tally.change is None or tally.currency != posting.currency:
                continue
            change = tally.change(posting)
            if not change or (tally.split == CATEGORY and posting.category is None):
                continue
            for kind in tally.periods:
                if kind == "all_time" or not all_time:
                    part = posting.category if tally.split == CATEGORY else None
                    scores += self._add(head, day, tally, kind, change, forget_before, part)
        return scores

    def count(self, head: Head, day: Day, kind: str, forget_before: int) -> Iterator[Score]:
        """Score an accepted action on the tallies that count it."""
        for tally in self.tallies:
            if kind in tally.counts:
                for period in tally.periods:
                    yield from self._add(head, day, tally, period, 1, forget_before)

    def sign_up(self, head: Head, day: Day, scored: set[tuple[str, str]]) -> Iterator[Score]:
        """Put who signs up on the tallies whose ties ask for it, at 0 until something scores."""
        for tally in self.tallies:
            if tally.ties == "signup" and tally.split is None:
                for kind in tally.periods:
                    if (tally.name, day.names[kind]) not in scored:
                        yield _entry(head, day, tally, "", day.names[kind], 0)

    def walk(self, head: Head, day: Day, before: Paths, moment: int) -> Iterator[Score]:
        """Score path xp: of who joined a path, walks it or left it, with this action."""
        paths = parts.PATHS.read(head)
        concerned = dict.fromkeys((*before.joined, *paths.joined))
        for tally in self.tallies:
            for path in concerned if tally.split == PATH else ():
                gained = paths.xp.get(path, 0) - before.xp.get(path, 0)
                if path not in paths.joined:
                    yield from self._leave(head, tally, path, moment)
                elif path not in before.joined:
                    yield from _gain(head, day, tally, path, paths.xp[path], ("all_time",))
                elif gained:
                    yield from _gain(head, day, tally, path, gained, tally.periods)

    def move(self, head: Head, day: Day, before: Head, moment: int) -> list[Score]:
        """Take a member's whole scores to the parts of the splits where it belongs since `before`.

        As of other boards, moved is what stands in periods that have not ended at `moment`; scores
        leave their old boards first.
        """
        leaves: list[Score] = []
        enters: list[Score] = []
        moving = {
            tally.name: tally
            for tally in self.tallies
            if tally.split not in (None, CATEGORY, PATH)
            and self._place(before, tally) != self._place(head, tally)
        }
        for key, score in head.standings.items() if moving else ():
            name, place, period = split_standing(key)
            if name not in moving or self._is_over(period, moment):
                continue
            tally = moving[name]
            new = self._place(head, tally)
            if new == place:
                continue
            head.standings = {old: n for old, n in head.standings.items() if old != key}
            _stand(head, f"{name}:{new} {period}", score)
            if place:
                leaves.append(_leaves(head, name, place, period, score))
            if new:
                enters.append(_entry(head, day, tally, new, period, score))
        return leaves + enters

    def may_hold(self, head: Head) -> bool:
        """Tell whether a member without any points may stand on a tally."""
        if parts.SIGNED_UP.read(head):
            return True
        walks = bool(parts.PATHS.read(head).xp)
        return any(
            (walks and tally.split == PATH) or not tally.counts.isdisjoint(head.counts)
            for tally in self.tallies
        )

    def _place(self, head: Head, tally: Tally) -> str:
        """Return the member's part of a tally's split now; empty when it has none."""
        if tally.split is None:
            return ""
        if tally.split == TEAM:
            return head.profile.get(TEAM) or ""
        return self.boards.place(head, tally.split)

    def _add(
        self,
        head: Head,
        day: Day,
        tally: Tally,
        kind: PeriodKind,
        change: int,
        forget_before: int,
        part: str | None = None,
    ) -> Iterator[Score]:
        """Add to a score where the member stands already, else where the member belongs now."""
        period = day.names[kind]
        if tally.split is None or part is not None:
            yield _entry(head, day, tally, part or "", period, change)
            return
        stands = (split_standing(key) for key in head.standings)
        here = (place for name, place, of in stands if (name, of) == (tally.name, period))
        place = next(here, None)
        if place is None:
            place = self._place(head, tally)
            head.standings = kept(head.standings, self.boards.calendar, forget_before)
        _stand(head, f"{tally.name}:{place} {period}", change)
        if place:
            yield _entry(head, day, tally, place, period, change)

    def _leave(self, head: Head, tally: Tally, path: str, moment: int) -> Iterator[Score]:
        """Take a member off the boards of a path, but those of periods that are over."""
        for key, score in head.standings.items():
            name, place, period = split_standing(key)
            if (name, place) == (tally.name, path) and not self._is_over(period, moment):
                head.standings = {old: n for old, n in head.standings.items() if old != key}
                yield _leaves(head, name, place, period, score)

    def _is_over(self, period: str, moment: int) -> bool:
        return self.boards.calendar.bounds(period)[1] <= moment


def _bind(program: Program, name: str, board: programs.Board) -> Tally:
    """Bind a board that is more than a sum of points."""
    decay = board.decay
    return Tally(
        name=name,
        currency=program.currency_of(board),
        change=change_of(program, board),
        counts=counted(program, board.measure),
        split=board.split,
        operator=board.operator,
        ties=board.ties,
        decay=None if decay is None else (f"{decay.factor.normalize():f}", decay.per),
        periods=tuple(board.periods),
        told=told_periods(board),
    )


def _gain(
    head: Head, day: Day, tally: Tally, path: str, xp: int, kinds: tuple[PeriodKind, ...]
) -> Iterator[Score]:
    for kind in kinds:
        if kind in tally.periods:
            _stand(head, f"{tally.name}:{path} {day.names[kind]}", xp)
            yield _entry(head, day, tally, path, day.names[kind], xp)


def _stand(head: Head, key: str, change: int) -> None:
    head.standings = {**head.standings, key: head.standings.get(key, 0) + change}


def _leaves(head: Head, name: str, place: str, period: str, score: int) -> Score:
    hidden = "hidden " * (parts.HIDDEN.name in head.parts)
    return (f"{name}:{place}", period, -score, f"{hidden}leaves")


def _entry(head: Head, day: Day, tally: Tally, place: str, period: str, change: int) -> Score:
    """Return an entry with all words that its board needs."""
    words = []
    if parts.HIDDEN.name in head.parts:
        words.append("hidden")
    elif period.partition(":")[0] not in tally.told:
        words.append("quiet")
    if tally.operator != "sum":
        words.append(tally.operator)
    if tally.ties == "signup":
        words.append(f"tie:{parts.SIGNED_UP.read(head) or NEVER}")
    elif tally.ties == "id":
        words.append("tie:0")
    if tally.decay is not None:
        factor, per = tally.decay
        words.append(f"decay:{factor}:{number_of(day, per)}:{per}")
    name = f"{tally.name}:{place}" if place else tally.name
    return (name, period, change, " ".join(words)) if words else (name, period, change)
