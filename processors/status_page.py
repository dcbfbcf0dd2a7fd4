"""Draws a worker's figures as HTML. Every text is escaped; every bar and line is plain SVG."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from processors.figures import Figures, PartitionFigures, SinkFigures
from schemas.moments import to_the_second

PAGE: Final = Template(Path(__file__).with_name("status_page.html").read_text(encoding="utf-8"))

PURPOSES: Final = {
    "scoring": "Decides actions: points, tiers, rewards.",
    "boards": "Brings postings to the leaderboards in Redis.",
    "ledger": "Brings postings and accounts to PostgreSQL.",
    "jobs": "Says what the clock starts: what expires, which periods begin and end, who won.",
}
"""What a kind of worker is for."""

MARKS: Final = {"declined": "warn", "rejected": "bad"}
"""How an outcome is coloured, by its first word; any other is good."""

BEHIND: Final = 1_000
"""A lag of so many records is marked."""


def own(element: str) -> str:
    """Name the page's own `style` or `script` for a content security policy: by its hash."""
    text = PAGE.template.partition(f"<{element}>")[2].partition(f"</{element}>")[0]
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def draw(figures: Figures) -> str:
    """Return the whole page."""
    unit = "Actions" if figures.kind in ("scoring", "jobs") else "Records"
    return PAGE.substitute(
        title=escape(f"{'✓' if figures.ready else '✗'} {figures.name} · Laurel"),
        mark="good" if figures.ready else "bad",
        icon_colour="%232e7d4f" if figures.ready else "%23c62828",
        name=escape(figures.name),
        purpose=escape(PURPOSES.get(figures.kind, f"A worker of the kind {figures.kind}.")),
        clock=_time(figures.at, figures.at[11:19]),
        state="Ready" if figures.ready else "Not ready",
        reason=escape(figures.not_ready or _at_work(figures)),
        uptime=_duration(figures.uptime_seconds),
        started=_time(figures.started_at, f"{figures.started_at[:16].replace('T', ' ')} UTC"),
        unit=unit,
        rate=_number(figures.records_per_second),
        sparkline=_sparkline(figures.history, unit.lower()),
        tiles="".join(_tile(label, value) for label, value in _tiles(figures, unit)),
        outcomes=_outcomes(figures),
        details="".join(_details(figures.details)),
        troubles="".join(_troubles(figures)),
        partitions=_partitions(figures),
    )


def _at_work(figures: Figures) -> str:
    """Say what a worker does that is ready."""
    if figures.kind == "jobs":
        return "Every job goes its rounds."
    return f"{_count(figures.partitions)} assigned."


def _tiles(figures: Figures, unit: str) -> Iterable[tuple[str, str]]:
    if figures.kind != "jobs":  # No records flow to jobs.
        yield "Transaction p50", _seconds(figures.transaction_p50_seconds)
        yield "Transaction p99", _seconds(figures.transaction_p99_seconds)
        yield "Mean batch", f"{_number(figures.records_per_turn)} {unit.lower()}"
        yield "Waiting", f"{_number(sum(each.lag for each in figures.partitions))} records"
    yield "Since the start", f"{_number(figures.records)} {unit.lower()}"
    for sink in figures.sinks:
        lag = sum(each.lag for each in sink.partitions)
        yield f"Not yet in {sink.sink}", f"{_number(lag)} records"
    for label, value in figures.details.items():
        if isinstance(value, int | float):
            yield _sentence(label), _number(value)


def _tile(label: str, value: str) -> str:
    number, _, unit = value.partition(" ")
    return (
        f"<div><dt>{escape(label)}</dt>"
        f"<dd>{escape(number)} <small>{escape(unit)}</small></dd></div>"
    )


def _sparkline(history: Sequence[int], unit: str) -> str:
    top = max(history, default=0)
    points = " ".join(f"{x},{38 - 36 * value / (top or 1):.1f}" for x, value in enumerate(history))
    last = len(history) - 1
    label = f"{unit} in each of the last {len(history)} seconds, at most {_number(top)}"
    return (
        f'<svg class="sparkline" role="img" aria-label="{escape(label)}" '
        f'viewBox="0 0 {last} 40" preserveAspectRatio="none">'
        f'<polygon points="0,40 {points} {last},40"/><polyline points="{points}"/></svg>'
        f'<p class="scale" aria-hidden="true"><span>2 minutes ago</span>'
        f"<span>peak {_number(top)}</span><span>now</span></p>"
    )


def _outcomes(figures: Figures) -> str:
    outcomes = figures.outcomes
    if not outcomes:  # Only scoring has any; elsewhere the page goes without.
        return '<p class="none">None yet.</p>' if figures.kind == "scoring" else ""
    total, most = sum(outcomes.values()), max(outcomes.values())
    rows = (
        _outcome(name, times, times / total, times / most)
        for name, times in sorted(outcomes.items(), key=lambda each: (-each[1], each[0]))
    )
    return (
        "<table class=outcomes><thead><tr><th scope=col>Outcome</th><th scope=col>Times</th>"
        "<th scope=col>Share</th><td></td></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _outcome(name: str, times: int, share: float, length: float) -> str:
    outcome, _, reason = name.partition(" ")
    because = f" <span>{escape(reason.replace('_', ' '))}</span>" if reason else ""
    return (
        f'<tr class="{MARKS.get(outcome, "good")}"><th scope=row>{escape(outcome)}{because}</th>'
        f"<td>{_number(times)}</td><td>{_share(share)}</td>"
        f'<td class=bar><svg aria-hidden="true"><rect class=rail width="100%" height="100%"/>'
        f'<rect width="{max(1.5, 100 * length):.1f}%" height="100%"/></svg></td></tr>'
    )


def _details(details: dict[str, object]) -> Iterable[str]:
    for label, value in details.items():
        if isinstance(value, list | tuple):
            items = "".join(f"<li>{escape(str(each))}</li>" for each in value)
            shown = f"<ul>{items}</ul>" if items else '<p class="none">None.</p>'
        elif isinstance(value, int | float):  # It has a tile.
            continue
        else:
            shown = f"<p>{escape(str(value))}</p>"
        yield f"<h2>{escape(_sentence(label))}</h2>{shown}"


def _troubles(figures: Figures) -> Iterable[str]:
    for sink in figures.sinks:
        if sink.error is not None:
            yield _trouble(f"{sink.sink} fails since", sink.failing_since, sink.error)
    if figures.last_error is not None:
        yield _trouble("Last error", figures.last_error_at, figures.last_error)
    elif not any(sink.error for sink in figures.sinks):
        yield '<p class="none">None since the start.</p>'


def _trouble(label: str, at: str | None, text: str) -> str:
    when = _time(at, f"{to_the_second(at)} UTC") if at else ""
    return f'<p class="trouble"><strong>{escape(label)}</strong> {when}<br>{escape(text)}</p>'


def _partitions(figures: Figures) -> str:
    topics = dict.fromkeys(each.topic for each in figures.partitions)
    tables = (
        _topic(topic, [each for each in figures.partitions if each.topic == topic], figures.sinks)
        for topic in topics
    )
    none = "Jobs read no partitions." if figures.kind == "jobs" else "No partition is assigned."
    return "".join(tables) or f'<p class="none">{none}</p>'


def _topic(topic: str, partitions: list[PartitionFigures], sinks: list[SinkFigures]) -> str:
    stands = [
        (sink.sink, {each.partition: each for each in sink.partitions if each.topic == topic})
        for sink in sinks
    ]
    heads = "".join(
        f"<th scope=col>{escape(name)} position</th><th scope=col>{escape(name)} lag</th>"
        for name, _ in stands
    )
    rows = "".join(
        f"<tr><th scope=row>{each.partition}</th>{_stand(each)}"
        f"{''.join(_stand(at.get(each.partition)) for _, at in stands)}</tr>"
        for each in partitions
    )
    return (
        f"<table class=partitions><caption>{escape(topic)} "
        f"<small>{_count(partitions)}</small></caption>"
        "<thead><tr><th scope=col>Partition</th><th scope=col>Position</th><th scope=col>Lag</th>"
        f"{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _stand(each: PartitionFigures | None) -> str:
    if each is None:
        return "<td>—</td><td>—</td>"
    mark = " class=behind" if each.lag >= BEHIND else ""
    return f"<td>{_number(each.position)}</td><td{mark}>{_number(each.lag)}</td>"


def _count(partitions: Sequence[PartitionFigures]) -> str:
    return f"{len(partitions)} partition{'' if len(partitions) == 1 else 's'}"


def _sentence(label: str) -> str:
    return label[:1].upper() + label[1:]


def _number(value: float) -> str:
    """Write 12345 as 12,345; a fraction only below 100, where it says something."""
    return f"{value:,.1f}" if value < 100 and value != int(value) else f"{value:,.0f}"  # noqa: PLR2004


def _share(share: float) -> str:
    return "< 0.1 %" if 0 < share < 0.001 else f"{100 * share:.1f} %"  # noqa: PLR2004


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "—"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{_number(round(seconds * 1000, 1))} ms"


def _duration(seconds: float) -> str:
    """Write the two largest units: `2 d 3 h`, `12 min 4 s`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next((place for place, (count, _) in enumerate(parts) if count), 3)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2])


def _time(moment: str, shown: str) -> str:
    return f'<time datetime="{moment}">{shown}</time>'
