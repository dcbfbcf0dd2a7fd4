"""bind: from a program file's content to the rules that `decide` looks up."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from processors.engine.boards import Boards, columns_name
from processors.engine.consistency import flaws
from processors.engine.effects import bind_derives, bind_effect
from processors.engine.facts import bind_facts, fact_scale
from processors.engine.formulas import Formula, read_formula
from processors.engine.ladders import Ladder, bind_ladder
from processors.engine.limits import bind_last_guards, bind_limits, points_limits
from processors.engine.numbers import POWERS, plain, scaled
from processors.engine.rules import (
    ActionRules,
    AwardRule,
    Minimum,
    Rules,
    Scene,
)
from processors.engine.source import compiled
from processors.engine.sums import bind_eras, ladders_of
from schemas.moments import DAY, Calendar, calendar_of, write
from schemas.programs import ActionType, Program, Rule, Table, parse_program

_DATE: Final = len("2025-12-07")
_DATES_MAX: Final = 4_096


def bind(document: Mapping[str, Any]) -> Rules:
    """Bind a version of a program.

    Raises pydantic.ValidationError or ValueError when it is none; processors.engine.check names
    every problem with its line.
    """
    return bind_program(parse_program(document))


def bind_program(program: Program) -> Rules:
    """Bind a version that was read. Raises ValueError naming what does not fit together."""
    wrong = flaws(program)
    if wrong:
        raise ValueError("; ".join(map(str, wrong)))
    calendar = calendar_of(program.timezone)
    currency = next(iter(program.currencies))
    ladders = tuple(bind_ladder(name, ladder, currency) for name, ladder in program.ladders.items())
    late = program.accept_late
    return Rules(
        program=program.program,
        version=f"{program.program}@{program.effective_from}",
        calendar=calendar,
        accept_late=None if isinstance(late, str) else late.milliseconds,
        currency=currency,
        actions={
            name: _bind_action(program, calendar, ladders, name, action)
            for name, action in program.actions.items()
        },
        ladders=ladders,
        tier_ladder=ladders[0].name if ladders else "",
        first_tier=ladders[0].steps[0] if ladders else None,
        boards=Boards(program, ladders, calendar),
    )


def _bind_action(
    program: Program,
    calendar: Calendar,
    ladders: tuple[Ladder, ...],
    name: str,
    action: ActionType,
) -> ActionRules:
    limits, notes = bind_limits(name, action)
    derives = bind_derives(action.derives)
    effect = bind_effect(action)
    lifetime_badges = _badges(program, "lifetime") if action.rules else ()
    count_badges = _badges(program, f"count({name})")
    idle = not (action.rules or derives or effect or limits)
    return ActionRules(
        type=name,
        ref=f"{program.program}@{program.effective_from}/{next(iter(action.rules), name.lower())}",
        outside=not {"outside", "service", "admin"}.isdisjoint(action.origin),
        inside=not {"engine", "job"}.isdisjoint(action.origin),
        read_facts=bind_facts(action.facts, calendar),
        reference=_bind_reference(action),
        periods=tuple(fact for fact, said in action.facts.items() if said.type == "period"),
        idle=idle,
        limits=limits,
        last_guards=bind_last_guards(name, action),
        awards=tuple(
            _bind_rule(program, calendar, ladders, name, rule_name) for rule_name in action.rules
        ),
        points_limits=points_limits(action),
        effect=effect,
        derives=derives,
        notes=notes,
        badges=frozenset(badge for _, badge in lifetime_badges + count_badges),
        lifetime_badges=lifetime_badges,
        count_badges=count_badges,
    )


def _bind_reference(action: ActionType) -> Callable[[Mapping[str, Any]], dict[str, object]]:
    """Make what picks the facts that results repeat; numbers are shown as they were sent."""
    lines = ["def reference(facts):", "    told = {}"]
    for name in action.reference:
        scale = fact_scale(action.facts[name])
        value = f"facts[{name!r}]" if scale is None else f"plain(facts[{name!r}], {scale})"
        lines += [f"    if {name!r} in facts:", f"        told[{name!r}] = {value}"]
    return compiled("reference", [*lines, "    return told"], {"plain": plain})


def _badges(program: Program, measure: str) -> tuple[tuple[int, str], ...]:
    """Return the badges that a measure grants, as (value, badge), rising."""
    return tuple(
        sorted(
            (badge.at, name) for name, badge in program.badges.items() if badge.measure == measure
        )
    )


def _bind_rule(
    program: Program,
    calendar: Calendar,
    ladders: tuple[Ladder, ...],
    action_name: str,
    rule_name: str,
) -> AwardRule:
    action = program.actions[action_name]
    rule = action.rules[rule_name]
    ladder = next((each for each in ladders if each.name in ladders_of(rule)), None)
    return AwardRule(
        name=rule_name,
        ref=f"{program.program}@{program.effective_from}/{rule_name}",
        kind=rule.kind,
        currency=rule.currency or next(iter(program.currencies)),
        ladder=None if ladder is None else ladder.name,
        eras=bind_eras(program, action_name, rule, bind_base(rule, action), ladder),
        minimum=tuple(_minimum(action, fact, least) for fact, least in rule.minimum.items()),
        max_points=rule.max_points,
        expires=_bind_expiry(rule, calendar),
        columns=None
        if rule.scores == "none"
        else columns_name(rule.currency or next(iter(program.currencies)), rule.scores),
        category=rule.category,
        actor=rule.actor,
        reason=rule.reason,
    )


def bind_base(rule: Rule, action: ActionType) -> Formula:
    """Return the base points of a rule as a formula. Raises FormulaError."""
    scales = {
        name: scale
        for name, fact in action.facts.items()
        if fact.required and (scale := fact_scale(fact)) is not None
    }
    if isinstance(rule.points, Table):
        fact = rule.points.fact
        source = f"table.get(facts[{fact!r}], 0)"
        return Formula(f"points of {fact}", 0, frozenset((fact,)), source)
    return read_formula(str(rule.points), scales)


def _minimum(action: ActionType, fact: str, least: Decimal) -> Minimum:
    units, decimals = scaled(least)
    scale = fact_scale(action.facts[fact]) or 0
    return Minimum(fact, units * POWERS[scale - decimals], str(least))


def _bind_expiry(rule: Rule, calendar: Calendar) -> Callable[[Scene], str] | None:
    """Make what tells the moment at which an award of this rule expires."""
    if rule.expires is None:
        return None
    months = rule.expires.months
    days, rest = divmod(rule.expires.milliseconds, DAY)
    dates: dict[int, str] = {}

    def expires(scene: Scene) -> str:
        moment = scene.action.occurred_at
        return write(calendar.after(moment, days=days, months=months) + rest)

    def expires_same_time(scene: Scene) -> str:
        """Where days are alike, a whole number of them later it is the same time of day."""
        start = scene.day.start
        date = dates.get(start)
        if date is None:
            if len(dates) >= _DATES_MAX:
                dates.clear()
            date = dates[start] = expires(scene)[:_DATE]
        return date + scene.moment[_DATE:]

    return expires_same_time if calendar.is_utc and not rest else expires
