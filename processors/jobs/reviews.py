"""Tier reviews: so long after a member's first step, and again and again, the last stretch is looked at.

How many reviews were accepted is the only memory, and the account keeps it: the next one due follows
from it, so what was missed is caught up with in order.
"""

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from processors.jobs.actions import JobAction
from processors.jobs.means import Means
from processors.jobs.programs import Programs, type_with
from schemas.programs import Program, effective_moment
from sinks.job_reads import Reviewed, points_between, reviewed_members


class Review(NamedTuple):
    """A review: the ladder, the moment it is due, and the first moment of what it looks at."""

    due_at: int
    ladder: str
    since: int


def qualifications(program: Program) -> dict[str, int]:
    """Give how long the points of a window count, in milliseconds, by ladder that is reviewed."""
    return {
        name: ladder.qualification.milliseconds
        for name, ladder in program.ladders.items()
        if ladder.qualification is not None
    }


def begun(programs: Programs, program: Program) -> int:
    """Give the moment from which on a program has reviewed ladders: nothing before counts."""
    moments = [
        effective_moment(each)
        for each in programs.versions(program.program)
        if qualifications(each)
    ]
    return min(moments, default=0)


def reviews(since: int, windows: Mapping[str, int]) -> Iterator[Review]:
    """Give all reviews of a member who is reviewed from `since` on, in the order in which they are due."""
    coming = [Review(since + window, ladder, since) for ladder, window in windows.items()]
    heapq.heapify(coming)
    while coming:
        review = coming[0]
        yield review
        after = review.due_at + windows[review.ladder]
        heapq.heapreplace(coming, Review(after, review.ladder, review.due_at))


def due(member: Reviewed, begun: int, windows: Mapping[str, int], now: int) -> Review | None:
    """Give the next review of a member, None while it is not due."""
    since = max(member.first_step, begun)
    for number, review in enumerate(reviews(since, windows)):
        if review.due_at > now:
            return None
        if number == member.reviews:
            return review
    return None


def reviewing(program: Program, user_id: str, review: Review, units: int) -> JobAction | None:
    """Make the action that reviews a member; `units` are the window's points in the smallest unit."""
    kind = type_with(program, "tier_review")
    if kind is None:
        return None
    scale = program.currencies[program.currency_of(program.ladders[review.ladder])].scale
    return JobAction(
        id=f"review-{review.ladder}@{review.due_at}",
        program=program.program,
        user_id=user_id,
        type=kind,
        occurred_at=review.due_at,
        data={"ladder": review.ladder, "points": f"{Decimal(units).scaleb(-scale):f}"},
    )


async def run(means: Means) -> Counter[str]:
    """Review every member whose review is due, once the ledger has all that was earned before it."""
    now = means.clock.now()
    found = [
        each for program in means.programs.now(now) for each in await _due(means, program, now)
    ]
    if found:
        await means.gate.passed()
    sent = Counter[str]()
    for program, user_id, review in found:
        currency = program.currency_of(program.ladders[review.ladder])
        window = (review.since, review.due_at)
        units = await points_between(means.ledger, program.program, user_id, currency, window)
        action = reviewing(program, user_id, review, units)
        if action is not None:
            sent += await means.sender.send([action])
            means.lately.note((program.program, user_id, review))
    return sent


async def _due(means: Means, program: Program, now: int) -> list[tuple[Program, str, Review]]:
    windows, kind = qualifications(program), type_with(program, "tier_review")
    if not windows or kind is None:
        return []
    first, found = begun(means.programs, program), []
    for member in await reviewed_members(means.ledger, program.program, list(windows), kind):
        review = due(member, first, windows, now - means.grace)
        if review and not means.lately.has((program.program, member.user_id, review)):
            found.append((program, member.user_id, review))
    return sorted(found, key=lambda each: each[2])
