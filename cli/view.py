"""The live view of `laurel run`, and its line where there is no terminal. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli.boards import score_as
from sinks.board_ranks import Entry

_REASONS_SHOWN = 6


@dataclass(frozen=True, slots=True)
class WorkerState:
    """A worker as its supervisor and its own status page tell of it."""

    name: str
    page: str
    """URL of its status page."""
    pid: int | None
    restarts: int
    last_end: str
    lag: int | None
    """Records that wait for it; None while it does not say."""
    trouble: str
    """What it suffers from; empty when all is well."""


@dataclass(slots=True)
class Shown:
    """Everything that the view shows at one moment. Counts are those of this run."""

    seconds: float = 0.0
    demo: str = ""
    rate: float = 0.0
    given: Mapping[str, Decimal] = field(default_factory=dict)
    posted: int = 0
    accepted: int = 0
    declined: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    board: str = ""
    scale: int = 0
    participants: int = 0
    entries: Sequence[Entry] = ()
    moves: Mapping[str, int | None] = field(default_factory=dict)
    """Ranks up (down: below 0) by member; None for who is new."""
    workers: Sequence[WorkerState] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()


def screen(shown: Shown) -> RenderableType:
    """Lay everything out for a terminal."""
    halves = Table.grid(expand=True)
    halves.add_column(ratio=2)
    halves.add_column(ratio=3)
    halves.add_row(_outcomes(shown), _board(shown))
    return Group(_head(shown), halves, _workers(shown.workers), _addresses(shown), _notes(shown))


def plain(shown: Shown) -> str:
    """Say the most important in one line."""
    parts = [
        f"{clock(shown.seconds)}  {shown.rate:,.0f} actions/s",
        points(shown.given),
        f"posted {shown.posted:,}, accepted {shown.accepted:,}",
        f"declined {shown.declined.total():,}{_reasons(shown.declined)}",
        f"rejected {shown.rejected.total():,}{_reasons(shown.rejected)}",
        "lag " + ", ".join(f"{one.name} {_lag(one)}" for one in shown.workers),
    ]
    if shown.entries:
        best = shown.entries[0]
        parts.append(
            f"{shown.board} led by {best.user_id} with {score_as(best.score, shown.scale)}"
        )
    if restarts := sum(one.restarts for one in shown.workers):
        parts.append(f"{restarts} restarts")
    return " | ".join(parts)


def clock(seconds: float) -> str:
    """Give a stretch of time as h:mm:ss."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def points(given: Mapping[str, Decimal]) -> str:
    """Say how many points were given, by currency."""
    said = (f"{count.normalize():,f} {name}" for name, count in given.items())
    return ", ".join(said) or "0 points"


def move(ranks_up: int | None) -> Text:
    """Say how far a member rose or fell."""
    if ranks_up is None:
        return Text("new", style="cyan")
    if ranks_up == 0:
        return Text("")
    return (
        Text(f"▲{ranks_up}", style="green") if ranks_up > 0 else Text(f"▼{-ranks_up}", style="red")
    )


def _head(shown: Shown) -> Text:
    return Text.assemble(
        (" Laurel ", "bold black on green"),
        f"  {clock(shown.seconds)}   ",
        (f"{shown.rate:,.0f} actions/s", "bold"),
        "   given ",
        (points(shown.given), "bold green"),
        (f"   {shown.demo}", "dim"),
    )


def _outcomes(shown: Shown) -> Panel:
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("posted", f"{shown.posted:,}", style="green")
    table.add_row("accepted", f"{shown.accepted:,}", style="cyan")
    for name, counts, style in (
        ("declined", shown.declined, "yellow"),
        ("rejected", shown.rejected, "red"),
    ):
        table.add_row(name, f"{counts.total():,}", style=style)
        for reason, count in counts.most_common(_REASONS_SHOWN):
            table.add_row(f"  {reason}", f"{count:,}", style="dim")
    return Panel(table, title="actions", title_align="left", border_style="dim")


def _board(shown: Shown) -> Panel:
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(justify="right", style="dim")
    table.add_column(ratio=1)
    table.add_column(justify="right")
    table.add_column(width=5)
    for entry in shown.entries:
        change = move(shown.moves.get(entry.user_id, 0))
        table.add_row(f"{entry.rank}", entry.user_id, score_as(entry.score, shown.scale), change)
    if not shown.entries:
        table.add_row("", Text("nobody yet", style="dim"))
    title = f"{shown.board}, {shown.participants:,} members"
    return Panel(table, title=title, title_align="left", border_style="dim")


def _workers(workers: Iterable[WorkerState]) -> Table:
    table = Table(box=None, pad_edge=True, header_style="dim", expand=True)
    for name in ("worker", "lag", "restarts", "status page", ""):
        table.add_column(name, justify="right" if name in ("lag", "restarts") else "left")
    for one in workers:
        state = Text(one.name, style="" if one.pid else "red")
        restarts = f"{one.restarts} ({one.last_end})" if one.restarts else "0"
        page = Text(one.page, style=f"link {one.page}")
        table.add_row(state, _lag(one), restarts, page, Text(one.trouble, style="yellow"))
    return table


def _addresses(shown: Shown) -> Text:
    lines = [f" {name:<11}{address}" for name, address in shown.addresses.items()]
    return Text("\n".join(lines), style="dim")


def _notes(shown: Shown) -> Text:
    return Text("\n".join(f" {note}" for note in shown.notes), style="yellow")


def _lag(worker: WorkerState) -> str:
    return "?" if worker.lag is None else f"{worker.lag:,}"


def _reasons(counts: Counter[str]) -> str:
    if not counts:
        return ""
    return f" ({', '.join(f'{reason} {count:,}' for reason, count in counts.most_common())})"
