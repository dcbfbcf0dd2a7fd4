"""Boards: which scores a posting makes, and how a member moves between the boards of a split.

A member stands on one board of a split per period. Where, and with what score, the account's
`standings` tell: `region:US weekly:2025-W49` -> 40. Without a place (no country yet) the score is
kept as `region: weekly:2025-W49` and stands on no board until there is one.
"""

from typing import Final, Literal, NamedTuple

import msgspec

from processors.engine.ladders import Ladder, held
from schemas import programs
from schemas.accounts import Head
from schemas.moments import Calendar, Day, PeriodKind
from schemas.parts import HIDDEN
from schemas.programs import Program
from schemas.results import Score

COUNTRY: Final = "country"
CATEGORY: Final = "category"
PATH: Final = "path"
TEAM: Final = "team"
EVERY_BOARD: Final = "*"
TEMPLATES_MAX: Final = 4_096
SCORES_MAX: Final = 32_768
"""How many lists of scores are kept for use again, some 800 bytes each."""

_PERIODS: Final[tuple[Literal["all", "all_time"], ...]] = ("all", "all_time")


class Board(NamedTuple):
    """A bound board: its periods, and those whose changes are told to subscribers."""

    name: str
    split: str | None
    periods: tuple[PeriodKind, ...]
    told: frozenset[PeriodKind]


class Template(msgspec.Struct, frozen=True, gc=False):
    """The boards that a posting of one day scores on, for members of one country and one step."""

    told: tuple[tuple[str, str], ...]
    quiet: tuple[tuple[str, str], ...]
    standings: tuple[str, ...]
    # Scores made before, by points: most awards are small numbers.
    made: dict[int, list[Score]]


class Boards:
    """The boards of one version that are plain sums of points.

    Templates are made on first use and kept per day. All other boards are `tallies`.
    """

    def __init__(self, program: Program, ladders: tuple[Ladder, ...], calendar: Calendar) -> None:
        self.calendar = calendar
        self.boards = tuple(
            Board(name, board.split, tuple(board.periods), told_periods(board))
            for name, board in program.boards.items()
            if is_plain(board)
        )
        self._columns = _columns(program, self.boards)
        self._told = ",".join(
            f"{name} {kind}"
            for name, board in program.boards.items()
            for kind in sorted(told_periods(board))
        )
        self._ladders = {ladder.name: ladder for ladder in ladders}
        self._templates: dict[tuple[object, ...], Template] = {}
        self._made = 0

    def score(
        self,
        head: Head,
        day: Day,
        points: int,
        columns: str,
        forget_before: int,
        category: str | None,
    ) -> list[Score]:
        """Score points of a day on the boards the member stands on; note them in the standings.

        `columns` names the boards. Standings of periods that ended before the moment `forget_before`
        may be dropped.
        """
        key = (day.start, columns, category, head.country, *head.steps.items())
        template = self._templates.get(key)
        if template is None:
            template = self._make_template(key, head, day, columns, category)
        if head.standings:
            standings = head.standings.copy()
            try:
                for standing in template.standings:
                    standings[standing] += points
            except KeyError:
                head.standings = kept(head.standings, self.calendar, forget_before)
                return self._score_first(head, day, points, columns, category)
            head.standings = standings
        else:
            head.standings = dict.fromkeys(template.standings, points)
        scores = template.made.get(points) or self._make_scores(template, points)
        return _hidden(scores) if HIDDEN.name in head.parts else scores

    def place(self, head: Head, split: str) -> str:
        """Return the member's part of a split now; empty when it has none."""
        return head.country or "" if split == COUNTRY else held(self._ladders[split], head.steps)

    def move(self, head: Head, split: str, moment: int) -> list[Score]:
        """Take a member's whole scores to the part of the split that holds now.

        Moved is what stands in periods that have not ended at `moment`; older ones stay. Scores
        leave their old boards first.
        """
        leaves: list[Score] = []
        enters: list[Score] = []
        standings: dict[str, int] = {}
        names = {board.name: board for board in self.boards if board.split == split}
        for key, score in head.standings.items():
            board, place, period = split_standing(key)
            new = self.place(head, split) if board in names else place
            if new == place or self.calendar.bounds(period)[1] <= moment:
                standings[key] = standings.get(key, 0) + score
                continue
            if place:
                leaves.append((f"{board}:{place}", period, -score, "leaves"))
            if new:
                enters.append(_entry(names[board], new, period, score))
            moved = f"{board}:{new} {period}"
            standings[moved] = standings.get(moved, 0) + score
        head.standings = standings
        scores = leaves + enters
        return _hidden(scores) if HIDDEN.name in head.parts else scores

    def turn(self, mode: str) -> Score:
        """Return what hides a member from all boards, or shows it again."""
        return (EVERY_BOARD, self._told, 0, mode)

    def _make_template(
        self,
        key: tuple[object, ...],
        head: Head,
        day: Day,
        columns: str,
        category: str | None,
    ) -> Template:
        told: list[tuple[str, str]] = []
        quiet: list[tuple[str, str]] = []
        standings: list[str] = []
        for board, kind in self._columns[columns]:
            if board.split == CATEGORY:
                if category is not None:
                    name = f"{board.name}:{category}"
                    (told if kind in board.told else quiet).append((name, day.names[kind]))
                continue
            place = "" if board.split is None else self.place(head, board.split)
            name = board.name if board.split is None else f"{board.name}:{place}"
            if board.split is not None:
                standings.append(f"{name} {day.names[kind]}")
            if board.split is None or place:
                (told if kind in board.told else quiet).append((name, day.names[kind]))
        if len(self._templates) >= TEMPLATES_MAX or self._made >= SCORES_MAX:
            self._templates.clear()
            self._made = 0
        template = Template(tuple(told), tuple(quiet), tuple(standings), {})
        self._templates[key] = template
        return template

    def _make_scores(self, template: Template, points: int) -> list[Score]:
        scores: list[Score] = [(board, period, points) for board, period in template.told]
        scores += [(board, period, points, "quiet") for board, period in template.quiet]
        if self._made < SCORES_MAX:
            self._made += 1
            template.made[points] = scores
        return scores

    def _score_first(
        self, head: Head, day: Day, points: int, columns: str, category: str | None
    ) -> list[Score]:
        """Score where the member stands already, else where the member belongs now."""
        standings = head.standings
        stands = {(board, period): place for board, place, period in map(split_standing, standings)}
        scores: list[Score] = []
        for board, kind in self._columns[columns]:
            period = day.names[kind]
            if board.split is None or board.split == CATEGORY:
                if board.split is None or category is not None:
                    scores.append(_entry(board, category if board.split else "", period, points))
                continue
            place = stands.get((board.name, period))
            if place is None:
                place = self.place(head, board.split)
            key = f"{board.name}:{place} {period}"
            standings[key] = standings.get(key, 0) + points
            if place:
                scores.append(_entry(board, place, period, points))
        return _hidden(scores) if HIDDEN.name in head.parts else sorted(scores, key=len)


def kept(standings: dict[str, int], calendar: Calendar, forget_before: int) -> dict[str, int]:
    """Return the standings without those of periods that ended before a moment."""
    return {
        standing: score
        for standing, score in standings.items()
        if calendar.bounds(split_standing(standing)[2])[1] >= forget_before
    }


def is_plain(board: programs.Board) -> bool:
    """Tell whether a board is a sum of points in the usual order, which `Boards` scores."""
    return (
        (board.measure, board.operator, board.ties) == ("points", "sum", "reached")
        and board.decay is None
        and board.split not in (PATH, TEAM)
    )


def _hidden(scores: list[Score]) -> list[Score]:
    """Return scores of a hidden member: they wait until it is shown again."""
    return [
        (*score[:3], "hidden leaves" if score[3:] == ("leaves",) else "hidden") for score in scores
    ]


def columns_name(currency: str, periods: Literal["all", "all_time"]) -> str:
    """Return the name of the boards that awards of a currency score on."""
    return f"{currency} {periods}"


def _columns(
    program: Program, boards: tuple[Board, ...]
) -> dict[str, tuple[tuple[Board, PeriodKind], ...]]:
    return {
        columns_name(currency, periods): tuple(
            (board, kind)
            for board in boards
            for kind in board.periods
            if program.currency_of(program.boards[board.name]) == currency
            and (periods == "all" or kind == "all_time")
        )
        for currency in program.currencies
        for periods in _PERIODS
    }


def told_periods(board: programs.Board) -> frozenset[PeriodKind]:
    """Return the kinds of period whose changes are told to subscribers."""
    if isinstance(board.ranks, bool):
        return frozenset(board.periods if board.ranks else ())
    return frozenset(board.ranks)


def split_standing(standing: str) -> tuple[str, str, str]:
    """Split a standing's key into board, place and period."""
    name, _, period = standing.rpartition(" ")
    board, _, place = name.partition(":")
    return board, place, period


def _entry(board: Board, place: str | None, period: str, points: int) -> Score:
    name = f"{board.name}:{place}" if place else board.name
    if period.partition(":")[0] in board.told:
        return (name, period, points)
    return (name, period, points, "quiet")
