"""An account and what it did, as people read it. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import orjson
from rich.table import Table
from rich.text import Text

from cli.in_force import amount, fact_amount, scales
from processors.engine.boards import split_standing
from schemas.programs import Program
from sinks import ledger_reads as asked

_BARS = " ▁▂▃▄▅▆▇█"
_TOLD_ABOVE = frozenset(
    {"currencies", "sequence", "streaks", "last_days", "badges", "paths", "path_xp"}
    | {"primary_path", "totals"}
)
"""Parts of the view that other lines tell better."""
_EXPIRES = ("due", "EXPIRATION")
"""What `expires` tells with its day."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """An account's view, and the rows of each question about it (sinks/ledger_reads.py)."""

    view: Mapping[str, Any]
    wallet: list[asked.Purse]
    streaks: list[asked.StreakHeld]
    badges: list[asked.BadgeHeld]
    paths: list[asked.PathWalked]
    totals: list[asked.Total]
    expiries: list[asked.Expiry]
    actions: list[asked.DayCount]
    points: list[asked.DayPoints]
    hours: list[asked.HourCount]
    ranks: list[asked.RankThen]
    recent: list[asked.Done]


def as_document(seen: Portrait) -> dict[str, Any]:
    """Give the account for other programs: its view, and beside it `asked`, rows by their fields."""
    names = [name for name in Portrait.__slots__ if name != "view"]
    rows = {name: [row._asdict() for row in getattr(seen, name)] for name in names}
    for done in rows["recent"]:
        done["reference"] = orjson.loads(done["reference"])
    return {**seen.view, "asked": rows}


Shown = Callable[[int, str], str]
"""Writes an amount of a currency."""


def summary(seen: Portrait, program: Program) -> Table:
    """Show what an account of a program holds and did, leaving out what there is nothing of."""
    decimals = scales(program)

    def shown(units: int, currency: str) -> str:
        return amount(units, decimals.get(currency, 0))

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    for name, text in (*_holdings(seen, shown), *_deeds(seen, program)):
        if text:
            table.add_row(name, Text(text))
    return table


def _holdings(seen: Portrait, shown: Shown) -> Iterator[tuple[str, str]]:
    for purse in seen.wallet:
        yield purse.currency, _purse(purse, shown)
    yield (
        "expires",
        _list(
            f"{shown(row.points, row.currency)} {row.currency} on {_date(row.day)}"
            for row in seen.expiries
        ),
    )
    yield (
        "streaks",
        _list(f"{row.streak} {row.days}, last on {_date(row.last_day)}" for row in seen.streaks),
    )
    yield (
        "badges",
        _list(
            f"{row.badge} {row.level}" + (f" since {_date(row.earned_at)}" if row.earned_at else "")
            for row in seen.badges
        ),
    )
    yield "paths", _list(f"{row.path} {row.xp:,} xp{_standing(row)}" for row in seen.paths)
    for name, held in seen.view.items():
        there = _on_boards(held) if name == "standings" else held
        if there and name not in _TOLD_ABOVE and (name, there) != _EXPIRES:
            yield name, _plain(there)


def _on_boards(standings: Mapping[str, int]) -> dict[str, int]:
    """Leave out scores that wait for a place: a member without a country is on no board of one."""
    return {key: score for key, score in standings.items() if split_standing(key)[1]}


def _deeds(seen: Portrait, program: Program) -> Iterator[tuple[str, str]]:
    yield (
        "totals",
        _list(
            f"{row.fact} {fact_amount(program, row.action, row.fact, row.units)}"
            for row in seen.totals
        ),
    )
    for day, counts in groupby(seen.actions, key=lambda row: row.day):
        yield f"{day}", "  ".join(f"{row.action} {row.times}" for row in counts)
    yield "hours", _bars([row.actions for row in seen.hours])
    yield (
        "ranks",
        _list(
            f"#{row.rank:,} of {row.participants:,} in {row.board} {row.period}"
            for row in seen.ranks
        ),
    )


def _purse(purse: asked.Purse, shown: Shown) -> str:
    """Tell what there is of a currency; what is 0 only where it is the balance."""
    parts = {
        "held": purse.held,
        "reserved": purse.reserved,
        "lifetime": purse.lifetime,
        "earned": purse.earned,
        "spent": purse.spent,
        "expired": purse.expired,
    }
    told = [f"balance {shown(purse.available, purse.currency)}"]
    told += [f"{name} {shown(units, purse.currency)}" for name, units in parts.items() if units]
    return "  ".join(told)


def _standing(path: asked.PathWalked) -> str:
    if path.primary:
        return " (primary)"
    return "" if path.joined else " (left)"


def _date(day: Any) -> str:  # noqa: ANN401 - a date or a moment
    return f"{day.day} {day:%B %Y}"


def _list(parts: Iterable[str]) -> str:
    return "\n".join(parts)


def _bars(counts: list[int]) -> str:
    """Draw a bar for each count, and name the hours at which the row begins, halves and ends."""
    most = max(counts, default=0)
    if not most:
        return ""
    bars = "".join(_BARS[-(-count * (len(_BARS) - 1) // most)] for count in counts)
    return f"0h {bars} 24h"


def statement(lines: Iterable[asked.LedgerLine]) -> Table:
    """Show ledger lines, the latest first, each with the steps of its sum."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for name, justify in (("when", "left"), ("points", "right"), ("balance", "right")):
        shown.add_column(name, justify=justify)  # type: ignore[arg-type]
    shown.add_column("action")
    shown.add_column("why")
    for one in lines:
        said = f" ({one.reason})" if one.reason else ""
        kind = f" {one.kind}" if one.kind != "earn" else ""
        style, sign = ("green", "+") if one.points >= 0 else ("red", "")
        why = orjson.loads(one.why)
        shown.add_row(
            f"{one.occurred_at:%Y-%m-%d %H:%M:%S}",
            Text(f"{sign}{amount(one.points, one.scale)}", style=style),
            amount(one.balance, one.scale),
            Text(f"{one.action}{kind}{said}"),
            Text("  →  ".join(f"{step} = {value}" for step, value in why), style="dim"),
        )
    return shown


def _plain(held: object) -> str:
    """Give a part of the view as people would write it."""
    if isinstance(held, Mapping):
        return "  ".join(f"{name} {_plain(value)}" for name, value in held.items())
    if isinstance(held, list):
        return ", ".join(map(_plain, held))
    return str(held)
