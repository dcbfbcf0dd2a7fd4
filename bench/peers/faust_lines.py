"""What the Faust peer says: one function per kind of result."""

import datetime as dt
from typing import Any

from bench.peers.faust_program import REFERENCE, VERSION, WEEKS_KEPT
from bench.peers.faust_records import (
    AcceptedAction,
    Account,
    AchievementUnlocked,
    Action,
    DeclinedAction,
    Posting,
)


def post(
    account: Account,
    action: Action,
    moment: dt.datetime,
    *,
    name: str,
    rule: str,
    points: int = 0,
    kind: str = "earn",
    scores: list[Any] | None = None,
    base_points: float | None = None,
    multiplier: float | None = None,
    expires_at: str | None = None,
    actor: str | None = None,
    reason: str | None = None,
    why: list[list[str]],
) -> Posting:
    """Book one signed line; without `scores` it scores its points on every board."""
    id_ = f"{action.id}#{name}"
    lots = touch(account, id_, points, expires_at) if points else []
    account.balance += points
    account.lifetime += points
    account.sequence += 1
    return Posting(
        id=id_,
        action_id=action.id,
        program=action.program,
        user_id=action.user_id,
        action=action.type,
        kind=kind,
        currency="points",
        points=points,
        lifetime_points=points,
        base_points=base_points,
        multiplier=multiplier,
        balance=account.balance,
        lifetime=account.lifetime,
        tier=account.tier,
        category=None,
        sequence=account.sequence,
        actor=actor,
        occurred_at=text(moment),
        expires_at=expires_at,
        lots=lots,
        scores=scored(account, moment, points) if scores is None else scores,
        rule=VERSION + rule,
        reason=reason,
        reference=reference(action),
        why=why,
        scale=0,
    )


def touch(account: Account, id_: str, points: int, expires_at: str | None) -> list[list[Any]]:
    """Return the lots a posting touches: a new one, or those it takes from, the earliest first."""
    if points > 0:
        opened = points + min(account.balance, 0)
        if opened > 0 and expires_at is not None:
            account.lots.append([id_, opened, expires_at])
        return [[id_, opened, expires_at]] if opened > 0 else []
    lots, left = [], -points
    pool = max(account.balance, 0) - sum(lot[1] for lot in account.lots)
    for lot in sorted(account.lots, key=lambda lot: lot[2]):
        part = min(lot[1], left)
        if part:
            lots.append([lot[0], -part, lot[2]])
            lot[1] -= part
            left -= part
    account.lots = [lot for lot in account.lots if lot[1]]
    if min(left, pool) > 0:
        lots.append(["always", -min(left, pool), None])
    return lots


def scored(account: Account, moment: dt.datetime, points: int) -> list[Any]:
    """Return what a posting adds on each board; what moves with country and tier is kept.

    Subscribers hear of no change on the boards marked `quiet`.
    """
    week = weekly(moment)
    quarter = f"quarterly:{moment:%Y}-Q{(moment.month + 2) // 3}"
    quiet = (f"daily:{moment:%Y-%m-%d}", f"monthly:{moment:%Y-%m}", quarter, f"yearly:{moment:%Y}")
    scores: list[Any] = [["global", "all_time", points], ["global", week, points]]
    if account.country is not None:
        scores.append([f"region:{account.country}", "all_time", points])
    scores.append([f"tier:{account.tier}", "all_time", points])
    scores += [["global", period, points, "quiet"] for period in quiet]
    if account.country is not None:
        scores.append([f"region:{account.country}", week, points, "quiet"])
    for period in ("all_time", week):
        account.region_scores[period] = account.region_scores.get(period, 0) + points
    if len(account.region_scores) > WEEKS_KEPT + 1:
        del account.region_scores[min(p for p in account.region_scores if p != "all_time")]
    account.tier_score += points
    return scores


def weekly(moment: dt.datetime) -> str:
    """Name the ISO week of a moment."""
    year, week, _ = moment.isocalendar()
    return f"weekly:{year:04d}-W{week:02d}"


def unlock(action: Action, moment: dt.datetime, badge: str) -> AchievementUnlocked:
    """Grant a badge."""
    return AchievementUnlocked(
        id=f"{action.id}#badge-{badge}",
        program=action.program,
        user_id=action.user_id,
        achievement=badge,
        kind="badge",
        level=1,
        state="EARNED",
        payload=None,
        expires_at=None,
        actor=None,
        occurred_at=text(moment),
    )


def accept(action: Action, moment: dt.datetime) -> AcceptedAction:
    """Say that an action changed something but no balance."""
    return AcceptedAction(
        id=f"{action.id}#accepted",
        action_id=action.id,
        program=action.program,
        user_id=action.user_id,
        action=action.type,
        reference=reference(action),
        occurred_at=text(moment),
        rule=VERSION + action.type.lower(),
    )


def decline(
    action: Action,
    moment: dt.datetime,
    reason: str,
    message: str,
    *,
    retry_at: str | None = None,
    suffix: str = "#declined",
) -> DeclinedAction:
    """Say that the rules gave nothing, and why."""
    return DeclinedAction(
        id=action.id + suffix,
        action_id=action.id,
        program=action.program,
        user_id=action.user_id,
        action=action.type,
        reason=reason,
        message=message,
        retry_at=retry_at,
        reference=reference(action),
        occurred_at=text(moment),
        rule=VERSION + action.type.lower(),
    )


def reference(action: Action) -> dict[str, Any]:
    """Return the facts that results repeat."""
    data = action.data
    return {fact: data[fact] for fact in REFERENCE.get(action.type, ()) if fact in data}


def text(moment: dt.datetime) -> str:
    """Write a moment as RFC 3339 in UTC."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
