"""The rule book: every published version of every program, and which one an action sees.

An action sees the versions that were published at least their lead before it was appended; among
them the one with the latest `effective_from` at or before it happened. So the logs alone decide, and
a replay chooses alike. A derived action is decided by the version of the action it comes from, one
of a job about a period by the version that the job names.
"""

from typing import NamedTuple

import msgspec
from msgspec import structs

from processors.engine.bind import bind
from processors.engine.rules import Rules
from schemas.actions import Action
from schemas.envelopes import Rejection
from schemas.moments import END_OF_TIME, write
from schemas.programs import PublishedVersion
from schemas.results import Rejected


class BookedVersion(NamedTuple):
    """A version as it stands in the book."""

    published: PublishedVersion
    visible_from: int  # The append time of the first actions that see it.
    rules: Rules | None  # None: the program is stopped.


class _Stretch(msgspec.Struct, frozen=True, gc=False):
    """The append times and moments of happening for which one answer holds."""

    appended_from: int
    appended_until: int
    happened_from: int
    happened_until: int
    rules: Rules


class RuleBook:
    """The published versions, in the order in which they become visible."""

    def __init__(self) -> None:
        self._versions: dict[str, list[BookedVersion]] = {}
        self._by_name: dict[str, BookedVersion] = {}
        self._last: dict[str, _Stretch] = {}

    def add(self, published: PublishedVersion, append_time: int) -> None:
        """Add a version read from the topic `rules`, with the append time of its record.

        A version never changes: of two with one name the first stays. Raises ValueError or
        pydantic.ValidationError when its document is no program.
        """
        if published.version in self._by_name:
            return
        rules = None if published.document is None else bind(published.document)
        booked = BookedVersion(published, append_time + published.lead_ms, rules)
        self._by_name[published.version] = booked
        self._versions.setdefault(published.program, []).append(booked)
        self._last.clear()

    def versions(self) -> list[BookedVersion]:
        """Return all versions in the order in which they were added."""
        return list(self._by_name.values())

    def rules_for(self, action: Action) -> Rules | Rejection:
        """Return the rules by which this action is decided; a Rejection of it when there are none."""
        appended, happened = action.append_time, action.occurred_at
        last = self._last.get(action.program)
        if (
            last is not None
            and action.version is None
            and last.appended_from <= appended < last.appended_until
            and last.happened_from <= happened < last.happened_until
        ):
            return last.rules
        # What was derived goes by the version that its parent saw: brokers' clocks may differ.
        seen_until = END_OF_TIME if "#" in action.id else appended
        rules = self.in_force(action.program, seen_until, happened, action.version)
        if isinstance(rules, Rules):
            return rules
        return structs.replace(rules, id=action.id, user_id=action.user_id)

    def in_force(
        self, program: str, append_time: int, occurred_at: int, version: str | None = None
    ) -> Rules | Rejection:
        """Return the rules by which an action is decided; a Rejection when there are none.

        `version` is what a derived action carries, its parent's, or what a job goes by; it counts
        from the same append time on as for all, however far ahead a job's clock was.
        """
        if version is not None:
            booked = self._by_name.get(version)
            if booked is not None and booked.rules and booked.visible_from <= append_time:
                return booked.rules
            return _unknown(program, f"no version is called {version}")
        return self._look_up(program, append_time, occurred_at)

    def _look_up(self, program: str, append_time: int, occurred_at: int) -> Rules | Rejection:
        versions = self._versions.get(program)
        if versions is None:
            return _unknown(program, "it was never published")
        seen = [each for each in versions if each.visible_from <= append_time]
        begun = [each for each in seen if each.published.effective_from <= occurred_at]
        if not begun:
            return _unknown(program, f"no version is in force at {write(occurred_at)}")
        best = max(begun, key=lambda each: each.published.effective_from)
        if best.rules is None:
            stopped = write(best.published.effective_from)
            return _unknown(program, f"it is stopped since {stopped}")
        later = [each.visible_from for each in versions if each.visible_from > append_time]
        next_one = [
            each.published.effective_from
            for each in seen
            if each.published.effective_from > occurred_at
        ]
        self._last[program] = _Stretch(
            appended_from=max(each.visible_from for each in seen),
            appended_until=min(later, default=END_OF_TIME),
            happened_from=best.published.effective_from,
            happened_until=min(next_one, default=END_OF_TIME),
            rules=best.rules,
        )
        return best.rules


def _unknown(program: str, why: str) -> Rejection:
    return Rejection(
        Rejected.UNKNOWN_PROGRAM, f"no rules of {program} hold: {why}", program=program
    )
