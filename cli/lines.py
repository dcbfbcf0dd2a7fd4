"""One line for people from each result record. Pure."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from rich.table import Table
from rich.text import Text

from cli.in_force import amount
from schemas.moments import to_the_second
from schemas.results import (
    AcceptedAction,
    AchievementUnlocked,
    DeclinedAction,
    LeaderboardUpdated,
    Notification,
    PeriodRecord,
    Posting,
    RejectedRecord,
    TierChanged,
)


def line(topic: str, value: bytes) -> Text:
    """Tell a record of a result topic, by its name without prefix, in one line.

    A value that is not of the topic's form is shown as it is.
    """
    form, told = _TOPICS.get(topic, (None, None))
    if form is None or told is None:
        return _plain(value)
    try:
        return told(msgspec.json.decode(value, type=form))
    except msgspec.DecodeError:
        return _plain(value)


def told(results: Iterable[tuple[str, bytes]]) -> Table:
    """Tell the results of an action, each a topic's name and a value; of points also why."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for topic, value in results:
        table.add_row(Text(topic, style="dim"), line(topic, value))
        if topic == "rewards.earned":
            table.add_row("", why(msgspec.json.decode(value, type=Posting)))
    return table


def why(said: Posting) -> Text:
    """Give the steps of a posting's sum, one after the other."""
    steps = "  →  ".join(f"{step} = {value}" for step, value in said.why)
    return Text(f"{said.rule}:  {steps}", style="dim")


def _plain(value: bytes) -> Text:
    return Text(value.decode(errors="replace"))


def _row(moment: str, user_id: str, what: tuple[str, str], rest: str) -> Text:
    """Lay out: when, whom, what with its style, and the rest."""
    return Text.assemble((f"{to_the_second(moment)} ", "dim"), f"{user_id:<14} ", what, f" {rest}")


def _posting(said: Posting) -> Text:
    style = "green" if said.points >= 0 else "red"
    rest = f"{said.action:<18} balance {amount(said.balance, said.scale)}"
    rest += f"  {said.tier}" if said.tier else ""
    rest += f"  {said.kind}" if said.kind != "earn" else ""
    rest += f"  ({said.reason})" if said.reason else ""
    sign = "+" if said.points >= 0 else ""
    what = f"{sign + amount(said.points, said.scale):>8} {said.currency}"
    return _row(said.occurred_at, said.user_id, (what, style), f"{rest}  {said.id}")


def _accepted(said: AcceptedAction) -> Text:
    what = ("       · accepted", "cyan")
    return _row(said.occurred_at, said.user_id, what, f"{said.action:<18} {said.action_id}")


def _declined(said: DeclinedAction) -> Text:
    rest = f"{said.action:<18} {said.reason}: {said.message}"
    rest += f", again from {said.retry_at}" if said.retry_at else ""
    what = ("       ✗ declined", "yellow")
    return _row(said.occurred_at, said.user_id, what, f"{rest}  {said.action_id}")


def _rejected(said: RejectedRecord) -> Text:
    rest = f"{said.reason}: {said.message}  {said.id}"
    return _row(said.append_time, said.user_id or "?", ("       ! rejected", "red"), rest)


def _tier(said: TierChanged) -> Text:
    arrow = "▲" if said.direction == "up" else "▼"
    what = f"       {arrow} {said.ladder}  "
    rest = f"{said.old} → {said.new} at {said.value:,} (from {said.threshold:,} on)"
    return _row(said.occurred_at, said.user_id, (what, "magenta"), rest)


def _achievement(said: AchievementUnlocked) -> Text:
    rest = f"{said.achievement} {said.state}" + (f" level {said.level}" if said.level > 1 else "")
    what = (f"       ★ {said.kind:<8}", "bright_yellow")
    return _row(said.occurred_at, said.user_id, what, rest)


def _period(said: PeriodRecord) -> Text:
    rest = f"{said.kind}, {said.participants:,} took part"
    if said.kind == "closed":
        rest += "".join(f", {place}. {who} {score:,}" for place, who, score in said.winners[:3])
    elif said.kind == "restated":
        rest = f"{said.kind}, {said.changed:,} scores differ from the result"
    what = ("       ◆ period  ", "bright_blue")
    return _row(said.occurred_at, f"{said.board} {said.period}", what, rest)


def _notification(said: Notification) -> Text:
    what = (f"       ✉ {said.type:<8}", "bright_cyan")
    return _row(said.occurred_at, said.user_id, what, f"{said.title}: {said.message}")


def _standing(said: LeaderboardUpdated) -> Text:
    rank = f"#{said.rank:,}" if said.rank else "off"
    old = f"#{said.old_rank:,} → " if said.old_rank and said.old_rank != said.rank else ""
    change = f" ({said.score - (said.old_score or 0):+,})"
    rest = f"{old}{rank} of {said.participants:,}, score {said.score:,}{change}"
    what = f"       # {said.board} {said.period}"
    return _row(said.occurred_at, said.user_id, (what, "blue"), rest)


_TOPICS: dict[str, tuple[type, Callable[[Any], Text]]] = {
    "rewards.earned": (Posting, _posting),
    "actions.accepted": (AcceptedAction, _accepted),
    "actions.declined": (DeclinedAction, _declined),
    "actions.rejected": (RejectedRecord, _rejected),
    "tier.changed": (TierChanged, _tier),
    "achievements.unlocked": (AchievementUnlocked, _achievement),
    "periods.closed": (PeriodRecord, _period),
    "notifications.send": (Notification, _notification),
    "leaderboard.updated": (LeaderboardUpdated, _standing),
}

RESULTS = tuple(_TOPICS)
"""The result topics that have a line of their own."""
