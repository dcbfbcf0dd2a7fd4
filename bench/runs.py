"""Runs of postings as a projector's worker gets them, made beforehand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from schemas import moments, wire
from schemas.results import Posting

PARTITIONS = 8
RUN = 500
"""Postings of one partition in a turn, as natural batching gives them under load."""

START = moments.read("2025-12-07T00:00:00Z")


@dataclass(frozen=True, slots=True)
class Record:
    """A record as a projector looks at it."""

    offset: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Run:
    """Records of one partition from `start` up to `end`."""

    start: int
    end: int
    records: list[Record]


def run(start: int, values: Iterator[bytes]) -> Run:
    """Give a run of the next values that begins at `start`."""
    records = [Record(offset, next(values)) for offset in range(start, start + RUN)]
    return Run(start, start + RUN, records)


def posting(number: int, user: str, scores: Sequence[tuple[Any, ...]] = ()) -> bytes:
    """Give a PURCHASE's posting as scoring writes it, with tier multiplier and promotion."""
    moment, year = moments.write(START + number), moments.write(START + number + 365 * moments.DAY)
    return wire.encode(
        Posting(
            id=f"ord-{number}#purchase",
            action_id=f"ord-{number}",
            program="loyalty",
            user_id=user,
            action="PURCHASE",
            kind="earn",
            currency="points",
            points=1 + number % 50,
            lifetime_points=1 + number % 50,
            base_points=1,
            multiplier=4,
            balance=number,
            lifetime=number,
            tier="GOLD",
            category=None,
            sequence=number,
            actor=None,
            occurred_at=moment,
            expires_at=year,
            lots=[(f"ord-{number}#purchase", 1 + number % 50, year)],
            scores=list(scores),
            rule="loyalty@2025-01-01/purchase",
            reason=None,
            reference={"order_id": f"{number}"},
            why=[
                ("order_value", "1"),
                ("tier GOLD", "2"),
                ("promotion winter", "4"),
                ("floor", "4"),
            ],
            scale=0,
        )
    )
