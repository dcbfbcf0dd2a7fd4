"""The loyalty rules of the Faust peer: what an action comes to on its member's account."""

import datetime as dt
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import faust

from bench.peers.faust_lines import accept, decline, post, text, unlock, weekly
from bench.peers.faust_program import (
    ACCEPT_LATE,
    EARNING,
    LIFETIME_BADGES,
    PROMOTIONS,
    REFERRAL_BADGE,
    REFERRAL_BADGE_AT,
    TIERS,
    Rule,
)
from bench.peers.faust_records import (
    Account,
    Action,
    DeclinedAction,
    Posting,
    TierChanged,
)

Results = list[faust.Record]


def score(account: Account, action: Action, appended: dt.datetime, place: str) -> Results:
    """Decide an action on its account, which is changed; return the results in order.

    `place` tells where a repeated action's record stands.
    """
    moment = dt.datetime.fromisoformat(action.occurred_at)
    if any(action.id in ids for ids in account.seen.values()):
        return [
            decline(
                action,
                moment,
                "duplicate",
                f"{action.id} was decided before",
                suffix=f"#dup@{place}",
            )
        ]
    account.seen.setdefault(f"{moment:%Y-%m-%d}", []).append(action.id)
    if appended - moment > ACCEPT_LATE:
        return [decline(action, moment, "too_late", "it came over 7 days after it happened")]
    results = decide(account, action, moment)
    if not isinstance(results[0], DeclinedAction):
        account.counts[action.type] = account.counts.get(action.type, 0) + 1
        results += settle(account, action, moment)
    forget(account, moment)
    return results


def new_account() -> Account:
    """Return the account of a member seen for the first time."""
    return Account(
        sequence=0,
        balance=0,
        lifetime=0,
        tier="BRONZE",
        country=None,
        seen={},
        counts={},
        usage={},
        latest={},
        products=[],
        birthdays=[],
        region_scores={},
        tier_score=0,
        badges=[],
        lots=[],
    )


def forget(account: Account, moment: dt.datetime) -> None:
    """Drop the days whose ids could no longer be accepted again."""
    oldest = f"{moment - ACCEPT_LATE - dt.timedelta(days=1):%Y-%m-%d}"
    for day in [day for day in account.seen if day < oldest]:
        del account.seen[day]


def decide(account: Account, action: Action, moment: dt.datetime) -> Results:
    """Apply the rule of the action's type."""
    if action.type == "MANUAL_ADJUSTMENT":
        return [adjust(account, action, moment)]
    if action.type == "PROFILE":
        return [profile(account, action, moment)]
    rule = EARNING.get(action.type)
    if rule is None:
        return [decline(action, moment, "no_rule", f"no rule speaks of {action.type}")]
    refusal = refused(account, action, rule, moment)
    if refusal:
        return [decline(action, moment, refusal[0], refusal[1], retry_at=refusal[2])]
    return [earn(account, action, rule, moment)]


def refused(
    account: Account, action: Action, rule: Rule, moment: dt.datetime
) -> tuple[str, str, str | None] | None:
    """Return reason, message and when to try again, if a limit is used up."""
    product = action.data.get("product_id")
    if product is not None and product in account.products:
        return "once_only", "REVIEW counts once per product_id", None
    if action.type == "BIRTHDAY_BONUS" and moment.year in account.birthdays:
        return "once_only", "BIRTHDAY_BONUS counts once a year", None
    latest = account.latest.get(action.type)
    if rule.cooldown and latest:
        last = dt.datetime.fromisoformat(latest)
        if abs(moment - last) < rule.cooldown:
            seconds = int(rule.cooldown.total_seconds())
            message = f"{action.type} needs {seconds} s between two of it"
            return "cooling_down", message, text(last + rule.cooldown)
    _, times, points = used(account, action, moment)
    if rule.times_a_day and times >= rule.times_a_day:
        return "daily_limit", f"{action.type} counts {rule.times_a_day} times a day", None
    if rule.points_a_day and points >= rule.points_a_day:
        return "daily_limit", f"{action.type} gives {rule.points_a_day} points a day", None
    return None


def used(account: Account, action: Action, moment: dt.datetime) -> list[Any]:
    """Return [day, times, points] that the action's day has used up."""
    day = f"{moment:%Y-%m-%d}"
    usage = account.usage.get(action.type)
    return usage if usage and usage[0] == day else [day, 0, 0]


def earn(account: Account, action: Action, rule: Rule, moment: dt.datetime) -> faust.Record:
    """Award what the rule gives, or decline what rounds to nothing."""
    base = exact = rule.base(action.data)
    why = [[rule.term, plain(base)]]
    multiplier = Decimal(1)
    for label, factor in factors(account, action, moment):
        multiplier, exact = multiplier * factor, exact * factor
        why.append([f"{label} × {factor}", plain(exact)])  # noqa: RUF001
    points = int(exact.to_integral_value(ROUND_FLOOR))
    if points == 0:
        return decline(action, moment, "rounds_to_zero", f"{plain(exact)} rounds to 0")
    if exact.as_tuple().exponent:
        why.append(["floor", str(points)])
    usage = used(account, action, moment)
    if rule.points_a_day and usage[2] + points > rule.points_a_day:
        points = rule.points_a_day - usage[2]
        why.append([f"at most {rule.points_a_day} a day", str(points)])
    use(account, action, rule, [usage[0], usage[1] + 1, usage[2] + points])
    return post(
        account,
        action,
        moment,
        name=rule.name,
        rule=rule.name,
        points=points,
        base_points=float(base),
        multiplier=float(multiplier),
        expires_at=text(moment.replace(year=moment.year + 1)) if rule.expires else None,
        why=why,
    )


def factors(account: Account, action: Action, moment: dt.datetime) -> list[tuple[str, Decimal]]:
    """Return what an award is multiplied by: the tier held before, and promotions that run."""
    running = [
        (f"promotion {name}", factor)
        for name, factor, kind, start, end in PROMOTIONS
        if kind == action.type and start <= moment < end
    ]
    return [(f"tier {account.tier}", TIERS[account.tier][1]), *running]


def plain(number: Decimal) -> str:
    """Write a number without needless zeros."""
    return f"{number.normalize():f}"


def use(account: Account, action: Action, rule: Rule, usage: list[Any]) -> None:
    """Note in the account what limits look at."""
    if rule.times_a_day or rule.points_a_day:
        account.usage[action.type] = usage
    if rule.cooldown:
        account.latest[action.type] = action.occurred_at
    if "product_id" in action.data:
        account.products.append(action.data["product_id"])
    if action.type == "BIRTHDAY_BONUS":
        account.birthdays.append(int(action.occurred_at[:4]))


def adjust(account: Account, action: Action, moment: dt.datetime) -> faust.Record:
    """Book what an administrator gives or takes."""
    points = action.data["points"]
    return post(
        account,
        action,
        moment,
        name="manual_adjustment",
        rule="manual_adjustment",
        kind="adjust",
        points=points,
        base_points=points,
        multiplier=1,
        actor=action.data["created_by"],
        reason=action.data["reason"],
        why=[["points", str(points)]],
    )


def profile(account: Account, action: Action, moment: dt.datetime) -> faust.Record:
    """Take the country; what stands in periods that have not ended moves to its boards."""
    old, new = account.country, action.data.get("country")
    account.country = new = new or old
    if new == old or not account.sequence:
        return accept(action, moment)
    leaves: list[Any] = []
    enters: list[Any] = []
    for period, score_ in account.region_scores.items():
        if period == "all_time" or period >= weekly(moment):
            leaves.append([f"region:{old}", period, -score_, "leaves"])
            quiet = [] if period == "all_time" else ["quiet"]
            enters.append([f"region:{new}", period, score_, *quiet])
    scores = leaves + enters if old else enters
    return move(account, action, moment, split="country", to=f"{new}", scores=scores)


def settle(account: Account, action: Action, moment: dt.datetime) -> Results:
    """Let the tier follow lifetime, and grant badges."""
    results: Results = []
    reached = max((at, tier) for tier, (at, _) in TIERS.items() if account.lifetime >= at or not at)
    if reached[1] != account.tier:
        results += change_tier(account, action, moment, reached[1])
    badges = [name for name, at in LIFETIME_BADGES.items() if account.lifetime >= at]
    if account.counts.get("REFERRAL", 0) >= REFERRAL_BADGE_AT:
        badges.append(REFERRAL_BADGE)
    for badge in badges:
        if badge not in account.badges:
            account.badges.append(badge)
            results.append(unlock(action, moment, badge))
    return results


def change_tier(account: Account, action: Action, moment: dt.datetime, reached: str) -> Results:
    """Move the member to another tier, and its score to that tier's board."""
    old, up = account.tier, TIERS[reached][0] > TIERS[account.tier][0]
    account.tier = reached
    scores = [
        [f"tier:{old}", "all_time", -account.tier_score, "leaves"],
        [f"tier:{reached}", "all_time", account.tier_score],
    ]
    moved = move(account, action, moment, split="tier", to=reached, scores=scores)
    changed = TierChanged(
        id=f"{action.id}#tier",
        program=action.program,
        user_id=action.user_id,
        ladder="tier",
        old=old,
        new=reached,
        direction="up" if up else "down",
        value=account.lifetime,
        threshold=TIERS[reached if up else old][0],
        actor=action.data.get("created_by"),
        occurred_at=text(moment),
    )
    return [moved, changed]


def move(
    account: Account, action: Action, moment: dt.datetime, *, split: str, to: str, scores: list[Any]
) -> Posting:
    """Book a member's move between the boards of a split."""
    return post(
        account,
        action,
        moment,
        name=f"move_{split}",
        rule=split,
        kind="move",
        scores=scores,
        why=[[f"now on {split} {to}", "0"]],
    )
