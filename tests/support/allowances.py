"""Limits, counted by hand from accepted actions: none is ever exceeded, whatever the order."""

from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from schemas.actions import Action
from schemas.moments import read
from tests.support.laws import Happened, facts_of

Document = Mapping[str, Any]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS: Final = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
_FORMS: Final = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m", "year": "%Y"}
_AWARDS: Final = ("earn", "adjust", "hold")
_ANYWAY: Final[Document] = {"origin": "job"}
"""A type that the program has without writing it: it gives nothing, and nothing limits it."""


def milliseconds(span: str) -> int:
    """Read a span of time as a program writes it."""
    number, unit = span.split()
    return int(number) * _UNITS[unit.removesuffix("s")] * 1_000


def period(word: str, moment: int, zone: str) -> str:
    """Name the day, week, month or year of a moment in a zone."""
    there = (_EPOCH + timedelta(milliseconds=moment)).astimezone(ZoneInfo(zone))
    return there.strftime(_FORMS[word])


@dataclass
class Allowances:
    """Every accepted action so far, as far as limits look at it."""

    # By account and type, and by account alone for the program's rate.
    moments: defaultdict[tuple[str, ...], list[int]] = field(
        default_factory=lambda: defaultdict(list)
    )
    times: Counter[tuple[str, ...]] = field(default_factory=Counter)
    points: Counter[tuple[str, ...]] = field(default_factory=Counter)
    values: defaultdict[tuple[str, ...], set[str]] = field(default_factory=lambda: defaultdict(set))
    given: set[tuple[str, ...]] = field(default_factory=set)

    def see(self, happened: Happened, document: Document) -> None:
        """Check an accepted action against every limit of the version that decided it."""
        action = happened.action
        who = (action.program, action.user_id, action.type)
        kind = document["actions"].get(action.type, _ANYWAY)
        if kind.get("effect") == "erase":
            self._forget(who[:2])
            return
        limits, facts = kind.get("limits", {}), facts_of(action)
        moment = _moment(action, kind, facts)
        self._count(happened, who, moment, document)
        self._check_times(who, limits, moment, document)
        if "once_per" in limits:
            value = str(facts.get(limits["once_per"]["fact"]))
            assert value not in self.values[who], f"{value} counted twice: {happened}"
            self.values[who].add(value)
            assert len(self.values[who]) <= limits["once_per"]["at_most"]
        self._check_gaps(who, limits, action, document)
        self._check_once(happened, kind)

    def _count(
        self, happened: Happened, who: tuple[str, ...], moment: int, document: Document
    ) -> None:
        first = next(iter(document["currencies"]))
        names = set(document["actions"].get(who[2], _ANYWAY).get("rules", {}))
        points = sum(
            posting.points
            for posting in happened.postings
            if (posting.kind in _AWARDS and posting.currency == first)
            and posting.rule.rpartition("/")[2] in names
        )
        limits = document["actions"].get(who[2], _ANYWAY).get("limits", {})
        # What a version does not limit it does not count.
        words = {limits.get("once"), *limits.get("times", {}), *limits.get("points", {})}
        for word in words & _FORMS.keys():
            place = (*who, period(word, moment, document.get("timezone", "UTC")))
            self.times[place] += 1
            self.points[place] += max(points, 0)
        self.times[*who, "ever"] += 1

    def _check_times(
        self, who: tuple[str, ...], limits: Document, moment: int, document: Document
    ) -> None:
        zone = document.get("timezone", "UTC")
        scale = next(iter(document["currencies"].values())).get("scale", 0)
        most = dict(limits.get("times", {}))
        if "once" in limits:
            most[limits["once"]] = 1
        for word, times in most.items():
            name = "ever" if word == "ever" else period(word, moment, zone)
            assert self.times[*who, name] <= times, f"{who} more than {times} times in {name}"
        for word, points in limits.get("points", {}).items():
            name = period(word, moment, zone)
            given = self.points[*who, name]
            assert given <= points * 10**scale, f"{who} got {given} in {name}"

    def _check_gaps(
        self, who: tuple[str, ...], limits: Document, action: Action, document: Document
    ) -> None:
        """Check the cooldown, the rate of the type and that of the program."""
        rates = [(who, {"times": 1, "per": limits["cooldown"]})] if "cooldown" in limits else []
        rates += [(who, limits["rate"])] if "rate" in limits else []
        if rates:
            insort(self.moments[who], action.occurred_at)
        corrects = "admin" in _origins(document, action.type)
        if "rate" in document and not corrects and not action.internal:
            insort(self.moments[who[:2]], action.occurred_at)
            rates.append((who[:2], document["rate"]))
        for whose, rate in rates:
            moments, most = self.moments[whose], rate["times"]
            place = moments.index(action.occurred_at)
            for first in range(max(place - most, 0), min(place + 1, len(moments) - most)):
                gap = moments[first + most] - moments[first]
                assert gap >= milliseconds(rate["per"]), f"{whose}: {most + 1} within {gap} ms"

    def _check_once(self, happened: Happened, kind: Document) -> None:
        for posting in happened.postings:
            name = posting.rule.rpartition("/")[2]
            if kind.get("rules", {}).get(name, {}).get("once"):
                given = (posting.program, posting.user_id, name)
                assert given not in self.given, f"{name} was given twice: {posting}"
                self.given.add(given)

    def _forget(self, account: tuple[str, ...]) -> None:
        for counted in (self.moments, self.times, self.points, self.values):
            for place in [place for place in counted if place[:2] == account]:
                del counted[place]


def _origins(document: Document, kind: str) -> list[str]:
    origins = {**_ANYWAY, **document["actions"].get(kind, {})}["origin"]
    return [origins] if isinstance(origins, str) else list(origins)


def _moment(action: Action, kind: Document, facts: Mapping[str, Any]) -> int:
    return read(facts[kind["day_of"]]) if "day_of" in kind else action.occurred_at
