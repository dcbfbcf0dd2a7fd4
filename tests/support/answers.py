"""What the ledger should answer, recomputed in plain Python from all that scoring said."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from audit.compare_accounts import accounts_of
from schemas.actions import RESERVED_SUBJECTS
from tests.simulation.play import Run

MOST: Final = 20
"""So many of the latest, or of the most frequent, are asked for."""

Line = dict[str, Any]
Who = tuple[str, str]
"""(program, member)."""


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@dataclass
class Told:
    """Everything that scoring said, as plain dictionaries by (program, member)."""

    since: date
    postings: dict[Who, list[Line]] = field(default_factory=lambda: defaultdict(list))
    accepted: dict[Who, list[Line]] = field(default_factory=lambda: defaultdict(list))
    badges: dict[Who, list[Line]] = field(default_factory=lambda: defaultdict(list))
    views: dict[Who, Line] = field(default_factory=dict)

    def done(self, who: Who) -> list[Line]:
        """Give all that counted of a member: postings, and what was accepted without one."""
        return self.postings[who] + self.accepted[who]

    def people(self, program: str) -> list[Who]:
        """The members of a program that anything was said of."""
        every = {*self.postings, *self.accepted, *self.views}
        return sorted(
            who for who in every if who[0] == program and not who[1].startswith(RESERVED_SUBJECTS)
        )

    def here(self, program: str) -> list[Line]:
        """The accounts of a program's members, those erased left out."""
        found = [self.views[who] for who in self.people(program) if who in self.views]
        return [view for view in found if "erased" not in view]


def told(run: Run) -> Told:
    """Read all logs of a run; the days asked for begin in its middle."""
    logs = run.world.logs
    begin = min(record.append_time for record in logs.of("actions"))
    said = Told(datetime.fromtimestamp(begin / 1000, ZoneInfo("UTC")).date() + timedelta(days=30))
    for topic, lines in (
        ("rewards.earned", said.postings),
        ("actions.accepted", said.accepted),
        ("achievements.unlocked", said.badges),
    ):
        for record in logs.of(topic):
            line = json.loads(record.value or b"")
            lines[line["program"], line["user_id"]].append(line)
    said.views |= accounts_of(logs.of("laurel-scoring-accounts-changelog"))
    return said


def local(line: Line, zone: str) -> datetime:
    return moment(line["occurred_at"]).astimezone(ZoneInfo(zone))


def recent_lines(said: Told, who: Who, zone: str) -> list[Line]:
    return [line for line in said.done(who) if local(line, zone).date() >= said.since]


MAKES_AVAILABLE: Final = {
    *("earn", "adjust", "receive", "return", "redeem", "expire", "send", "release", "reverse"),
    *("reserve", "cancel"),
}
HOLDS: Final = {"hold": 1, "release": -1, "forfeit": 1}
SETS_ASIDE: Final = {"reserve": -1, "cancel": -1, "confirm": 1}


def wallet(said: Told, who: Who, _zone: str) -> list[tuple[Any, ...]]:
    """Every amount again from the signed points of the kinds."""
    sums: dict[str, Counter[str]] = {}
    for line in said.postings[who]:
        kind, points = line["kind"], line["points"]
        if kind == "move":
            continue
        purse = sums.setdefault(line["currency"], Counter())
        purse["available"] += points * (kind in MAKES_AVAILABLE)
        purse["held"] += points * HOLDS.get(kind, 0)
        purse["reserved"] += points * SETS_ASIDE.get(kind, 0)
        purse["lifetime"] += line["lifetime_points"]
        purse["earned"] += points * (kind in ("earn", "release"))
        purse["spent"] -= points * (kind in ("redeem", "confirm"))
        purse["expired"] -= points * (kind == "expire")
    names = ("available", "held", "reserved", "lifetime", "earned", "spent", "expired")
    return [
        (currency, *(purse[name] for name in names)) for currency, purse in sorted(sums.items())
    ]


def done_as(line: Line) -> tuple[str, str]:
    """Give the action that a line tells of, and the name that it tells of it under."""
    return line["action_id"], line["action"]


def recent(said: Told, who: Who, _zone: str) -> list[tuple[Any, ...]]:
    """The last postings and what was last accepted, merged by when it happened.

    Of moves the last that has nothing else beside it.
    """
    posted = sorted(said.postings[who], key=lambda line: line["sequence"])
    moved = {done_as(line): line for line in posted if line["kind"] == "move"}
    rewarded = {done_as(line) for line in posted if line["kind"] != "move"}
    last = [
        line
        for line in posted
        if line["kind"] != "move"
        or (done_as(line) not in rewarded and line is moved[done_as(line)])
    ][-MOST:]
    rest = sorted(said.accepted[who], key=lambda line: (line["occurred_at"], line["id"]))[-MOST:]
    both = [*last, *({**line, "kind": "accepted", "sequence": 0, "points": 0} for line in rest)]
    both.sort(key=lambda line: (line["occurred_at"], line["sequence"], line["id"]), reverse=True)
    return [
        (
            moment(line["occurred_at"]),
            line["action"],
            line["kind"],
            line.get("currency"),
            line["points"],
            line["reference"],
            line["id"],
        )
        for line in both[:MOST]
    ]


def actions_by_day(said: Told, who: Who, zone: str) -> list[tuple[Any, ...]]:
    done = {
        (local(line, zone).date(), line["action"], line["action_id"])
        for line in recent_lines(said, who, zone)
    }
    return [(*key, count) for key, count in sorted(Counter(each[:2] for each in done).items())]


def active_hours(said: Told, who: Who, zone: str, own: list[str]) -> list[tuple[int, int]]:
    done = {
        (local(line, zone), line["action_id"]) for line in said.done(who) if line["action"] in own
    }
    hours = Counter(at.hour for at, _ in done)
    return [(hour, hours[hour]) for hour in range(24)]


CIRCULATES: Final = ["earn", "release", "adjust", "redeem", "confirm", "expire", "reverse"]
MOVES_BETWEEN_MEMBERS: Final = ["send", "receive", "return"]


def given_and_taken(lines: list[Line], zone: str, kinds: list[str]) -> list[tuple[Any, ...]]:
    days: dict[tuple[date, str], list[int]] = {}
    for line in lines:
        if line["kind"] in kinds:
            sums = days.setdefault((local(line, zone).date(), line["currency"]), [0, 0])
            sums[line["points"] < 0] += abs(line["points"])
    return [(*key, *sums) for key, sums in sorted(days.items())]


def points_by_day(said: Told, who: Who, zone: str) -> list[tuple[Any, ...]]:
    lines = [line for line in recent_lines(said, who, zone) if "kind" in line]
    return given_and_taken(lines, zone, CIRCULATES + MOVES_BETWEEN_MEMBERS)


def badges(said: Told, who: Who, _zone: str) -> list[tuple[Any, ...]]:
    earned = {
        (line["achievement"], line["level"]): moment(line["occurred_at"])
        for line in said.badges[who]
        if line["kind"] == "badge"
    }
    held = said.views.get(who, {}).get("badges", {})
    return [(name, level, earned.get((name, level))) for name, level in sorted(held.items())]


def streaks(said: Told, who: Who, zone: str) -> list[tuple[Any, ...]]:
    view = said.views.get(who, {})
    return [
        (name, days, moment(view["last_days"][name]).astimezone(ZoneInfo(zone)).date())
        for name, days in sorted(view.get("streaks", {}).items())
    ]


def paths(said: Told, who: Who, _zone: str) -> list[tuple[Any, ...]]:
    view = said.views.get(who, {})
    joined = view.get("paths", {})
    return [
        (path, xp, path in joined, view.get("primary_path") == path)
        for path, xp in sorted(view.get("path_xp", {}).items())
    ]


def totals(said: Told, who: Who, _zone: str) -> list[tuple[Any, ...]]:
    kept = said.views.get(who, {}).get("totals", {})
    names = {
        name.removesuffix(" all_time"): units for name, units in kept.items() if " all" in name
    }
    return sorted((*name.split("."), units) for name, units in names.items())


def expiries(said: Told, who: Who, zone: str) -> list[tuple[Any, ...]]:
    left: Counter[tuple[date, str]] = Counter()
    if "erased" not in said.views.get(who, {}):
        for line in said.postings[who]:
            for _, points, at in line["lots"]:
                if at is not None:
                    left[moment(at).astimezone(ZoneInfo(zone)).date(), line["currency"]] += points
    return [(currency, day, points) for (day, currency), points in sorted(left.items()) if points]


def active_days(said: Told, program: str, zone: str, own: list[str]) -> list[tuple[Any, ...]]:
    done = {
        (local(line, zone).date(), who[1], line["action_id"])
        for who in said.people(program)
        for line in recent_lines(said, who, zone)
        if line["action"] in own
    }
    days = Counter(day for day, _, _ in done)
    people = Counter(day for day, _ in {each[:2] for each in done})
    return [(day, people[day], days[day]) for day in sorted(days)]


def triggered(said: Told, program: str, zone: str) -> list[tuple[Any, ...]]:
    done = {
        (line["action"], who[1], line["action_id"])
        for who in said.people(program)
        for line in recent_lines(said, who, zone)
    }
    times = Counter(action for action, _, _ in done)
    people = Counter(action for action, _ in {each[:2] for each in done})
    found = [(action, times[action], people[action]) for action in times]
    return sorted(found, key=lambda row: (-row[1], row[0]))[:MOST]


def economy(said: Told, program: str, zone: str) -> list[tuple[Any, ...]]:
    lines = [
        line
        for who in said.people(program)
        for line in recent_lines(said, who, zone)
        if "kind" in line
    ]
    return given_and_taken(lines, zone, CIRCULATES)


def circulation(said: Told, program: str, _zone: str) -> list[tuple[Any, ...]]:
    sums: dict[str, list[int]] = {}
    for who in said.people(program):
        for currency, *amounts in wallet(said, who, ""):
            before = sums.setdefault(currency, [0] * 8)
            sums[currency] = [old + new for old, new in zip(before, (1, *amounts), strict=True)]
    return [(currency, *amounts) for currency, amounts in sorted(sums.items())]


def members(said: Told, program: str, _zone: str) -> list[tuple[int]]:
    return [(len(said.here(program)),)]


def top_members(said: Told, program: str, _zone: str, currency: str) -> list[tuple[Any, ...]]:
    last = {
        who[1]: line
        for who in said.people(program)
        for line in said.postings[who]
        if line["kind"] != "move" and line["currency"] == currency
    }
    found = [
        (-line["lifetime"], line["occurred_at"], user, line["balance"])
        for user, line in last.items()
    ]
    return [(user, None, -less, balance) for less, _, user, balance in sorted(found)[:MOST]]


def levels(said: Told, program: str, _zone: str, firsts: dict[str, str]) -> list[tuple[Any, ...]]:
    found = Counter(
        (ladder, view["steps"].get(ladder, first))
        for view in said.here(program)
        for ladder, first in firsts.items()
    )
    return [(*key, count) for key, count in sorted(found.items())]


def path_popularity(said: Told, program: str, _zone: str) -> list[tuple[Any, ...]]:
    rows: dict[str, list[int]] = {}
    for view in said.here(program):
        for path, xp in view.get("path_xp", {}).items():
            row = rows.setdefault(path, [0, 0, 0])
            row[0] += path in view.get("paths", {})
            row[1] += view.get("primary_path") == path
            row[2] += xp
    return sorted(((path, *row) for path, row in rows.items()), key=lambda r: (-r[1], r[0]))
