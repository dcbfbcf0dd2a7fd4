"""Badges held by rank: every minute it is looked who should hold one, and only what differs is said."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from processors.jobs.actions import JobAction
from processors.jobs.means import Means
from processors.jobs.programs import type_with
from processors.jobs.reading import certain
from processors.jobs.results import named
from schemas.moments import ALL_TIME
from schemas.programs import Program, Standing
from sinks.board_reads import participants, top
from sinks.job_reads import badge_holders


def places(standing: Standing, participants: int) -> int:
    """Give how many ranks hold a badge: the first so many, or so many of a hundred, rounded up."""
    if standing.top is not None:
        return standing.top
    return -(-participants * (standing.percent or 0) // 100)


def due(
    program: Program, badge: str, ranks: Mapping[str, int], holders: Collection[str], now: int
) -> Iterator[JobAction]:
    """Make the actions for whoever should hold a badge and does not, and for whoever should not.

    `ranks` are the members who should, each with its rank.
    """
    kind = type_with(program, "check_badge")
    if kind is None:
        return
    begins = {
        user: {"holds": True, "rank": rank} for user, rank in ranks.items() if user not in holders
    }
    ends = {user: {"holds": False} for user in sorted(holders) if user not in ranks}
    for user, said in (begins | ends).items():
        yield JobAction(
            id=f"badge-{badge}@{now}",
            program=program.program,
            user_id=user,
            type=kind,
            occurred_at=now,
            data={"badge": badge, **said},
        )


async def run(means: Means) -> Counter[str]:
    """Say of whom a badge begins or ends to hold."""
    now, actions = means.clock.now(), list[JobAction]()
    ranked = [
        (program, name, badge.rank)
        for program in means.programs.now(now)
        for name, badge in program.badges.items()
        if badge.rank is not None
    ]
    if not ranked:
        return Counter()
    results = named(await means.gate.boards_follow(), means.topic_prefix)
    for program, name, rank in ranked:
        actions += await _look(means, program, name, rank, now)
    await certain(means, results)
    new = [each for each in actions if not means.lately.has(_what(each))]
    for each in new:
        means.lately.note(_what(each))
    return await means.sender.send(new)


async def _look(
    means: Means, program: Program, badge: str, standing: Standing, now: int
) -> list[JobAction]:
    board = (standing.board, ALL_TIME)
    count = await participants(means.boards, program.program, board)
    most = places(standing, count)
    entries = await top(means.boards, program.program, board, most) if most else []
    ranks = {entry.user_id: entry.rank for entry in entries}
    holders = await badge_holders(means.ledger, program.program, badge)
    return list(due(program, badge, ranks, holders, now))


def _what(action: JobAction) -> tuple[object, ...]:
    return action.program, action.user_id, action.data["badge"], action.data["holds"]
