"""bind: from a program file's content to the rules that `decide` looks up."""

from collections.abc import Mapping
from typing import Any

from processors.engine.bind_actions import ActionBinder
from processors.engine.boards import Boards, is_plain
from processors.engine.consistency import flaws
from processors.engine.expiry import bind_expiry
from processors.engine.factors import path_factors
from processors.engine.ladders import Ladder, bind_ladders, bind_levels, bind_measure
from processors.engine.notices import bind_notices
from processors.engine.numbers import POWERS, scaled
from processors.engine.rules import (
    ActionRules,
    AwardRule,
    CloseRule,
    PeriodsRule,
    RewardRule,
    Rules,
    SuspicionRule,
    UnlockRule,
    WinnersRule,
)
from processors.engine.tallies import Tallies
from schemas.moments import END_OF_TIME, Calendar, calendar_of
from schemas.programs import Board, Program, Reward, Unlock, moment_in, parse_program


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
    ladders = bind_ladders(program)
    actions = _actions(program, calendar, ladders)
    boards = Boards(program, ladders, calendar)
    tallied = not all(map(is_plain, program.boards.values()))
    late, suspicion = program.accept_late, program.suspicion
    return Rules(
        program=program.program,
        version=f"{program.program}@{program.effective_from}",
        calendar=calendar,
        accept_late=2 * END_OF_TIME if isinstance(late, str) else late.milliseconds,
        currency=program.first_currency,
        actions=actions,
        ladders=ladders,
        tier_ladder=ladders[0].name if ladders else "",
        first_tier=ladders[0].steps[0] if ladders else None,
        boards=boards,
        tallies=Tallies(program, boards) if tallied else None,
        scales={name: currency.scale for name, currency in program.currencies.items()},
        begins=moment_in(program.starts, calendar) if program.starts else 0,
        ends=moment_in(program.ends, calendar) if program.ends else END_OF_TIME,
        reversible_for=program.reversible_for.milliseconds,
        reserve_for=program.reserve_for.milliseconds,
        awards=_awards(actions),
        path_ladders=_path_ladders(program),
        path_factors=_path_factors(program, actions),
        streaks=frozenset(program.streaks),
        badges={name: max(len(badge.levels), 1) for name, badge in program.badges.items()},
        ranked_badges=frozenset(name for name, badge in program.badges.items() if badge.rank),
        rewards={name: _reward(program, each) for name, each in program.rewards.items()},
        unlocks={name: _unlock(program, calendar, each) for name, each in program.unlocks.items()},
        suspicion=None
        if suspicion is None
        else SuspicionRule(suspicion.times, suspicion.suspend.milliseconds),
        suspend_type=_engines(program, "suspend"),
        claim_type=_engines(program, "claim_reward"),
        look_up_type=_engines(program, "look_up_code"),
        answer_types=frozenset(
            action.answer
            for action in program.actions.values()
            if action.effect == "register_code" and action.answer is not None
        ),
        periods={name: _periods(board) for name, board in program.boards.items()},
        close=_close(program),
        notices=bind_notices(program),
    )


def _actions(
    program: Program, calendar: Calendar, ladders: tuple[Ladder, ...]
) -> dict[str, ActionRules]:
    """Bind every action type; what formulas of one count of another is kept there."""
    binder = ActionBinder(program, calendar, ladders)
    binder.read_formulas()
    return {name: binder.bind(name) for name in program.actions}


def _awards(actions: Mapping[str, ActionRules]) -> dict[str, AwardRule]:
    return {rule.name: rule for action in actions.values() for rule in action.awards}


def _path_ladders(program: Program) -> dict[str, Ladder]:
    if program.path_levels is None:
        return {}
    currency = program.first_currency
    return {
        path: bind_levels(
            f"path:{path}",
            program.path_levels,
            currency,
            bind_measure("balance", currency),
            program.currencies,
            program.currencies[currency].scale,
        )
        for path in program.paths
    }


def _path_factors(
    program: Program, actions: Mapping[str, ActionRules]
) -> dict[str, dict[str, int]]:
    told = {rule.action for action in actions.values() for rule in action.awards}
    by_action = {name: path_factors(program, name) for name in told}
    return {path: {name: by_action[name][path] for name in told} for path in program.paths}


def _reward(program: Program, reward: Reward) -> RewardRule:
    currency = program.first_currency
    counted = reward.measure is not None and reward.measure.startswith("count(")
    scale = 0 if counted else program.currencies[currency].scale
    measure = None if reward.measure is None else bind_measure(reward.measure, currency)
    at = (reward.at or 0) * POWERS[scale]
    return RewardRule(reward.type, measure, at, reward.at_most, reward.payload)


def _unlock(program: Program, calendar: Calendar, unlock: Unlock) -> UnlockRule:
    currency = program.currency_of(unlock)
    boost = None
    if unlock.boost is not None:
        units, decimals = scaled(unlock.boost.factor)
        millionths = units * POWERS[6 - decimals]
        boost = (unlock.boost.currency, millionths, unlock.boost.for_.milliseconds)
    return UnlockRule(
        cost=unlock.cost * POWERS[program.currencies[currency].scale],
        currency=currency,
        repeatable=unlock.repeatable,
        boost=boost,
        payload=unlock.payload,
        expires=None if unlock.expires is None else bind_expiry(unlock.expires, calendar),
    )


def _periods(board: Board) -> PeriodsRule:
    winners: dict[str, WinnersRule] = {
        kind: WinnersRule(row.places, row.action) for kind, row in board.winners.items()
    }
    return PeriodsRule(board.split is not None, frozenset(board.periods), winners)


def _close(program: Program) -> CloseRule | None:
    close = program.close
    if close is None:
        return None
    rewards = tuple((name, each.top) for name, each in program.rewards.items() if each.top)
    grant = _engines(program, "grant_reward")
    return CloseRule(close.board, close.most, close.snapshot, rewards, grant)


def _engines(program: Program, effect: str) -> str | None:
    """Return the action type with this effect that the engine may derive."""
    for name, action in program.actions.items():
        if action.effect == effect and "engine" in action.origin:
            return name
    return None
