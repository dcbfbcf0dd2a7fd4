"""With `match: first`: rules that are never asked, for one before them gives wherever they would."""

from collections.abc import Iterator

from processors.engine.consistency.amounts import amount
from processors.engine.consistency.bounds import asked, asked_of, contradict, implied
from processors.engine.consistency.rules import TAKES
from processors.engine.consistency.words import Flaw
from processors.engine.numbers import POWERS
from processors.engine.terms import ActionTerms
from schemas.program_actions import ActionType, Rule, Table
from schemas.programs import Program


def behind(program: Program, name: str, terms: ActionTerms) -> Iterator[Flaw]:
    """Tell the rules of an action type behind one that gives wherever they would.

    Behind one that takes nothing comes at all: it takes, or declines the action.
    """
    action, before = program.actions[name], list[tuple[str, Rule]]()
    for rule_name, rule in action.rules.items():
        for other_name, other in before:
            does = (
                "always gives"
                if not (asked_of(other) and asked_of(rule))
                else "gives wherever this one would"
            )
            if other.kind in TAKES:
                does = "takes points or declines the action"
            elif not _gives(program, action, other, terms, asked(action, rule)):
                continue
            message = f"the rule is never asked: with `match: first`, {other_name} before it {does}"
            yield Flaw(("actions", name, "rules", rule_name), message)
            break
        before.append((rule_name, rule))


def _gives(
    program: Program, action: ActionType, rule: Rule, terms: ActionTerms, conditions: list[str]
) -> bool:
    """Tell whether a rule surely gives something where these conditions hold."""
    dated = not rule.active or rule.from_ is not None or rule.until is not None
    if dated or rule.once or action.limits.points or isinstance(rule.points, Table):
        return False
    if contradict(terms, conditions):
        return False  # It is told elsewhere.
    if not all(implied(terms, each, conditions) for each in asked_of(rule)):
        return False
    scale = program.currencies[program.currency_of(rule)].scale
    low, _, _, gaps = amount(program, rule, terms, conditions)
    return not gaps and low * POWERS[scale] >= 1
