"""From postings to calls of the boards' Function, and from its answers to `leaderboard.updated`. Pure.

Within a call every change of one member on one board becomes one: what stood before the call, what
stands after it. However the postings are cut into calls, the boards they leave are the same, to the
last unit: no amount is sent beyond 2^53, where Redis' Lua would round it as it arrives.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from schemas import moments
from schemas.results import LeaderboardUpdated
from sinks.board_words import (
    BEST,
    DECAY,
    EXACT,
    LAST,
    SUM,
    USUAL,
    USUAL_WORDS,
    Way,
    Words,
    read_words,
)
from sinks.positions import Partition

SCORES_PER_CALL: Final = 150
"""Scores after which a call ends: a larger one blocks Redis, and with it every read, too long."""

MOVES: Final = 1
RESTARTS: Final = 2
GONE: Final = 4
TIES: Final = 8
"""What a change does besides adding (the same bits in boards.lua): it moves the tie value; the
member left the board on the way, so what stood there before counts no more; it is off at the end;
its tie value was said and holds whatever the score does."""

Board = tuple[str, str]
"""(board, period): `("region:US", "weekly:2025-W49")`."""


class Score(msgspec.Struct, array_like=True, gc=False):
    """What a posting changes on one board; see schemas.results.Score."""

    board: str
    period: str
    change: int
    words: str | None = None


class Scored(msgspec.Struct, gc=False):
    """The part of a posting that boards are made from."""

    id: str
    program: str
    user_id: str
    occurred_at: str
    scores: list[Score]


class Change(msgspec.Struct, gc=False):
    """What a call does to one member of one board.

    `amount` is the sum of its changes, the best or the last of them, as the board has it. `moment`
    is the tie value in milliseconds: the one that was said, else when the last change happened that
    made another score, else the first one. `posting` and `occurred_at` are the last one's.
    """

    amount: int
    moment: int
    marks: int
    quiet: bool
    posting: str
    occurred_at: str
    entries: int = 0  # How many scores it was made of.
    fresh: bool = True  # Nothing was said since the call began, or since the member left.
    # On a board with decay: every change and the number of its day, in their order.
    terms: list[tuple[int, int]] = []


class Turning(msgspec.Struct, gc=False):
    """A member that is hidden from all boards, or shown again; `told` are boards and kinds of period."""

    user_id: str
    mode: str
    told: list[str]
    posting: str
    occurred_at: str


class Call(msgspec.Struct, gc=False):
    """A run of one program's postings in one partition; `end` is the offset it brings the sink to.

    Changes of hidden members stand apart. A turning is a call of its own. Boards that are no usual
    sums have their `ways`; the way of a board does not change within a call. No amount is larger than
    `reach`, the sum of all changes whatever their signs.
    """

    end: int
    boards: dict[Board, dict[str, Change]]
    hidden: dict[Board, dict[str, Change]]
    turning: Turning | None = None
    ways: dict[Board, Way] = {}
    reach: int = 0


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
        full = scores + len(posting.scores) > SCORES_PER_CALL
        if scores and (turning or call.turning or full or apart(call, posting)):
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
        if score.words in ("hides", "shows"):
            told = score.period.split(",") if score.period else []
            return Turning(posting.user_id, score.words, told, posting.id, posting.occurred_at)
    return None


def apart(call: Call, posting: Scored) -> bool:
    """Tell whether a posting must not become one with those of the call, and begins another."""
    return otherwise(call, posting) or passes(call, posting)


def passes(call: Call, posting: Scored) -> bool:
    """Tell whether an amount of the call might pass 2^53 with what a posting adds to it."""
    more = sum([abs(score.change) for score in posting.scores])
    if call.reach + more <= EXACT:
        return False
    for score in posting.scores:
        board = (score.board, score.period)
        for boards in (call.boards, call.hidden):
            change = boards[board].get(posting.user_id) if board in boards else None
            if change is not None and abs(change.amount) + more > EXACT:
                return True
    return False


def otherwise(call: Call, posting: Scored) -> bool:
    """Tell whether a posting takes a board of the call another way: its program was changed."""
    if not call.ways and all(score.words in USUAL_WORDS for score in posting.scores):
        return False
    for score in posting.scores:
        board, words = (score.board, score.period), read_words(score.words)
        known = board in call.boards or board in call.hidden
        if known and not words.leaves and call.ways.get(board, USUAL) != words.way:
            return True
    return False


def add(call: Call, posting: Scored) -> None:
    """Take a posting that turns nobody into a call."""
    moment = moments.read(posting.occurred_at)
    for score in posting.scores:
        words = read_words(score.words)
        board = (score.board, score.period)
        boards = call.hidden if words.hidden else call.boards
        changes = boards.setdefault(board, {})
        change = changes.get(posting.user_id)
        if change is None:
            change = changes[posting.user_id] = Change(
                amount=0, moment=moment, marks=0, quiet=True, posting="", occurred_at=""
            )
        if words.way != USUAL:
            call.ways[board] = words.way
        _change(change, score.change, words, moment)
        call.reach += abs(score.change)
        change.posting, change.occurred_at = posting.id, posting.occurred_at


def _change(change: Change, value: int, words: Words, moment: int) -> None:
    """Let one more score follow on those that a change was made of."""
    change.entries += 1
    change.quiet = change.quiet and words.quiet
    if words.leaves:
        change.amount, change.marks, change.terms, change.fresh = 0, RESTARTS | GONE, [], True
        return
    if change.marks & GONE:
        change.marks, change.moment = RESTARTS, moment
    if _makes_another(change, value, words):
        change.moment = moment
    change.fresh = False
    if words.tie is not None:
        change.moment = words.tie
        change.marks |= TIES


def _makes_another(change: Change, value: int, words: Words) -> bool:
    """Take a value the board's way; tell whether it makes another score than those before it."""
    operator = words.way.operator
    if operator == BEST:
        if not change.fresh and value <= change.amount:
            return False
        change.amount = value
        return True
    if operator == LAST:
        if not change.fresh and value == change.amount:
            return False
        change.marks |= 0 if change.fresh else MOVES
        change.amount = value
        return True
    if not value:
        return False
    if operator == SUM:
        change.amount += value
    else:
        change.terms = [*change.terms, (value, words.number)]
    change.marks |= MOVES
    return True


def columns(changes: dict[str, Change], way: Way = USUAL) -> tuple[list[object], list[str]]:
    """Give a board's changes as boards.lua takes them, and the users whose standing it will tell."""
    loud = [user for user, change in changes.items() if not change.quiet]
    users = loud
    if len(loud) < len(changes):
        users = loud + [user for user, change in changes.items() if change.quiet]
    ordered = [changes[user] for user in users]
    return [
        users,
        [_amount(change, way) for change in ordered],
        [change.moment for change in ordered],
        [change.marks for change in ordered],
        len(loud),
        way.operator,
    ], loud


def hidden_changes(call: Call) -> list[list[object]]:
    """Give the changes of hidden members as boards.lua takes them."""
    return [
        [
            *(user, board[0], board[1], _amount(change, way := call.ways.get(board, USUAL))),
            *(change.moment, change.marks, way.operator),
        ]
        for board, changes in call.hidden.items()
        for user, change in changes.items()
    ]


def _amount(change: Change, way: Way) -> object:
    """Give what is added or compared; a sum that no double holds exactly in parts that one does."""
    if way.operator.startswith(DECAY):
        return change.terms
    amount = change.amount
    if abs(amount) <= EXACT:
        return amount
    most = EXACT if amount > 0 else -EXACT
    if way.operator != SUM:
        return most
    whole, rest = divmod(abs(amount), EXACT)
    return [most] * whole + ([rest if amount > 0 else -rest] if rest else [])


def entries(call: Call, board: Board) -> int:
    """Count the scores of a call on a board, those of hidden members too."""
    parts = (call.boards.get(board, {}), call.hidden.get(board, {}))
    return sum(change.entries for changes in parts for change in changes.values())


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
    there before the call: subscribers may know them from boards that Redis has lost since. Nothing
    is told of a board that is past its time.
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
        if told.ranks
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
