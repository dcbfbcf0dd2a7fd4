"""Results of closed periods, counted once more from `rewards.earned` alone."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from aiokafka import ConsumerRecord

from schemas import moments

Said = dict[str, Any]
Board = tuple[str, str, str]
"""(program, board, period)."""


class Standing(NamedTuple):
    """A member on a board; sorted, the best stands first."""

    minus_score: int
    tie: int
    user_id: str


def read(records: Iterable[ConsumerRecord]) -> list[Said]:
    """Read records with the place where each lies."""
    return [
        {**json.loads(record.value), "at": (record.partition, record.offset)} for record in records
    ]


def boards(postings: Iterable[Said], positions: dict[int, int]) -> dict[Board, list[Standing]]:
    """Give every board that the scores before the positions make, each in its order."""
    scores: defaultdict[Board, Counter[str]] = defaultdict(Counter)
    ties: dict[tuple[Board, str], int] = {}
    for posting in postings:
        partition, offset = posting["at"]
        if offset >= positions.get(partition, 0):
            continue
        for board, period, change, *_ in posting["scores"]:
            name, user = (posting["program"], board, period), posting["user_id"]
            scores[name][user] += change
            if change or (name, user) not in ties:
                ties[name, user] = moments.read(posting["occurred_at"])
    return {
        name: sorted(Standing(-score, ties[name, user], user) for user, score in members.items())
        for name, members in scores.items()
    }


def name_of(record: Said) -> Board:
    """Name the board that a record of `periods.closed` is about."""
    return record["program"], record["board"], record["period"]


def twice(records: Iterable[Said]) -> list[Board]:
    """Name the periods that have more than one result."""
    times = Counter(name_of(record) for record in records if record["kind"] == "closed")
    return [name for name, count in times.items() if count > 1]


def wrong(postings: list[Said], records: Iterable[Said]) -> list[str]:
    """Say which results are not what the postings before their positions come to."""
    found = []
    for record in records:
        if record["kind"] == "closed":
            at = {int(place.rpartition(":")[2]): end for place, end in record["positions"].items()}
            should = result(boards(postings, at).get(name_of(record), []), len(record["winners"]))
            has = {key: record[key] for key in should}
            if has != should:
                found.append(f"{name_of(record)}: {has}, should be {should}")
    return found


def result(standing: list[Standing], winners: int) -> Said:
    """Give the figures that a close names for a board."""
    scores = [-one.minus_score for one in standing]
    best = [[rank, one.user_id, -one.minus_score] for rank, one in enumerate(standing, 1)]
    return {
        "participants": len(scores),
        "points": sum(scores),
        "winners": best[:winners],
        "top": best[:100],
    }
