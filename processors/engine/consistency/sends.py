"""Points sent to another member: what is taken from the one surely reaches the other, or comes back."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from processors.engine.consistency.samples import Side, differs
from processors.engine.consistency.words import Flaw, Place
from processors.engine.derived import names_in
from processors.engine.ladders import Ladder
from processors.engine.terms import ActionTerms
from schemas.program_actions import ActionType, Derive, Rule
from schemas.programs import Program

_FACT: Final = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)\}")
_ALWAYS_THERE: Final = ("user_id", "id")
_MAY_REFUSE: Final = ("when", "minimum", "once", "from_", "until")
"""Words of a rule for which it may give nothing while others of its type give."""


class Sent(NamedTuple):
    """A rule that sends points, its action type, and their place."""

    program: Program
    name: str
    rule_name: str
    ladders: tuple[Ladder, ...]

    @property
    def action(self) -> ActionType:
        """The action type."""
        return self.program.actions[self.name]

    @property
    def rule(self) -> Rule:
        """The rule."""
        return self.action.rules[self.rule_name]

    @property
    def currency(self) -> str:
        """What is sent."""
        return self.program.currency_of(self.rule)

    def given(self, name: str, kind: str) -> list[Rule]:
        """Return the rules of a kind that an action type has in this currency."""
        rules = self.program.actions[name].rules.values()
        return [
            each
            for each in rules
            if each.kind == kind and self.program.currency_of(each) == self.currency
        ]


def lost(program: Program, ladders: tuple[Ladder, ...]) -> Iterator[Flaw]:
    """Tell rules that send points which may get lost, or arrive though nothing was taken."""
    for name, action in program.actions.items():
        for rule_name, rule in action.rules.items():
            if rule.kind == "send":
                yield from _lost(Sent(program, name, rule_name, ladders))


def _lost(sent: Sent) -> Iterator[Flaw]:
    place: Place = ("actions", sent.name)
    where = (*place, "rules", sent.rule_name)
    if sent.action.match == "first" and next(iter(sent.action.rules)) != sent.rule_name:
        message = "with `match: first` another rule may give in its place, and nothing is taken: write it first"
        yield Flaw(where, message)
    arrivals = {
        number: row
        for number, row in enumerate(sent.action.derives)
        if sent.given(row.action, "receive")
    }
    if len(arrivals) != 1:
        several = " and ".join(row.action for row in arrivals.values())
        message = (
            f"points that are sent arrive once, not by {several}: derive one of them"
            if several
            else f"points that are sent arrive nowhere: derive an action with a rule of the `kind: receive` in {sent.currency}"
        )
        yield Flaw((*where, "kind"), message)
        return
    [(number, row)] = arrivals.items()
    at = (*place, "derives", number)
    yield from _sure(sent, row, at)
    yield from _booked(sent, row, at)
    yield from _equal(sent, row, at, where)


def _sure(sent: Sent, row: Derive, place: Place) -> Iterator[Flaw]:
    """Check that the credit is derived whatever is sent, for a member."""
    facts = sent.action.facts
    if row.when is not None:
        message = "where it does not hold, what was sent is lost: write it under `require`"
        yield Flaw((*place, "when"), message)
    found = _FACT.fullmatch(row.to)
    to = facts.get(found[1]) if found else None
    if to is None or to.type != "member" or not to.required:
        message = f"`{row.to}` may be no member: points are sent `to` a fact of the type member that is `required: yes`"
        yield Flaw((*place, "to"), message)
    for name in sorted(names_in(row) - {*_ALWAYS_THERE, row.to.strip("{}")}):
        fact = facts.get(name)
        if fact is None or not (fact.required or fact.default is not None):
            message = f"where {name} is missing nothing is derived, and what was sent is lost: leave it out, or make it required"
            yield Flaw((*place, "data"), message)


def _booked(sent: Sent, row: Derive, place: Place) -> Iterator[Flaw]:
    """Check that the credit is booked as a whole, or comes back."""
    action = sent.program.actions[row.action]
    where = (*place, "action")
    if action.returns is None:
        message = f"what {row.action} cannot book is lost: say of it `returns`, and a type with a rule of the `kind: return`"
        yield Flaw(where, message)
    elif not sent.given(action.returns, "return"):
        message = f"what comes back is lost: {action.returns} has no rule of the `kind: return` in {sent.currency}"
        yield Flaw(where, message)
    if action.returns is not None and row.data.get("from") != "{user_id}":
        yield Flaw((*place, "data"), 'what comes back goes to `from`: say `from: "{user_id}"`')
    rules = sent.given(row.action, "receive")
    if len(rules) > 1:
        yield Flaw(
            where,
            f"{row.action} has two rules that receive {sent.currency}: what is sent arrives once",
        )
        return
    for word in _trims(sent, action, rules[0]):
        yield Flaw(
            where, f"{row.action} may give less than was sent, for its `{word}`: leave that out"
        )


def _trims(sent: Sent, action: ActionType, rule: Rule) -> Iterator[str]:
    """Yield the words for which a type may be accepted though not all that was sent is booked."""
    if rule.max_points is not None:
        yield "max_points"
    if rule.hold is not None and rule.hold.forfeit is not None:
        yield "forfeit"
    if action.limits.points and sent.currency == sent.program.first_currency:
        yield "points"
    if len(action.rules) == 1:
        return  # Where its only rule gives nothing it is declined, and all comes back.
    for word in _MAY_REFUSE:
        if getattr(rule, word):
            yield word.rstrip("_")
    if not rule.active:
        yield "active"
    if action.match == "first" and next(iter(action.rules.values())) != rule:
        yield "match"


def _equal(sent: Sent, row: Derive, place: Place, where: Place) -> Iterator[Flaw]:
    """Check that as much is booked, and comes back, as was taken: as far as it can be told."""
    credit = sent.given(row.action, "receive")[0]
    if sent.rule.multiply != credit.multiply or any(
        isinstance(each, str | dict) for each in credit.multiply
    ):
        message = "as much arrives as was sent: the rules that send and receive multiply by the same, and by nothing that members have"
        yield Flaw((*where, "multiply" if sent.rule.multiply else "kind"), message)
        return
    returns = sent.program.actions[row.action].returns
    backs = [] if returns is None else sent.given(returns, "return")
    back = _side(sent, returns or "", backs[0]) if backs else None
    found = differs(
        _side(sent, sent.name, sent.rule), _side(sent, row.action, credit), back, row.data
    )
    if found is not None:
        yield Flaw((*place, "data"), found)


def _side(sent: Sent, name: str, rule: Rule) -> Side:
    terms = ActionTerms(sent.program, name, sent.ladders)
    return Side(rule, terms, sent.program.currencies[sent.currency])
