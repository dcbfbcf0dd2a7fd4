"""Factors: what a rule's base points are multiplied by, one entry of `multiply` after another.

A factor that is the same for everybody in an era and on a step is a number; every other one is written
as lines of source that find it while an action is decided.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from processors.engine.facts import fact_scale
from processors.engine.formulas import read_condition, read_formula
from processors.engine.numbers import POWERS, TIMES, scaled, show
from processors.engine.terms import ActionTerms
from schemas.program_actions import Bands, By, Multiplier, Rule
from schemas.programs import Ladder, Program, Promotion

PROMOTIONS: Final = "promotions"
BOOSTS: Final = "boosts"
PATHS: Final = "paths"
OTHERS: Final = "others"
"""In a table of a ladder's steps, all that it does not name."""
MILLION: Final = 6
"""Decimals of boosts and path factors."""


class Factor(NamedTuple):
    """A multiplier: its name in `why`, and its value `units / 10**scale`."""

    label: str
    units: int
    scale: int


class Finder(NamedTuple):
    """Lines of source that set `factor` to units of `10**-scale` and `label` to the name in `why`."""

    lines: tuple[str, ...]
    scale: int
    missing: tuple[str, ...] = ()
    of_path: bool = False


def ladders_of(rule: Rule) -> list[str]:
    """Return the names of the ladders whose steps multiply a rule's base points."""
    names = [next(iter(item)) if isinstance(item, dict) else item for item in rule.multiply]
    words = (PROMOTIONS, BOOSTS, PATHS)
    return [name for name in names if isinstance(name, str) and name not in words]


class Maker:
    """Makes the factors of one rule."""

    def __init__(self, program: Program, rule: Rule, action: str, terms: ActionTerms) -> None:
        self.program = program
        self.rule = rule
        self.action = action
        self.terms = terms

    def factors(self, step: str, running: list[Promotion]) -> list[Factor | Finder]:
        """Return the factors on a step while these promotions run. Raises FormulaError."""
        return [each for item in self.rule.multiply for each in self._of(item, step, running)]

    def _of(
        self, item: Multiplier, step: str, running: list[Promotion]
    ) -> Iterator[Factor | Finder]:
        if item == PROMOTIONS:
            yield from self._promotions(running)
        elif item == BOOSTS:
            yield self._boost()
        elif item == PATHS:
            yield self._path()
        elif isinstance(item, Bands):
            yield self._bands(item)
        elif isinstance(item, By):
            yield self._by(item)
        elif isinstance(item, str):
            steps = {each.name: each.multiplier for each in self.program.ladders[item].steps}
            yield _factor(f"{item} {step}", steps.get(step, Decimal(1)))
        else:
            [(ladder, table)] = item.items()
            yield _factor(f"{ladder} {step}", table.get(step, table.get(OTHERS, Decimal(1))))

    def _promotions(self, running: list[Promotion]) -> Iterator[Factor | Finder]:
        if not any(each.segment for each in running):
            if self.program.stacking == "best":
                running = sorted(running, key=lambda each: each.factor)[-1:]
            yield from (_factor(f"promotion {each.name}", each.factor) for each in running)
        elif self.program.stacking == "best":
            yield _chosen(
                [
                    (_asked(each), f"promotion {each.name}", each.factor)
                    for each in _best_first(running)
                ],
                "promotion",
            )
        else:
            for each in running:
                yield _chosen([(_asked(each), f"promotion {each.name}", each.factor)], each.name)

    def _bands(self, item: Bands) -> Finder:
        assert self.terms.action is not None
        fact = item.bands
        scale = fact_scale(self.terms.action.facts[fact]) or 0
        value = f"facts.get({fact!r})"
        above = sorted(item.from_.items(), reverse=True)
        below = sorted(item.below.items())
        rows = [
            *(
                (f"value >= {_units(bound, scale)}", f"{fact} from {bound}", factor)
                for bound, factor in above
            ),
            *(
                (f"value < {_units(bound, scale)}", f"{fact} below {bound}", factor)
                for bound, factor in below
            ),
        ]
        found = _chosen([(f"value is not None and {asked}", *rest) for asked, *rest in rows], fact)  # type: ignore[misc]
        return found._replace(lines=(f"value = {value}", *found.lines))

    def _by(self, item: By) -> Finder:
        asked = "True" if item.when is None else read_condition(item.when, self.terms).source
        if isinstance(item.by, Decimal):
            return _chosen([(asked, item.when or "factor", item.by)], item.when or "factor")
        formula = read_formula(item.by, self.terms)
        lines = (
            f"factor = ({formula.source}) if {asked} else {POWERS[formula.scale]}",
            f"label = {f'{formula.text} {TIMES} '!r} + show(factor, {formula.scale})",
        )
        return Finder(lines, formula.scale, formula.missing)

    def _boost(self) -> Finder:
        currency = self.program.currency_of(self.rule)
        lines = (
            f"factor = boost(scene, {currency!r})",
            f"label = {f'boost {TIMES} '!r} + show(factor, {MILLION})",
        )
        return Finder(lines, MILLION)

    def _path(self) -> Finder:
        factors = path_factors(self.program, self.action)
        self.terms.names["path_factors_" + self.action] = factors
        lines = (
            "path = primary(scene)",
            f"factor = path_factors_{self.action}.get(path, {POWERS[MILLION]})",
            f"label = 'path ' + (path or 'none') + {f' {TIMES} '!r} + show(factor, {MILLION})",
        )
        return Finder(lines, MILLION, of_path=True)


def path_factors(program: Program, action: str) -> dict[str, int]:
    """Return the factor of each path for an action, in millionths."""
    return {
        path: _units(said.multipliers.get(action, Decimal(1)), MILLION)
        for path, said in program.paths.items()
    }


def step_names(ladder: Ladder) -> list[str]:
    """Return the names of a ladder's steps, lowest first."""
    if ladder.levels is not None:
        return [str(level) for level in range(1, ladder.levels.most + 1)]
    return [step.name for step in ladder.steps]


def _best_first(running: list[Promotion]) -> list[Promotion]:
    return sorted(running, key=lambda each: each.factor, reverse=True)


def _asked(promotion: Promotion) -> str:
    return "True" if promotion.segment is None else f"in_segment(scene, {promotion.segment!r})"


def _chosen(rows: list[tuple[str, str, Decimal]], otherwise: str) -> Finder:
    """Write the choice of the first row whose condition holds; of none the factor is 1."""
    exact = [scaled(factor) for _, _, factor in rows]
    scale = max((decimals for _, decimals in exact), default=0)
    lines = []
    for number, ((asked, label, _), (units, decimals)) in enumerate(zip(rows, exact, strict=True)):
        word = "elif" if number else "if"
        shown = f"{label} {TIMES} {show(units, decimals)}"
        lines += [
            f"{word} {asked}:",
            f"    factor, label = {units * POWERS[scale - decimals]}, {shown!r}",
        ]
    lines += ["else:", f"    factor, label = {POWERS[scale]}, {f'{otherwise} {TIMES} 1'!r}"]
    return Finder(tuple(lines), scale)


def _units(number: Decimal, scale: int) -> int:
    units, decimals = scaled(number)
    if decimals > scale:
        raise ValueError(f"{number} has more than {scale} decimals")
    return units * POWERS[scale - decimals]


def _factor(name: str, number: Decimal) -> Factor:
    units, scale = scaled(number)
    return Factor(f"{name} {TIMES} {show(units, scale)}", units, scale)
