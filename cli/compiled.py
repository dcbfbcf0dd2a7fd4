"""A bound version as people can read it: for each rule the sums that the engine runs. Pure."""

from collections.abc import Iterator

from processors.engine.rules import ActionRules, AwardRule, Era, Rules, Sum
from processors.engine.source import SOURCE
from schemas.moments import DAY, END_OF_TIME, write


def compiled(rules: Rules) -> Iterator[str]:
    """Give a version line by line."""
    late = "for ever" if rules.accept_late is None else f"{rules.accept_late / DAY:g} days"
    yield f"{rules.version}: days of {rules.calendar.zone}, accepts late {late}"
    for action in rules.actions.values():
        yield ""
        yield from _action(action)


def _action(action: ActionRules) -> Iterator[str]:
    topics = [
        name
        for name, allowed in (("actions", action.outside), ("actions.internal", action.inside))
        if allowed
    ]
    yield f"{action.type} over {' and '.join(topics)}"
    for award in action.awards:
        yield from _award(award)


def _award(award: AwardRule) -> Iterator[str]:
    yield f"  {award.name}: {award.kind} in {award.currency}"
    begin = 0
    for era in award.eras:
        yield from _era(era, begin)
        begin = era.end


def _era(era: Era, begin: int) -> Iterator[str]:
    since = f"from {write(begin)} " if begin else ""
    until = f"until {write(era.end)}" if era.end != END_OF_TIME else "for ever"
    yield f"    {since}{until}{': nothing' if era.sums is None else ''}"
    for step, computed in (era.sums or {}).items():
        if step is not None:  # None stands for an account without a step: the first one's.
            yield f"      {step or 'on every step'}:"
            yield from (f"        {line}" for line in _source(computed))


def _source(computed: Sum) -> list[str]:
    source: str = getattr(computed, SOURCE)
    return source.splitlines()
