"""Whether the parts of a program fit together: every name that one part uses, another one declares."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from processors.engine.derived import names_in
from processors.engine.factors import BOOSTS, PATHS, PROMOTIONS
from processors.engine.facts import fact_scale
from processors.engine.formulas import FormulaError, NumberTerms, read_condition, read_formula
from processors.engine.ladders import Ladder, bind_ladder
from processors.engine.numbers import scaled
from processors.engine.terms import ActionTerms, read_points
from schemas.moments import calendar_of
from schemas.program_actions import ActionType, Bands, By, Multiplier, Rule, Table
from schemas.programs import Levels, Program, moment_in

Place = tuple[str | int, ...]

TAKES = ("redeem", "send")

COUNTRY = "country"
CATEGORY = "category"


class Flaw(NamedTuple):
    """What does not fit, and its place in the program file."""

    place: Place
    message: str

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.place))}: {self.message}"


def flaws(program: Program) -> list[Flaw]:
    """Return all that does not fit together in a program that was read."""
    found = [*_ladders(program)]
    if found:
        return found  # Formulas cannot be read without them.
    return [
        *_promotions(program),
        *_boards(program),
        *_badges(program),
        *(flaw for name in program.actions for flaw in _action(program, name)),
        *_rule_names(program),
        *_circles(program),
    ]


def _unknown(place: Place, what: str, name: str, known: Iterable[str]) -> Iterator[Flaw]:
    """Yield a flaw when a name is not among the known ones."""
    known = sorted(known)
    if name not in known:
        yield Flaw(place, f"no {what} is called {name}; there is {', '.join(known) or 'none'}")


def _ladders(program: Program) -> Iterator[Flaw]:
    for name, ladder in program.ladders.items():
        place = ("ladders", name)
        if name in (COUNTRY, PROMOTIONS):
            yield Flaw(place, f"{name} has a meaning of its own")
        if ladder.currency is not None:
            yield from _unknown(
                (*place, "currency"), "currency", ladder.currency, program.currencies
            )
        for number, (low, high) in enumerate(pairwise(ladder.steps), 1):
            if low.at >= high.at:
                message = f"{high.name} at {high.at} does not rise over {low.name} at {low.at}"
                yield Flaw((*place, "steps", number), message)
        if bool(ladder.steps) == bool(ladder.levels):
            yield Flaw(place, "a ladder has either `steps` or `levels`")
        if ladder.levels is not None:
            yield from _levels(place, ladder.levels)
        names = [step.name for step in ladder.steps]
        for number, step in enumerate(names):
            if step in names[:number]:
                yield Flaw((*place, "steps", number), f"{step} is written twice")


def _levels(place: Place, levels: Levels) -> Iterator[Flaw]:
    """Check the formulas of levels: they read `n` alone, and rise."""
    where: Place = (*place, "levels")
    for word, text in (("at", levels.at), *levels.grants.items()):
        try:
            read_formula(str(text), NumberTerms({"n": 0}))
        except FormulaError as wrong:
            yield Flaw((*where, word), str(wrong))


def _promotions(program: Program) -> Iterator[Flaw]:
    calendar = calendar_of(program.timezone)
    names = [promotion.name for promotion in program.promotions]
    for number, promotion in enumerate(program.promotions):
        place = ("promotions", number)
        if promotion.name in names[:number]:
            yield Flaw(place, f"{promotion.name} is written twice")
        if moment_in(promotion.from_, calendar) >= moment_in(promotion.until, calendar):
            yield Flaw(place, f"{promotion.name} ends before it begins")
        for action in promotion.actions or ():
            yield from _unknown((*place, "actions"), "action", action, program.actions)
            rules = program.actions[action].rules.values() if action in program.actions else ()
            if rules and not any(PROMOTIONS in rule.multiply for rule in rules):
                message = (
                    f"{promotion.name} never applies: no rule of {action} multiplies by promotions"
                )
                yield Flaw((*place, "actions"), message)


def _boards(program: Program) -> Iterator[Flaw]:
    for name, board in program.boards.items():
        place = ("boards", name)
        if board.currency is not None:
            yield from _unknown(
                (*place, "currency"), "currency", board.currency, program.currencies
            )
        if board.split is not None:
            splits = [COUNTRY, CATEGORY, *program.ladders]
            yield from _unknown((*place, "split"), "split", board.split, splits)
        for kind in board.ranks if isinstance(board.ranks, list) else ():
            yield from _unknown((*place, "ranks"), "period of this board", kind, board.periods)


def _badges(program: Program) -> Iterator[Flaw]:
    measures = [
        *("lifetime", "balance"),
        *(f"count({name})" for name in program.actions),
        *(f"streak({name})" for name in program.streaks),
    ]
    for name, badge in program.badges.items():
        place = ("badges", name)
        if (badge.measure is None) == (badge.when is None):
            yield Flaw(place, "a badge has either a `measure` or a condition `when`")
        if badge.measure is not None:
            yield from _unknown((*place, "measure"), "measure", badge.measure, measures)
            if (badge.at is None) == (not badge.levels):
                yield Flaw(place, "a measure has either `at` or `levels`")


def _action(program: Program, name: str) -> Iterator[Flaw]:
    action = program.actions[name]
    place = ("actions", name)
    for fact, said in action.facts.items():
        scale = fact_scale(said)
        for bound in (said.least, said.most):
            yield from _bound((*place, "facts", fact), bound, scale)
    for where, fact in _facts_used(action):
        yield from _unknown((*place, *where), "fact", fact, action.facts)
    terms = ActionTerms(program, name, _bound_ladders(program))
    for rule_name, rule in action.rules.items():
        yield from _rule(program, action, (*place, "rules", rule_name), rule, terms)
    for required, asked in action.require.items():
        yield from _condition((*place, "require", required), asked.that, terms)
    for streak in program.streaks.values():
        if streak.action == name:
            yield from _condition(place, streak.restarts, terms)
    for row in action.derives:
        yield from _condition((*place, "derives"), row.when, terms)
    takers = [rule_name for rule_name, rule in action.rules.items() if rule.kind in TAKES]
    if len(takers) > 1:
        yield Flaw((*place, "rules"), f"only one rule may take points, not {', '.join(takers)}")
    yield from _followers(program, action, place)


def _bound(place: Place, bound: Decimal | None, scale: int | None) -> Iterator[Flaw]:
    if bound is None:
        return
    if scale is None:
        yield Flaw(place, f"{bound} bounds a fact that is no number")
    elif scaled(bound)[1] > scale:
        yield Flaw(place, f"{bound} has more decimals than the fact")


def _bound_ladders(program: Program) -> tuple[Ladder, ...]:
    return tuple(
        bind_ladder(name, ladder, program.currencies) for name, ladder in program.ladders.items()
    )


def _facts_used(action: ActionType) -> Iterator[tuple[Place, str]]:
    """Yield every fact that parts of an action type name, and where."""
    for number, fact in enumerate(action.reference):
        yield ("reference", number), fact
    if action.limits.once_per is not None:
        yield ("limits", "once_per", "fact"), action.limits.once_per.fact
    for word in ("referred", "referral"):
        fact = getattr(action, word)
        if fact is not None:
            yield (word,), fact
    for name, rule in action.rules.items():
        for word in ("actor", "reason"):
            fact = getattr(rule, word)
            if fact is not None:
                yield ("rules", name, word), fact


def _rule(
    program: Program, action: ActionType, place: Place, rule: Rule, terms: ActionTerms
) -> Iterator[Flaw]:
    if rule.currency is not None:
        yield from _unknown((*place, "currency"), "currency", rule.currency, program.currencies)
    scales = {name: fact_scale(fact) for name, fact in action.facts.items()}
    numbers = {name: scale for name, scale in scales.items() if scale is not None}
    if isinstance(rule.points, Table):
        whole = [
            name for name, scale in numbers.items() if scale == 0 and action.facts[name].required
        ]
        yield from _unknown((*place, "points", "fact"), "required integer", rule.points.fact, whole)
    else:
        yield from _text((*place, "points"), str(rule.points), read_points, terms)
    yield from _condition((*place, "when"), rule.when, terms)
    if rule.hold is not None:
        yield from _condition((*place, "hold", "until"), rule.hold.until, terms)
    for fact, least in rule.minimum.items():
        yield from _unknown((*place, "minimum", fact), "number fact", fact, numbers)
        if fact in numbers:
            yield from _bound((*place, "minimum", fact), least, numbers[fact])
    yield from _multipliers(program, (*place, "multiply"), rule, terms, numbers)


def _condition(place: Place, text: str | None, terms: ActionTerms) -> Iterator[Flaw]:
    if text is not None:
        yield from _text(place, text, read_condition, terms)


def _text(
    place: Place, text: str, read: Callable[[str, ActionTerms], object], terms: ActionTerms
) -> Iterator[Flaw]:
    """Read a formula or a condition; what is wrong with it is a flaw."""
    try:
        read(text, terms)
    except FormulaError as wrong:
        yield Flaw(place, str(wrong))


def _multipliers(  # noqa: C901 - one entry after another
    program: Program,
    place: Place,
    rule: Rule,
    terms: ActionTerms,
    numbers: Mapping[str, int],
) -> Iterator[Flaw]:
    names = [_multiplier(item) for item in rule.multiply]
    for number, (item, name) in enumerate(zip(rule.multiply, names, strict=True)):
        where = (*place, number)
        if isinstance(item, By):
            yield from _condition((*where, "when"), item.when, terms)
            if isinstance(item.by, str):
                yield from _text((*where, "by"), item.by, read_formula, terms)
            continue
        if name in names[:number]:
            yield Flaw(where, f"{name} multiplies twice")
        if isinstance(item, Bands):
            yield from _unknown((*where, "bands"), "number fact", item.bands, numbers)
            if item.bands in numbers:
                for bound in (*item.from_, *item.below):
                    yield from _bound((*where, "bands"), bound, numbers[item.bands])
            if bool(item.from_) == bool(item.below):
                yield Flaw(where, "bands are either `from` bounds on or `below` them")
            continue
        words = [] if isinstance(item, dict) else [PROMOTIONS, BOOSTS, PATHS]
        yield from _unknown(where, "multiplier", name, [*program.ladders, *words])
        if isinstance(item, dict) and name in program.ladders:
            steps = [step.name for step in program.ladders[name].steps]
            for step in item[name]:
                yield from _unknown((*where, name, step), f"step of {name}", step, steps)
    if len({*names} & {*program.ladders}) > 1:
        yield Flaw(place, "one ladder can multiply, not several")


def _multiplier(item: Multiplier) -> str:
    """Return the name of what multiplies."""
    if isinstance(item, Bands):
        return f"bands of {item.bands}"
    if isinstance(item, By):
        return "by"
    return next(iter(item)) if isinstance(item, dict) else item


def _followers(program: Program, action: ActionType, place: Place) -> Iterator[Flaw]:
    """Check what an action type leads to: effects, answers, derived actions."""
    if action.effect in ("look_up_code", "claim_reward") and action.answer is None:
        yield Flaw((*place, "effect"), f"{action.effect} needs an `answer` to derive")
    for word, answer in (("answer", action.answer), ("returns", action.returns)):
        if answer is not None:
            yield from _derivable(program, (*place, word), answer)
    for status, answer in action.answers.items():
        yield from _derivable(program, (*place, "answers", status), answer)
    memory = {f"memory.{fact}" for each in program.actions.values() for fact in each.keep.memory}
    known = {*action.facts, *memory, "user_id", "id"}
    derived: list[str] = []
    for number, row in enumerate(action.derives):
        where = (*place, "derives", number)
        yield from _derivable(program, where, row.action)
        if row.action in derived:
            yield Flaw(where, f"{row.action} is derived twice: their ids would be one")
        derived.append(row.action)
        for name in sorted(names_in(row)):
            yield from _unknown(where, "fact", name, known)


def _derivable(program: Program, place: Place, name: str) -> Iterator[Flaw]:
    yield from _unknown(place, "action", name, program.actions)
    if name in program.actions and "engine" not in program.actions[name].origin:
        yield Flaw(place, f"{name} is derived but does not have the origin engine")


def _rule_names(program: Program) -> Iterator[Flaw]:
    """Postings name their rule, so no two rules of a program may share a name."""
    seen: dict[str, str] = {}
    for action_name, action in program.actions.items():
        for name in action.rules:
            if name in seen:
                place = ("actions", action_name, "rules", name)
                yield Flaw(place, f"{seen[name]} has a rule of this name too")
            seen[name] = action_name


def _circles(program: Program) -> Iterator[Flaw]:
    """An action that leads back to itself would go on for ever."""
    leads: Mapping[str, set[str]] = {
        name: {
            *(row.action for row in action.derives),
            *filter(None, (action.answer, action.returns)),
            *action.answers.values(),
        }
        for name, action in program.actions.items()
    }
    for name in leads:
        reached, new = set[str](), {name}
        while new := {after for each in new for after in leads.get(each, ())} - reached:
            reached |= new
        if name in reached:
            yield Flaw(("actions", name), f"{name} derives itself, directly or through others")
