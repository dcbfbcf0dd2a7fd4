"""What can never happen: rules out of reach, actions that nobody can send or that are never accepted."""

from collections.abc import Iterator

from processors.engine.boards import CATEGORY, COUNTRY, TEAM
from processors.engine.consistency.amounts import nothing
from processors.engine.consistency.bounds import (
    asked,
    contradict,
    fact_where,
    required,
    where,
)
from processors.engine.consistency.first import behind
from processors.engine.consistency.formulas import counted_in, texts
from processors.engine.consistency.words import (
    ENGINE,
    Flaw,
    Place,
    out_of_date,
)
from processors.engine.ladders import Ladder
from processors.engine.measures import REFERRALS, referrals, signups
from processors.engine.terms import ActionTerms
from schemas.program_actions import ActionType, Rule, Table
from schemas.programs import Program


def idle_rules(program: Program, ladders: tuple[Ladder, ...]) -> Iterator[Flaw]:
    """Tell rules that never give anything, and entries of them that are not what they seem."""
    for name, action in program.actions.items():
        terms = ActionTerms(program, name, ladders)
        for rule_name, rule in action.rules.items():
            place = ("actions", name, "rules", rule_name)
            over = out_of_date(program, rule.from_, rule.until)
            if over is not None:
                yield Flaw(place, f"the rule never gives anything: {over}")
            zero = nothing(program, rule, terms)
            if zero is not None:
                message = f"the rule never gives anything: {zero}"
                yield Flaw((*place, "points"), message)
            yield from _category(action, rule, place)
            yield from _minimum(action, rule, place, terms)
            yield from _table(action, rule, place, terms)
            if rule.path_xp and not program.paths:
                yield Flaw((*place, "path_xp"), "there are no `paths`")
        if action.referral is not None and action.limits.once is None:
            message = (
                "a code is looked at where a second sign-up is refused: say `limits: {once: ever}`"
            )
            yield Flaw(("actions", name, "referral"), message)
        if action.match == "first":
            yield from behind(program, name, terms)
    yield from _boards(program)


def _category(action: ActionType, rule: Rule, place: Place) -> Iterator[Flaw]:
    if rule.category in action.facts:
        message = "is a text, the same for every posting, not the fact: call it otherwise"
        yield Flaw((*place, "category"), f"`{rule.category}` {message}")


def _minimum(action: ActionType, rule: Rule, place: Place, terms: ActionTerms) -> Iterator[Flaw]:
    there = where(terms, required(action))
    for name, least in rule.minimum.items():
        most = fact_where(name, action.facts[name], there).most
        if most is not None and least > most:
            message = (
                f"the rule never gives anything: {name} is at most {most}, and {least} is asked"
            )
            yield Flaw((*place, "minimum", name), message)


def _table(action: ActionType, rule: Rule, place: Place, terms: ActionTerms) -> Iterator[Flaw]:
    if not isinstance(rule.points, Table):
        return
    name = rule.points.fact
    fact = fact_where(name, action.facts[name], where(terms, asked(action, rule)))
    for value in rule.points.table:
        low = fact.least is not None and value < fact.least
        if low or (fact.most is not None and value > fact.most):
            said = f"at least {fact.least}" if low else f"at most {fact.most}"
            message = f"{rule.points.fact} is never {value}: it is {said}"
            yield Flaw((*place, "points", "table", value), message)


def _boards(program: Program) -> Iterator[Flaw]:
    """Tell boards on which nobody ever stands."""
    rules = [rule for action in program.actions.values() for rule in action.rules.values()]
    profiles = any(action.effect == "profile" for action in program.actions.values())
    for name, board in program.boards.items():
        place, currency = ("boards", name, "split"), program.currency_of(board)
        given = [rule for rule in rules if program.currency_of(rule) == currency]
        if board.split == CATEGORY and not any(rule.category for rule in given):
            yield Flaw(place, f"no rule that gives {currency} has a `category`")
        if board.split in (COUNTRY, TEAM) and not profiles:
            message = f"nobody's {board.split} is ever known: add an action with `effect: profile`"
            yield Flaw(place, message)
        if board.measure == REFERRALS and not referrals(program):
            message = "nothing counts as a referral: say `referred` of an action, or look up codes"
            yield Flaw(("boards", name, "measure"), message)
        if board.ties == "signup" and not signups(program):
            message = "nobody signs up: no action is called SIGNUP or has a `referral`"
            yield Flaw(("boards", name, "ties"), message)


def idle_actions(program: Program, ladders: tuple[Ladder, ...]) -> Iterator[Flaw]:
    """Tell actions that nobody sends, and what waits for actions that are never accepted."""
    derived = _derived(program)
    for name, action in program.actions.items():
        if set(action.origin) == {ENGINE} and name not in derived:
            message = f"nothing derives {name}, and nobody else may send it"
            yield Flaw(("actions", name, "origin"), message)
        if action.effect == "opening" and action.rules:
            message = (
                "an opening is an account's first posting: with rules of its own none is accepted"
            )
            yield Flaw(("actions", name, "rules"), message)
    dead = {
        name: why for name in program.actions if (why := _refused(program, name, ladders, derived))
    }
    if dead:
        for place, name, column in _waits(program, ladders):
            if name in dead:
                yield Flaw(place, f"{name} is never accepted: {dead[name]}", column)


def _derived(program: Program) -> set[str]:
    found = set[str]()
    for name, action in program.actions.items():
        found |= {row.action for row in action.derives} | {*action.answers.values()}
        found |= {each for each in (action.answer, action.returns) if each is not None}
        pools = any(reward.at_most is not None for reward in program.rewards.values())
        if action.effect == "claim_reward" and pools:
            found.add(name)
        if action.effect == "suspend" and program.suspicion is not None:
            found.add(name)
        if action.effect == "grant_reward" and any(each.top for each in program.rewards.values()):
            found.add(name)
    return found | {
        row.action for board in program.boards.values() for row in board.winners.values()
    }


def _refused(
    program: Program, name: str, ladders: tuple[Ladder, ...], derived: set[str]
) -> str | None:
    """Say why no action of a type is ever accepted."""
    action, terms = program.actions[name], ActionTerms(program, name, ladders)
    before: list[str] = []
    for requirement, said in action.require.items():
        before.append(said.that)
        if contradict(terms, before):
            return f"its requirement {requirement} never holds"
    if set(action.origin) == {ENGINE} and name not in derived:
        return "nothing derives it"
    rules = action.rules.values()
    follows = action.derives or action.effect or action.notify
    if not (rules or follows or action.limits.model_fields_set):
        return "nothing follows from it, so it is `no_rule`"
    if rules and all(
        not rule.active or out_of_date(program, rule.from_, rule.until) for rule in rules
    ):
        return "all its rules are switched off or out of date"
    return None


def _waits(
    program: Program, ladders: tuple[Ladder, ...]
) -> Iterator[tuple[Place, str, int | None]]:
    """Yield every place that counts actions of a type, and the type."""
    for part in ("ladders", "badges", "rewards", "boards"):
        for name, said in getattr(program, part).items():
            for action, _ in counted_in(said.measure or ""):
                yield (part, name, "measure"), action, None
    for name, streak in program.streaks.items():
        yield ("streaks", name, "action"), streak.action, None
    told = set[tuple[Place, int]]()
    for text in texts(program, ladders):
        for action, column in counted_in(text.text):
            if (text.place, column) not in told:
                told.add((text.place, column))
                yield text.place, action, column
