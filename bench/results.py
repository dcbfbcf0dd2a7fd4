"""Measured figures as tables, and `bench/RESULTS.md`, in which each section replaces only itself."""

import datetime as dt
import os
import platform
import re
import sys
import sysconfig
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable

RESULTS = Path(__file__).with_name("RESULTS.md")
ORDER = (
    "scoring",
    "growth",
    "latency",
    "recovery",
    "engine",
    "programs",
    "accounts",
    "sinks",
    "rebuild",
    "reads",  # The last: the broker keeps giving way after it.
)
"""Sections in the order in which they stand in the file."""

_HEAD = """\
# Results

Made by `make bench`; `python -m bench <section>` measures one section again and replaces only it.
Each section says on which machine, when and by which command it was made. Broker, workers, load
and readers share that machine. One run per figure unless a table says otherwise.
"""


@dataclass(frozen=True, slots=True)
class Table:
    """Figures: ratios stand in the first columns after the name."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    # What a reader must know to judge the figures.
    notes: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        """Write the table, its title above and its notes below."""
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        notes = "".join(f"\n- {note}" for note in self.notes)
        return f"### {self.title}\n{text}\n{notes}\n"

    def show(self, console: Console) -> None:
        """Print it on a terminal."""
        table = RichTable(*self.columns, title=self.title, title_justify="left")
        for row in self.rows:
            table.add_row(*row)
        console.print(table)
        for note in self.notes:
            console.print(f"  {note}", style="dim", highlight=False)


def write(section: str, body: str, parts: list[str]) -> None:
    """Put a section's figures in their place in RESULTS.md."""
    said = _sections()
    said[section] = f"## {section}\n\n{_made(parts)}\n\n{body.rstrip()}\n"
    known = [name for name in ORDER if name in said]
    text = "\n".join([_HEAD, *(said[name] for name in known)])
    RESULTS.write_text(text)


def _sections() -> dict[str, str]:
    if not RESULTS.exists():
        return {}
    parts = re.split(r"(?m)^(?=## )", RESULTS.read_text())[1:]
    return {part[3 : part.index("\n")].strip(): part.rstrip() + "\n" for part in parts}


def _made(parts: list[str]) -> str:
    """Say on what, when and how a section was made."""
    command = f"python -m bench {' '.join(sys.argv[1:])}".strip()
    now = dt.datetime.now(dt.UTC)
    return f"{machine()}. {now:%Y-%m-%d %H:%M} UTC, `{command}`. {'; '.join(parts)}."


def machine() -> str:
    """Describe the machine: processor, cores, memory, system."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{cores} cores of {_processor()}, {memory:.0f} GiB, {platform.system()}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", info.read_text()) if info.exists() else None
    return found[1] if found else platform.processor() or platform.machine()


def own_versions() -> list[str]:
    """Return what every section uses, with versions."""
    names = ("faust-streaming", "aiokafka", "msgspec")
    return [own_python(), *(f"{name} {version(name)}" for name in names)]


def own_python() -> str:
    """Name this interpreter and its build: one that was not optimised by profile is a fifth slower."""
    told = sysconfig.get_config_var("CONFIG_ARGS") or ""
    if "--enable-optimizations" in told:
        build = "built with --enable-optimizations"
    elif sys.base_prefix == "/usr":
        build = "the system's"
    else:
        build = "built without --enable-optimizations"
    return f"CPython {platform.python_version()} ({build})"


def percentile(values: list[float], share: float) -> float:
    """Return the value below which `share` of the values lie; `values` must not be empty."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
