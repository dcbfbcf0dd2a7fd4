"""Multipliers that can never fire."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from processors.engine.consistency.bounds import asked, fact_where, where
from processors.engine.consistency.words import Flaw, Place, out_of_date
from processors.engine.factors import BOOSTS, PATHS, PROMOTIONS
from processors.engine.ladders import Ladder
from processors.engine.terms import ActionTerms
from schemas.program_actions import ActionType, Bands, Rule
from schemas.program_facts import Fact
from schemas.programs import Program


def idle_factors(program: Program, ladders: tuple[Ladder, ...]) -> Iterator[Flaw]:
    """Tell factors that nothing is ever multiplied by, and entries that never multiply."""
    yield from _promotions(program)
    yield from _paths(program)
    yield from _boosts(program)
    for name, action in program.actions.items():
        terms = ActionTerms(program, name, ladders)
        for rule_name, rule in action.rules.items():
            place = ("actions", name, "rules", rule_name, "multiply")
            for number, item in enumerate(rule.multiply):
                at = (*place, number)
                if isinstance(item, Bands):
                    there = where(terms, asked(action, rule))
                    fact = fact_where(item.bands, action.facts[item.bands], there)
                    yield from _from(item, fact, (*at, "from"))
                    yield from _below(item, fact, (*at, "below"))
                elif isinstance(item, str):
                    yield from _word(program, rule, item, at)
                elif isinstance(item, dict):
                    yield from _table(item, at)


def _promotions(program: Program) -> Iterator[Flaw]:
    """Tell promotions that are over, and those of actions that they do not multiply."""
    for number, promotion in enumerate(program.promotions):
        place = ("promotions", number)
        over = out_of_date(program, promotion.from_, promotion.until)
        if over is not None:
            yield Flaw(place, f"{promotion.name} never applies: {over}")
        named = promotion.actions
        if named is None and not any(map(_promoted, program.actions.values())):
            yield Flaw(place, f"{promotion.name} never applies: no rule multiplies by promotions")
        for at, action in enumerate(named or ()):
            if not _promoted(program.actions[action]):
                message = (
                    f"{promotion.name} never applies: no rule of {action} multiplies by promotions"
                )
                yield Flaw((*place, "actions", at), message)


def _promoted(action: ActionType) -> bool:
    return any(PROMOTIONS in rule.multiply for rule in action.rules.values())


def _paths(program: Program) -> Iterator[Flaw]:
    rules: dict[str, list[Rule]] = {}
    for name, action in program.actions.items():
        for rule in action.rules.values():
            rules.setdefault(rule.action or name, []).append(rule)
    for path, said in program.paths.items():
        for told in said.multipliers:
            if not any(PATHS in rule.multiply or rule.path_xp for rule in rules[told]):
                message = f"no rule of {told} multiplies by paths or gives path xp"
                yield Flaw(("paths", path, "multipliers", told), message)


def _boosts(program: Program) -> Iterator[Flaw]:
    boosted = {
        program.currency_of(rule)
        for action in program.actions.values()
        for rule in action.rules.values()
        if BOOSTS in rule.multiply
    }
    for name, unlock in program.unlocks.items():
        if unlock.boost is not None and unlock.boost.currency not in boosted:
            message = f"no rule that gives {unlock.boost.currency} multiplies by boosts"
            yield Flaw(("unlocks", name, "boost"), message)


def _word(program: Program, rule: Rule, word: str, place: Place) -> Iterator[Flaw]:
    """Promotions come and go, so a rule may wait for some; boosts, paths and ladders stay."""
    currency = program.currency_of(rule)
    if word == BOOSTS:
        boosted = {each.boost.currency for each in program.unlocks.values() if each.boost}
        if currency not in boosted:
            yield Flaw(place, f"no unlock boosts {currency}")
    elif word == PATHS:
        if not program.paths:
            yield Flaw(place, "there are no `paths`")
    elif word in program.ladders:
        ladder = program.ladders[word]
        if all(step.multiplier == 1 for step in ladder.steps):
            message = f"no step of {word} has a multiplier but 1"
            yield Flaw(place, f"{message}: give them some, or a table here: {{{word}: …}}")


def _table(item: Mapping[str, Mapping[str, Decimal]], place: Place) -> Iterator[Flaw]:
    [(ladder, table)] = item.items()
    if all(factor == 1 for factor in table.values()):
        yield Flaw((*place, ladder), f"every factor of {ladder} is 1")


def _from(item: Bands, fact: Fact, place: Place) -> Iterator[Flaw]:
    """Of bounds at or under the least that the fact can be, the highest is always reached."""
    low = [bound for bound in item.from_ if fact.least is not None and bound <= fact.least]
    for bound in item.from_:
        if fact.most is not None and bound > fact.most:
            yield Flaw(place, f"{item.bands} never reaches {bound}: it is at most {fact.most}")
        elif bound in low and bound < max(low):
            message = f"{item.bands} is at least {fact.least}, so {bound} never counts"
            yield Flaw(place, message)


def _below(item: Bands, fact: Fact, place: Place) -> Iterator[Flaw]:
    """Of bounds over the most that the fact can be, it always lies under the lowest."""
    high = [bound for bound in item.below if fact.most is not None and bound > fact.most]
    for bound in item.below:
        if fact.least is not None and bound <= fact.least:
            yield Flaw(place, f"{item.bands} is never below {bound}: it is at least {fact.least}")
        elif bound in high and bound > min(high):
            yield Flaw(place, f"{item.bands} is at most {fact.most}, so {bound} never counts")
