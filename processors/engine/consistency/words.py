"""What all checks of a program say: flaws and their places, names that nobody declares, dates."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Final, NamedTuple

from processors.engine.facts import fact_scale
from processors.engine.formulas import Formula, FormulaError
from processors.engine.numbers import scaled
from processors.engine.terms import ActionTerms
from schemas.moments import END_OF_TIME, calendar_of
from schemas.program_actions import ActionType, Rate
from schemas.programs import Program, effective_moment, moment_in

Place = tuple[str | int, ...]
Reader = Callable[[str, ActionTerms], Formula]

ENGINE: Final = "engine"
_LISTED: Final = 12


class Flaw(NamedTuple):
    """What does not fit, its place in the program file, and the column (from 1) of a text there."""

    place: Place
    message: str
    column: int | None = None

    def __str__(self) -> str:
        where = f" (column {self.column})" if self.column else ""
        return f"{'.'.join(map(str, self.place))}: {self.message}{where}"


def unknown(place: Place, what: str, name: str, known: Iterable[str]) -> Iterator[Flaw]:
    """Yield a flaw when a name is not among the known ones."""
    names = sorted(known)
    if name in names:
        return
    near = get_close_matches(name, names, 1)
    if near:
        names.remove(near[0])
        names.insert(0, near[0])
    yield Flaw(place, f"no {what} is called {name}; there is {listed(names)}")


def listed(names: Sequence[str]) -> str:
    """Write names one after the other; of very many the first ones."""
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"{', '.join(names[:_LISTED]) or 'none'}{more}"


def twice(place: Place, names: Iterable[str]) -> Iterator[Flaw]:
    """Yield a flaw for each name of a list that stood in it before."""
    seen = set[str]()
    for number, name in enumerate(names):
        if name in seen:
            yield Flaw((*place, number), f"{name} is written twice")
        seen.add(name)


def currency(place: Place, name: str | None, program: Program) -> Iterator[Flaw]:
    """Yield a flaw when a currency is named that is none."""
    if name is not None:
        yield from unknown(place, "currency", name, program.currencies)


def numbers_of(action: ActionType) -> dict[str, int]:
    """Return the number facts of an action type, with their decimals."""
    scales = {name: fact_scale(fact) for name, fact in action.facts.items()}
    return {name: scale for name, scale in scales.items() if scale is not None}


def too_exact(place: Place, number: Decimal | None, scale: int) -> Iterator[Flaw]:
    """Yield a flaw when a number has more decimals than what it is compared with."""
    if number is not None and scaled(number)[1] > scale:
        said = f"{scale} decimals" if scale else "none"
        yield Flaw(place, f"{number} has more decimals than the fact, which has {said}")


def misread(place: Place, text: str, read: Reader, terms: ActionTerms) -> Formula | Flaw:
    """Read a formula or a condition; what is wrong with it is a flaw."""
    try:
        return read(text, terms)
    except FormulaError as wrong:
        return Flaw(place, wrong.said, wrong.column)


def needs(facts: Mapping[str, object], program: Program, name: str) -> list[str]:
    """Return the facts that an action type requires and that are not among these."""
    return [
        fact
        for fact, said in program.actions[name].facts.items()
        if said.required and said.default is None and fact not in facts
    ]


def suspicions(program: Program) -> list[Place]:
    """Return the places of all that makes a member suspicious."""
    found: list[Place] = [
        ("actions", name, "require", required)
        for name, action in program.actions.items()
        for required, said in action.require.items()
        if said.suspicious
    ]
    rates: dict[Place, Rate | None] = {("rate",): program.rate}
    for name, each in program.actions.items():
        rates["actions", name, "limits", "rate"] = each.limits.rate
    found += [place for place, rate in rates.items() if rate is not None and rate.suspicious]
    return found


def holds_in(program: Program) -> tuple[int, int]:
    """Return the moments from which and until which a version can give anything."""
    calendar = calendar_of(program.timezone)
    begin = effective_moment(program)
    if program.starts is not None:
        begin = max(begin, moment_in(program.starts, calendar))
    return begin, END_OF_TIME if program.ends is None else moment_in(program.ends, calendar)


def out_of_date(program: Program, start: str | None, end: str | None) -> str | None:
    """Say why nothing can happen between two dates of a version; None when it can."""
    calendar = calendar_of(program.timezone)
    first = 0 if start is None else moment_in(start, calendar)
    last = END_OF_TIME if end is None else moment_in(end, calendar)
    begin, finish = holds_in(program)
    if first >= last:
        return f"it ends at {end}, before it begins at {start}"
    if last <= begin:
        from_ = program.effective_from if begin == effective_moment(program) else program.starts
        return f"it ends at {end}, before the program begins at {from_}"
    if first >= finish:
        return f"it begins at {start}, when the program has ended at {program.ends}"
    return None
