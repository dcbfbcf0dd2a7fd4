"""What the names and calls of a formula stand for in one action type of a program."""

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final

from processors.engine import ranges
from processors.engine.facts import fact_scale
from processors.engine.formulas import (
    Formula,
    FormulaError,
    Kind,
    read_condition,
    read_formula,
)
from processors.engine.ladders import Ladder
from processors.engine.numbers import POWERS, scaled
from processors.engine.ranges import COUNT, TRUTH, UNKNOWN, Range
from processors.engine.readings import NAMES
from processors.engine.source import compiled
from schemas import moments
from schemas.moments import PeriodKind, calendar_of
from schemas.program_facts import Fact
from schemas.programs import Program, effective_moment, moment_in

UNITS: Final = {
    "second": moments.SECOND,
    "minute": moments.MINUTE,
    "hour": moments.HOUR,
    "day": moments.DAY,
}
PERIODS: Final[dict[str, PeriodKind]] = {
    "day": "daily",
    "week": "weekly",
    "month": "monthly",
    "year": "yearly",
    "ever": "all_time",
}
CLOCK: Final = {"weekday": Range(1, 7), "hour_of_day": Range(0, 23)}
"""What the calendar and the clocks of the program's zone show, and between which numbers it lies."""
_KINDS: Final[dict[str, Kind]] = {"flag": "truth", "moment": "number"}
_PROFILE: Final[dict[str, Kind]] = {
    "country": "text",
    "team": "text",
    "timezone": "text",
    "joined_at": "number",
}


class ActionTerms:
    """The terms of one action type. `where` says, by source, what is known of some of them."""

    functions: Collection[str] = (
        *("min", "max", "has", "count", "balance", "lifetime", "streak", "distinct", "total"),
        *("previous", "memory", "table", "step", "reached", "profile", "segment", "path"),
        *("primary", "badge", "unlocked", "moment"),
    )

    def __init__(
        self,
        program: Program,
        action: str,
        ladders: tuple[Ladder, ...],
        where: Mapping[str, Range] | None = None,
    ) -> None:
        self.program = program
        self.name = action
        self.action = program.actions.get(action)
        self.ladders = {ladder.name: ladder for ladder in ladders}
        # What compiled source refers to.
        self.names: dict[str, Any] = dict(NAMES)
        # The counts of periods that were read, to be kept: (action type, period).
        self.counted: set[tuple[str, PeriodKind]] = set()
        # Numbers that were read and of which nothing is known: moments, what an account has.
        self.vague: set[str] = set()
        self._from = effective_moment(program)
        self._where = where or {}

    def narrowed(self, where: Mapping[str, Range]) -> "ActionTerms":
        """Return the same terms, of which these are known to lie in a range."""
        return ActionTerms(self.program, self.name, tuple(self.ladders.values()), where)

    def _narrow(self, formula: Formula) -> Formula:
        known = formula.range
        if formula.source in self._where:
            known = ranges.both(known, self._where[formula.source])
        if formula.kind == "number" and (known.low == UNKNOWN.low or known.high == UNKNOWN.high):
            self.vague.add(formula.source)
        return formula._replace(range=known)

    # --- names

    def named(self, name: str) -> Formula | str:
        """Return what a name stands for; a message when nothing does."""
        found = self._named(name)
        return found if isinstance(found, str) else self._narrow(found)

    def _named(self, name: str) -> Formula | str:
        if self.action is not None and name in self.action.facts:
            return self._fact(name)
        if name in UNITS:
            return _number(name, str(UNITS[name]), ranges.exactly(UNITS[name]))
        if name == "nth":
            return _number("nth", f"count(scene, {self.name!r})", self._counted(self.name))
        if name == "occurred_at":
            return _number(name, "scene.action.occurred_at", Range(self._from, moments.END_OF_TIME))
        if name in CLOCK:
            return _number(name, f"{name}(scene)", CLOCK[name])
        if name == "user_id":
            return _text(name, "scene.action.user_id")
        if name in ("balance", "lifetime"):
            return self._purse(name, self.program.first_currency)
        return self._no_fact(name)

    def _no_fact(self, name: str) -> str:
        if name in self.functions:
            return f"`{name}` is a function: its arguments stand in brackets, `{name}(…)`"
        known = list(self.action.facts) if self.action is not None else []
        if near := get_close_matches(name, known, 1):
            known.sort(key=lambda fact: fact != near[0])
        text = "" if near else f"; a text would be '{name}'"
        return f"`{name}` is no fact; there is {', '.join(known) or 'none'}{text}"

    def _fact(self, name: str) -> Formula | str:
        assert self.action is not None
        fact = self.action.facts[name]
        if fact.type in ("texts", "numbers", "names", "lots"):
            return f"`{name}` is a list, which formulas cannot read"
        scale, kind = fact_scale(fact), _KINDS.get(fact.type, "text")
        sure = fact.required or fact.default is not None
        source = f"facts[{name!r}]" if sure else f"facts.get({name!r})"
        missing = () if sure else (source,)
        if kind == "truth":
            source = f"(facts.get({name!r}) is True)"
            return Formula(name, 0, frozenset((name,)), source, kind, missing, TRUTH)
        if scale is None and kind != "number":
            return Formula(name, 0, frozenset((name,)), source, kind, missing)
        known = UNKNOWN if scale is None else fact_range(fact, scale)
        return Formula(name, scale or 0, frozenset((name,)), source, "number", missing, known)

    def _purse(self, name: str, currency: str) -> Formula:
        column = ("balance", "lifetime").index(name)
        scale = self.program.currencies[currency].scale
        source = f"purse(scene, {currency!r}, {column})"
        return Formula(f"{name}({currency})", scale, frozenset(), source)

    # --- calls

    def called(self, name: str, arguments: list[str]) -> Formula | str:
        """Return what a call stands for; a message when nothing does."""
        read = getattr(self, f"_call_{name}")
        try:
            formula: Formula | str = read(*arguments)
        except TypeError:
            return f"`{name}({', '.join(arguments)})` has too few or too many names in it"
        except KeyError as unknown:
            return f"`{name}`: there is no {unknown.args[0]}"
        if isinstance(formula, str):
            return formula
        return self._narrow(formula)._replace(text=f"{name}({', '.join(arguments)})")

    def _call_count(self, action: str, period: str | None = None) -> Formula:
        self._known(self.program.actions, action)
        if period is None or period == "ever":
            return _number("", f"count(scene, {action!r})", self._counted(action))
        self._known(PERIODS, period)
        self.counted.add((action, PERIODS[period]))
        source = f"count_in(scene, {action!r}, {PERIODS[period]!r})"
        return _number("", source, self._counted(action, period))

    def _counted(self, action: str, period: str = "ever") -> Range:
        """Return what a count can be: of its own type at least 1, of a period what the limits allow."""
        limits = self.program.actions[action].limits if action in self.program.actions else None
        times: dict[str, int] = {**limits.times} if limits is not None else {}  # type: ignore[dict-item]
        once = 1 if limits is not None and limits.once == period else COUNT.high
        return Range(int(action == self.name), min(times.get(period, COUNT.high), once))

    def _call_balance(self, currency: str) -> Formula:
        return self._purse("balance", self._known(self.program.currencies, currency))

    def _call_lifetime(self, currency: str) -> Formula:
        return self._purse("lifetime", self._known(self.program.currencies, currency))

    def _call_streak(self, name: str) -> Formula:
        source = f"streak(scene, {self._known(self.program.streaks, name)!r})"
        raised = self.program.streaks[name].action == self.name
        known = Range(int(raised), COUNT.high)
        return _number("", source, known)._replace(missing=(source,))

    def _call_distinct(self, fact: str) -> Formula:
        kept = self.action.keep.distinct if self.action is not None else {}
        at_most = kept[self._known(kept, fact)]
        source = f"distinct(scene, {self.name!r}, {fact!r}, {at_most})"
        return _number("", source, Range(0, at_most))

    def _call_total(self, fact: str, period: str = "ever") -> Formula | str:
        kept = self.action.keep.totals if self.action is not None else {}
        if period not in kept[self._known(kept, fact)]:
            words = ", ".join(kept[fact]) or "none"
            return f"`total({fact}, {period})` is not kept; `keep` has {words} of it: add {period}"
        assert self.action is not None
        scale = fact_scale(self.action.facts[fact]) or 0
        source = f"total(scene, {self.name!r}, {fact!r}, {PERIODS[period]!r})"
        return Formula("", scale, frozenset((fact,)), source)

    def _call_previous(self, fact: str) -> Formula | str:
        kept = self.action.keep.previous if self.action is not None else []
        self._known(kept, fact)
        like = self._fact(fact)
        return self._kept(like, f"previous(scene, {self.name!r}, {fact!r})")

    def _call_memory(self, fact: str) -> Formula | str:
        for name, action in self.program.actions.items():
            if fact in action.keep.memory:
                like = ActionTerms(self.program, name, tuple(self.ladders.values())).named(fact)
                return self._kept(like, f"memory(scene, {fact!r})")
        return f"no action keeps `{fact}` in its memory"

    def _kept(self, like: Formula | str, source: str) -> Formula | str:
        if isinstance(like, str):
            return like
        return like._replace(source=source, missing=(source,), facts=frozenset())

    def _call_table(self, table: str, fact: str) -> Formula | str:
        rows = self.program.tables[self._known(self.program.tables, table)]
        key = self.named(fact)
        if isinstance(key, str):
            return key
        if key.kind == "truth" or key.scale:
            return f"`{fact}` is no text and no integer, by which a table is asked"
        texts = all(isinstance(value, str) for value in rows.values())
        exact = {} if texts else {name: scaled(value) for name, value in rows.items()}  # type: ignore[arg-type]
        scale = max((decimals for _, decimals in exact.values()), default=0)
        numbers = {name: units * POWERS[scale - of] for name, (units, of) in exact.items()}
        self.names[f"table_{table}"] = rows if texts else numbers
        known = (
            ranges.one_of(*map(str, rows.values()))
            if texts
            else Range(min(numbers.values()), max(numbers.values()))
        )
        whole = key.kind == "number"
        source = f"table_{table}.get({f'str({key.source})' if whole else key.source})"
        kind: Kind = "text" if texts else "number"
        return Formula("", scale, key.facts, source, kind, (source,), known)

    def _call_step(self, ladder: str) -> Formula:
        bound = self.names[f"ladder_{ladder}"] = self.ladders[self._known(self.ladders, ladder)]
        return _text("", f"step(scene, ladder_{ladder})", ranges.one_of(*bound.steps))

    def _call_reached(self, ladder: str, step: str) -> Formula:
        bound = self.names[f"ladder_{ladder}"] = self.ladders[self._known(self.ladders, ladder)]
        self._known(bound.steps, step)
        return _truth(f"reached(scene, ladder_{ladder}, {step!r})")

    def _call_profile(self, name: str) -> Formula:
        kind = _PROFILE[self._known(_PROFILE, name)]
        source = f"profile(scene, {name!r})"
        return Formula("", 0, frozenset(), source, kind, (source,))

    def _call_segment(self, name: str) -> Formula:
        return _truth(f"in_segment(scene, {name!r})")

    def _call_path(self, name: str) -> Formula:
        return _truth(f"walks(scene, {self._known(self.program.paths, name)!r})")

    def _call_primary(self, name: str) -> Formula:
        return _truth(f"(primary(scene) == {self._known(self.program.paths, name)!r})")

    def _call_badge(self, name: str) -> Formula:
        return _truth(f"has_badge(scene, {self._known(self.program.badges, name)!r})")

    def _call_unlocked(self, name: str) -> Formula:
        return _truth(f"has_unlock(scene, {self._known(self.program.unlocks, name)!r})")

    def _call_moment(self, text: str) -> Formula | str:
        try:
            moment = moment_in(text, calendar_of(self.program.timezone))
        except ValueError as wrong:
            return str(wrong)
        return _number("", str(moment), ranges.exactly(moment))

    def _known(self, names: Collection[str], name: str) -> str:
        if name not in names:
            raise KeyError(f"{name}; there is {', '.join(sorted(names)) or 'none'}")
        return name


def fact_range(fact: Fact, scale: int) -> Range:
    """Return what a number fact can be, in units of so many decimals."""

    def units(bound: Decimal | None, otherwise: int) -> int:
        return int((otherwise if bound is None else bound) * POWERS[scale])

    return Range(units(fact.least, -COUNT.high), units(fact.most, COUNT.high))


def _number(text: str, source: str, known: Range = UNKNOWN) -> Formula:
    return Formula(text, 0, frozenset(), source, "number", (), known)


def _text(text: str, source: str, known: Range = UNKNOWN) -> Formula:
    return Formula(text, 0, frozenset(), source, "text", (), known)


def _truth(source: str) -> Formula:
    return Formula("", 0, frozenset(), source, "truth", (), TRUTH)


def bind_condition(text: str, terms: ActionTerms) -> Any:  # noqa: ANN401 - a compiled function
    """Compile a condition to a function of facts and scene. Raises FormulaError."""
    formula = read_condition(text, terms)
    lines = ["def holds(facts, scene):", f"    return {formula.source}"]
    return compiled("holds", lines, terms.names)


def read_points(text: str, terms: ActionTerms) -> Formula:
    """Read a formula of points: only kept things and tables may be missing. Raises FormulaError."""
    formula = read_formula(text, terms)
    for name in sorted(formula.facts):
        if f"facts.get({name!r})" in formula.missing:
            column = _column(text, name)
            message = f"`{name}` may be missing: make it required, or give it a default"
            raise FormulaError(message, column)
    return formula


def _column(text: str, name: str) -> int:
    """Return the column of a name in a formula that holds it."""
    found = re.search(rf"\b{name}\b", text)
    return 1 if found is None else found.start() + 1
