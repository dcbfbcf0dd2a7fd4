"""Programs and periods as jobs are asked about them."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from processors.jobs.actions import JobAction
from processors.jobs.programs import Programs
from schemas import moments
from schemas.programs import Program, encode_published, parse_program, publish
from sinks.board_calls import Board
from sinks.job_reads import KnownPeriod
from tests.support.engine import Document

RULES: Final[Document] = {
    "program": "club",
    "effective_from": "2020-01-01",
    "currencies": {"points": {}},
    "boards": {"global": {"periods": ["all_time", "daily", "weekly"]}},
    "actions": {"VISIT": {"origin": "outside", "rules": {"visit": {"points": 1}}}},
}


def document(**changes: Any) -> Document:  # noqa: ANN401 - any content of a program file
    """Give the rules of a club with other words in them."""
    return {**RULES, **changes}


def club(**changes: Any) -> Program:  # noqa: ANN401 - any content of a program file
    """Give the program of these rules."""
    return parse_program(document(**changes))


def published(*versions: Document) -> Programs:
    """Give programs as they were published long ago."""
    programs = Programs()
    for version in versions:
        said = publish(version, lead_ms=0, published_at=0, published_by="otto")
        programs.add(encode_published(said), 0)
    return programs


def ms(text: str) -> int:
    """Give the epoch milliseconds of a moment; a bare date begins in UTC."""
    return moments.read(text if "T" in text else f"{text}T00:00:00Z")


def known(
    board: Board,
    status: str = "OPEN",
    *,
    zone: str = "UTC",
    keep_until: str | None = None,
    history: str = "none",
) -> KnownPeriod:
    """Give a period as the ledger has it."""
    ends = moments.calendar_of(zone).bounds(board[1])[1]
    return KnownPeriod(
        *board, status, ends, None if keep_until is None else ms(keep_until), history
    )


class Outbox:
    """Keeps what a job sends."""

    def __init__(self) -> None:
        self.sent: list[JobAction] = []

    async def send(self, actions: Sequence[JobAction]) -> Counter[str]:
        """Take actions as the broker would."""
        self.sent += actions
        return Counter(action.type for action in actions)
