"""Binding one action type: its facts, limits and rules as `decide` looks them up."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from processors.engine.boards import columns_name
from processors.engine.decision import Refusal
from processors.engine.derived import bind_derives, bind_returns
from processors.engine.effects import bind_effect
from processors.engine.expiry import bind_expiry
from processors.engine.factors import ladders_of
from processors.engine.facts import bind_facts, fact_scale
from processors.engine.formulas import Formula
from processors.engine.kept import bind_notes, bind_requirements, streaks_of
from processors.engine.ladders import Ladder, bind_measure
from processors.engine.limits import bind_last_guards, bind_limits, points_limits, program_rate
from processors.engine.notices import bind_action_notice
from processors.engine.numbers import POWERS, plain, scaled
from processors.engine.rules import (
    ActionRules,
    AwardRule,
    BadgeRule,
    Guard,
    HoldRule,
    Minimum,
    Note,
    Scene,
)
from processors.engine.source import compiled
from processors.engine.sums import bind_eras
from processors.engine.terms import ActionTerms, bind_condition, read_points
from schemas.moments import Calendar, PeriodKind
from schemas.program_actions import ActionType, Hold, Rule, Table
from schemas.programs import Badge, Program

ALLOWED: Final = frozenset({"profile", "confirm", "cancel", "reverse", "opening"})
"""Effects of a service that suspended members' accounts still have."""
TAKES: Final = ("redeem", "send")


class ActionBinder:
    """Binds the action types of one program."""

    def __init__(self, program: Program, calendar: Calendar, ladders: tuple[Ladder, ...]) -> None:
        self.program = program
        self.calendar = calendar
        self.ladders = ladders
        self.currency = program.first_currency
        # By action type, the periods whose counts formulas read.
        self.counted: dict[str, set[PeriodKind]] = {}

    def terms(self, name: str) -> ActionTerms:
        """Return the terms of an action type's formulas."""
        return ActionTerms(self.program, name, self.ladders)

    def read_formulas(self) -> None:
        """Find out which counts of a period formulas read, before any type is bound."""
        for name in self.program.actions:
            terms = self.terms(name)
            self._rules(name, terms)
            bind_requirements(self.program.actions[name], terms)
            bind_derives(self.program.actions[name], terms)
            for action, period in terms.counted:
                self.counted.setdefault(action, set()).add(period)

    def bind(self, name: str) -> ActionRules:
        """Bind an action type."""
        program, action, terms = self.program, self.program.actions[name], self.terms(name)
        scale = program.currencies[self.currency].scale
        limits, notes = self._limits(name, terms, scale)
        limits_elsewhere = self._limits(name, terms, None)[0] if action.limits.points else limits
        streaks = streaks_of(program, terms)
        derives, effect = bind_derives(action, terms), bind_effect(action)
        awards = self._rules(name, terms)
        rule_name = next(iter(action.rules), name.lower())
        origins = set(action.origin)
        return ActionRules(
            type=name,
            ref=f"{program.program}@{program.effective_from}/{rule_name}",
            outside=not {"outside", "service", "admin"}.isdisjoint(origins),
            inside=not {"engine", "job"}.isdisjoint(origins),
            read_facts=bind_facts(action.facts, self.calendar),
            fact_names=tuple(action.facts),
            reference=_bind_reference(action),
            periods=tuple(fact for fact, said in action.facts.items() if said.type == "period"),
            opens=action.effect == "open_period",
            idle=not (
                action.rules or derives or effect or action.notify or action.limits.model_fields_set
            ),
            suspendable=_suspendable(action),
            never_late=action.effect == "reverse",
            keeps_id=action.effect == "reverse" or ("job" in origins and action.effect != "settle"),
            campaign=bool(program.starts or program.ends) and "admin" not in origins,
            day_of=action.day_of,
            first_only=action.match == "first",
            limits=limits,
            limits_elsewhere=limits_elsewhere,
            last_guards=bind_last_guards(name, action),
            awards=awards,
            points_limits=points_limits(action, scale),
            effect=effect,
            derives=derives,
            returns=bind_returns(action),
            notes=notes + bind_notes(action, name, streaks),
            streaks=streaks,
            holds=any(rule.hold is not None and rule.hold.until is not None for rule in awards),
            badges=self._badges(name, action),
            notice=bind_action_notice(program, name, action),
            moves_in=action.effect == "opening",
        )

    def _limits(
        self, name: str, terms: ActionTerms, scale: int | None
    ) -> tuple[tuple[Guard, ...], tuple[Note, ...]]:
        """Make what an action type is asked before its rules; without limits of points where no scale."""
        action = self.program.actions[name]
        limits, notes = bind_limits(name, action, scale, self.counted.get(name, ()))
        limits, notes = self._with_rate(action, limits, notes)
        return limits + bind_requirements(action, terms), notes

    def _with_rate(
        self, action: ActionType, limits: tuple[Guard, ...], notes: tuple[Note, ...]
    ) -> tuple[tuple[Guard, ...], tuple[Note, ...]]:
        """Add the program's rate to what members do; what admins may say is a correction, and none."""
        rate = self.program.rate
        members_do = "admin" not in action.origin and not {"outside", "service"}.isdisjoint(
            action.origin
        )
        if rate is None or not members_do:
            return limits, notes
        guard, note = program_rate(rate)

        def outside(scene: Scene) -> Refusal | None:
            return None if scene.action.internal else guard(scene)

        def note_outside(scene: Scene) -> None:
            if not scene.action.internal:
                note(scene)

        return (*limits, outside), (*notes, note_outside)

    def _badges(self, name: str, action: ActionType) -> tuple[BadgeRule, ...]:
        """Return the badges that an action of this type may earn."""
        found = []
        for badge, said in self.program.badges.items():
            if said.rank is not None:
                continue  # The job looks at the board and says it.
            word, _, of = (said.measure or "").removesuffix(")").partition("(")
            moves_in = action.effect == "opening"  # Which says counts and streaks.
            fits = {
                "count": moves_in or of == name,
                "streak": moves_in
                or (word == "streak" and self.program.streaks[of].action == name),
            }.get(word, bool(action.rules or action.effect or said.when))
            if fits:
                found.append(self._badge(badge, said, name))
        return tuple(found)

    def _badge(self, name: str, badge: Badge, action: str) -> BadgeRule:
        if badge.when is not None:
            return BadgeRule(name, (1,), 1, None, bind_condition(badge.when, self.terms(action)))
        assert badge.measure is not None
        scale = 0
        if badge.measure in ("lifetime", "balance"):
            scale = self.program.currencies[self.currency].scale
        levels = badge.levels or [badge.at or 0]
        measure = bind_measure(badge.measure, self.currency)
        return BadgeRule(
            name, tuple(at * POWERS[scale] for at in levels), len(levels), measure, None
        )

    def _rules(self, name: str, terms: ActionTerms) -> tuple[AwardRule, ...]:
        return tuple(
            self._rule(rule_name, name, rule, terms)
            for rule_name, rule in self.program.actions[name].rules.items()
        )

    def _rule(self, name: str, action_name: str, rule: Rule, terms: ActionTerms) -> AwardRule:
        program, action = self.program, self.program.actions[action_name]
        currency = program.currency_of(rule)
        scale = program.currencies[currency].scale
        ladder = next((each for each in self.ladders if each.name in ladders_of(rule)), None)
        return AwardRule(
            name=name,
            ref=f"{program.program}@{program.effective_from}/{name}",
            kind=rule.kind,
            type=action_name,
            action=rule.action or action_name,
            currency=currency,
            scale=scale,
            takes=rule.kind in TAKES,
            ladder=None if ladder is None else ladder.name,
            eras=bind_eras(program, rule, bind_base(rule, terms), ladder, terms),
            once=rule.once is not None,
            when=None if rule.when is None else bind_condition(rule.when, terms),
            when_text=rule.when or "",
            minimum=tuple(_minimum(action, fact, least) for fact, least in rule.minimum.items()),
            max_points=None if rule.max_points is None else rule.max_points * POWERS[scale],
            expires=None if rule.expires is None else bind_expiry(rule.expires, self.calendar),
            hold=None if rule.hold is None else _hold(rule.hold, terms),
            reversible=rule.kind == "earn" and _is_reversible(program, action_name),
            columns=None if rule.scores == "none" else columns_name(currency, rule.scores),
            category=rule.category,
            path_xp=rule.path_xp,
            actor=rule.actor,
            reason=rule.reason,
        )


def _is_reversible(program: Program, action: str) -> bool:
    """Tell whether an award of a type may be taken back: only then it is kept for that."""
    return any(
        each.effect == "reverse" and (not each.reverses or action in each.reverses)
        for each in program.actions.values()
    )


def _suspendable(action: ActionType) -> bool:
    """Tell whether suspended members may not: what they do, and what a service gives them."""
    origins = set(action.origin)
    if action.while_suspended or "admin" in origins:
        return False
    return "outside" in origins or (bool(action.rules) or action.effect not in ALLOWED)


def _hold(hold: Hold, terms: ActionTerms) -> HoldRule:
    return HoldRule(
        None if hold.for_ is None else hold.for_.milliseconds,
        None if hold.until is None else bind_condition(hold.until, terms),
        hold.forfeit is not None,
    )


def bind_base(rule: Rule, terms: ActionTerms) -> Formula:
    """Return the base points of a rule as a formula. Raises FormulaError."""
    if isinstance(rule.points, Table):
        fact = rule.points.fact
        source = f"table.get(facts[{fact!r}], 0)"
        return Formula(f"points of {fact}", 0, frozenset((fact,)), source)
    return read_points(str(rule.points), terms)


def _minimum(action: ActionType, fact: str, least: Decimal) -> Minimum:
    units, decimals = scaled(least)
    scale = fact_scale(action.facts[fact]) or 0
    return Minimum(fact, units * POWERS[scale - decimals], str(least))


def _bind_reference(action: ActionType) -> Callable[[Mapping[str, Any]], dict[str, object]]:
    """Make what picks the facts that results repeat; numbers are shown as they were sent."""
    lines = ["def reference(facts):", "    told = {}"]
    for name in action.reference:
        scale = fact_scale(action.facts[name])
        value = f"facts[{name!r}]" if scale is None else f"plain(facts[{name!r}], {scale})"
        lines += [f"    if {name!r} in facts:", f"        told[{name!r}] = {value}"]
    return compiled("reference", [*lines, "    return told"], {"plain": plain})
