"""What an account weighs after a year of daily use, by program: `python -m tests.simulation.sizes`."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table

from schemas.accounts import Head, read_head, split_key
from schemas.moments import DAY, HOUR, MINUTE, read
from tests.support.engine import Document, Engine
from tests.support.programs import PROGRAMS, first_version

BEGIN: Final = read("2025-01-01T08:00:00Z")
DAYS: Final = 365
SHOWN: Final = 4
"""So many of the largest rows and fields are named."""

Today = list[tuple[str, Document]]
"""What a member does on one day: (type, facts)."""


def loyalty(day: int) -> Today:
    """Log in, share, buy; review once a week; redeem once a month."""
    today: Today = [("LOGIN", {}), ("SOCIAL_SHARE", {}), ("PURCHASE", {"order_value": 2_500})]
    today += [("REVIEW", {"product_id": f"p-{day}"})] if day % 7 == 0 else []
    today += [("REDEMPTION", {"points": 300, "reward": "mug"})] if day % 30 == 29 else []
    return today


def trading(_day: int) -> Today:
    """Trade three times and copy once."""
    trade = {"volumeUSD": 7_500, "profitPercent": 12}
    copied = {"source_user": "bert", "success": True, "delayMs": 900}
    return [*[("TRADE_EXECUTE", trade)] * 3, ("COPY_TRADE", copied)]


def waitlist(day: int) -> Today:
    """Bring a friend each day after having signed up."""
    if day == 0:
        return [("SIGNUP", {"code": "ANNA"}), ("EMAIL_VERIFIED", {})]
    return [("MANUAL", {"points": 1, "reason": "daily", "created_by": "otto"})]


def forum(day: int) -> Today:
    """Log in, write, be liked, tip; walk a path; buy something once a month."""
    today: Today = [("SET_PRIMARY_PATH", {"path": "creator"})] if day == 0 else []
    today += [
        ("DAILY_LOGIN", {}),
        ("THREAD_CREATE", {}),
        ("POST_CREATE", {}),
        ("LIKE_RECEIVED", {}),
    ]
    today += [("TIP", {"to": "bert", "amount": 1}), ("LIKE_RECEIVED", {})]
    return [*today, ("UNLOCK", {"unlock": "XP_BOOST"})] if day % 30 == 29 else today


def contribution(day: int) -> Today:
    """Report four times an hour's work."""
    return [("CONTRIBUTION", _report(day, number)) for number in range(4)]


def _report(day: int, number: int) -> Document:
    ended = BEGIN + day * DAY + (number + 1) * HOUR
    figures = {"uptime_minutes": 59.5, "scrapes_ok": 10, "scrapes_failed": 1, "bandwidth_mb": 50}
    moments = {"started_at": ended - HOUR, "ended_at": ended}
    return {**figures, "cpu_percent": 20, "quality": 0.97, **moments}


LIVES: Final[dict[str, Callable[[int], Today]]] = {
    "loyalty": loyalty,
    "trading": trading,
    "forum": forum,
    "contribution": contribution,
    "waitlist-alpha": waitlist,
    "waitlist-beta": waitlist,
}


def live(program: str, days: int = DAYS) -> dict[str, bytes]:
    """Let a member live in a program for so many days; give the account's rows by their names."""
    engine = Engine()
    engine.publish(first_version(program))
    for day in range(days):
        for number, (kind, data) in enumerate(LIVES[program](day)):
            at = BEGIN + day * DAY + (number + 1) * HOUR + MINUTE * (kind != "CONTRIBUTION")
            action = {"id": f"{day}-{number}", "program": program, "user_id": "anna", "type": kind}
            said = json.dumps(action | {"occurred_at": at, "data": data}).encode()
            engine.hear_all(said, at)
    rows = {split_key(key): row for key, row in engine.rows.items()}
    return {row: value for (_, user, row), value in rows.items() if user == "anna"}


def weighed(rows: dict[str, bytes]) -> Counter[str]:
    """Sum rows up by what they hold: the head, `ids`, `awards`, and so on."""
    sizes: Counter[str] = Counter()
    for name, row in rows.items():
        sizes[name.partition(".")[0] or "head"] += len(row)
    return sizes


def fields(head: Head) -> Counter[str]:
    """Return the bytes of each field of a head, and of each of its parts."""
    sizes: Counter[str] = Counter()
    for name in head.__struct_fields__:
        sizes[name] = len(msgspec.msgpack.encode(getattr(head, name)))
    del sizes["parts"]
    return sizes + Counter({f"part {name}": len(part) for name, part in head.parts.items()})


def main() -> None:
    """Print a table of all programs."""
    table = Table("program", "rows", "bytes", "largest row", "by rows", "head by fields")
    for program in PROGRAMS:
        table.add_row(program, *_told(live(program)))
    Console(width=160).print(table)


def _told(rows: dict[str, bytes]) -> Iterator[str]:
    yield str(len(rows))
    yield f"{sum(map(len, rows.values())):,}"
    yield f"{max(map(len, rows.values())):,}"
    for sizes in (weighed(rows), fields(read_head(rows[""]))):
        yield ", ".join(f"{name} {size:,}" for name, size in sizes.most_common(SHOWN))


if __name__ == "__main__":
    main()
