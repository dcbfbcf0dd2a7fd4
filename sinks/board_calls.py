"""From postings to calls of the boards' Function, and from its answers to `leaderboard.updated`. Pure.

Within a call every change of one member on one board becomes one: what stood before the call, what
stands after it. However the postings are cut into calls, the boards they leave are the same.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

import msgspec

from schemas import moments
from schemas.results import LeaderboardUpdated
from sinks.positions import Partition

SCORES_PER_CALL: Final = 500
"""Scores after which a call ends: a larger one blocks Redis, and with it every read, too long."""

MOVES: Final = 1
RESTARTS: Final = 2
GONE: Final = 4
"""What a change does besides adding (the same bits in boards.lua): it moves the tie value; the
member left the board on the way, so what stood there before counts no more; it is off at the end."""

Board = tuple[str, str]
"""(board, period): `("region:US", "weekly:2025-W49")`."""


class Score(msgspec.Struct, array_like=True, gc=False):
    """What a posting adds on one board; see schemas.results.Score."""

    board: str
    period: str
    change: int
    mode: Literal["quiet", "leaves", "hidden", "hidden leaves", "hides", "shows"] | None = None


class Scored(msgspec.Struct, gc=False):
    """The part of a posting that boards are made from."""

    id: str
    program: str
    user_id: str
    occurred_at: str
    scores: list[Score]


class Change(msgspec.Struct, gc=False):
    """What a call does to one member of one board.

    `moment` is the tie value in milliseconds: when the last change that was not 0 happened, else
    the first one. `posting` and `occurred_at` are the last one's.
    """

    amount: int
    moment: int
    marks: int
    quiet: bool
    posting: str
    occurred_at: str


class Turning(msgspec.Struct, gc=False):
    """A member that is hidden from all boards, or shown again; `told` are boards and kinds of period."""

    user_id: str
    mode: str
    told: list[str]
    posting: str
    occurred_at: str


class Call(msgspec.Struct, gc=False):
    """A run of one program's postings in one partition; `end` is the offset it brings the sink to.

    Changes of hidden members stand apart. A turning is a call of its own.
    """

    end: int
    boards: dict[Board, dict[str, Change]]
    hidden: dict[Board, dict[str, Change]]
    turning: Turning | None = None


class Asked(msgspec.Struct, array_like=True, gc=False):
    """Whose standing is to be told on one board: parallel columns, kept in Redis with the answer."""

    board: str
    period: str
    users: list[str]
    postings: list[str]
    occurred_at: list[str]


class Told(msgspec.Struct, array_like=True, gc=False):
    """The answer for one board, in the order asked. A rank of 0 is no place."""

    participants: int
    scores: list[int]
    old_scores: list[int]
    ranks: list[int]
    old_ranks: list[int]


class Answer(NamedTuple):
    """What one call answered; Redis keeps it until the program's next call in the partition."""

    program: str
    partition: Partition
    asked: list[Asked]
    told: list[Told]


read_posting = msgspec.json.Decoder(Scored).decode
"""Reads a record of `rewards.earned`. Raises msgspec.DecodeError."""

_read_asked = msgspec.msgpack.Decoder(list[Asked]).decode
_read_told = msgspec.msgpack.Decoder(list[Told]).decode


def cut(postings: Iterable[tuple[int, Scored]], end: int) -> Iterator[Call]:
    """Cut one program's postings, given with their offsets, into calls; the last one ends at `end`.

    A posting is never cut in two. Without any score there is nothing to call.
    """
    call, scores, following = Call(end, {}, {}), 0, 0
    for offset, posting in postings:
        turning = turning_of(posting)
        if scores and (turning or call.turning or scores + len(posting.scores) > SCORES_PER_CALL):
            call.end = following
            yield call
            call, scores = Call(end, {}, {}), 0
        call.turning = turning
        if turning is None:
            add(call, posting)
        scores += len(posting.scores)
        following = offset + 1
    if scores:
        yield call


def turning_of(posting: Scored) -> Turning | None:
    """Return how a posting hides or shows its member; such a posting has no other score."""
    for score in posting.scores:
        if score.mode in ("hides", "shows"):
            told = score.period.split(",") if score.period else []
            return Turning(posting.user_id, score.mode, told, posting.id, posting.occurred_at)
    return None


def add(call: Call, posting: Scored) -> None:
    """Take a posting that turns nobody into a call."""
    moment = moments.read(posting.occurred_at)
    for score in posting.scores:
        boards = call.boards
        if score.mode is not None and score.mode.startswith("hidden"):
            boards = call.hidden
        changes = boards.setdefault((score.board, score.period), {})
        change = changes.get(posting.user_id)
        if change is None:
            change = changes[posting.user_id] = Change(
                amount=0, moment=moment, marks=0, quiet=True, posting="", occurred_at=""
            )
        _change(change, score, moment)
        change.posting, change.occurred_at = posting.id, posting.occurred_at


def _change(change: Change, score: Score, moment: int) -> None:
    change.quiet = change.quiet and score.mode == "quiet"
    if score.mode in ("leaves", "hidden leaves"):
        change.amount, change.marks = 0, RESTARTS | GONE
        return
    if change.marks & GONE:
        change.marks, change.moment = RESTARTS, moment
    if score.change:
        change.amount += score.change
        change.marks |= MOVES
        change.moment = moment


def columns(changes: dict[str, Change]) -> tuple[list[object], list[str]]:
    """Give a board's changes as boards.lua takes them, and the users whose standing it will tell."""
    loud = [user for user, change in changes.items() if not change.quiet]
    users = loud
    if len(loud) < len(changes):
        users = loud + [user for user, change in changes.items() if change.quiet]
    ordered = [changes[user] for user in users]
    return [
        users,
        [change.amount for change in ordered],
        [change.moment for change in ordered],
        [change.marks for change in ordered],
        len(loud),
    ], loud


def hidden_changes(call: Call) -> list[list[object]]:
    """Give the changes of hidden members as boards.lua takes them."""
    return [
        [user, "\0".join(board), change.amount, change.moment, change.marks]
        for board, changes in call.hidden.items()
        for user, change in changes.items()
    ]


def asked(board: Board, changes: dict[str, Change], loud: list[str]) -> Asked:
    """Say whose standing is to be told on a board, and what its record will need besides."""
    return Asked(
        *board,
        loud,
        [changes[user].posting for user in loud],
        [changes[user].occurred_at for user in loud],
    )


def answer(program: str, partition: Partition, asked: bytes, told: bytes) -> Answer:
    """Read an answer as Redis gave or kept it."""
    return Answer(program, partition, _read_asked(asked), _read_told(told))


def updates(answer: Answer) -> list[LeaderboardUpdated]:
    """Give the records of `leaderboard.updated` that an answer tells of.

    There is one per member and board of the call whose score or rank changed; its id comes from the
    last posting, so the same answer gives the same ids. Who left is told of even when they were not
    there before the call: subscribers may know them from boards that Redis has lost since.
    """
    return [
        LeaderboardUpdated(
            id=f"{posting}@{asked.board}@{asked.period}",
            program=answer.program,
            board=asked.board,
            period=asked.period,
            user_id=user,
            score=score,
            old_score=old_score if old_rank else None,
            rank=rank or None,
            old_rank=old_rank or None,
            participants=told.participants,
            occurred_at=occurred_at,
        )
        for asked, told in zip(answer.asked, answer.told, strict=True)
        for user, posting, occurred_at, score, old_score, rank, old_rank in zip(
            asked.users,
            asked.postings,
            asked.occurred_at,
            told.scores,
            told.old_scores,
            told.ranks,
            told.old_ranks,
            strict=True,
        )
        if not rank or (score, rank) != (old_score, old_rank)
    ]
