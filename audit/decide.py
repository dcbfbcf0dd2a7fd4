"""Decides a valid action that was not seen before, in the order of the law."""

from audit.achievements import grant_badges, reach_rewards
from audit.case import Case
from audit.derives import derive
from audit.effects import take_effect
from audit.giving import Given, counted, given_by_rules
from audit.guards import check_guards
from audit.holds import book_held, release_day, rules_fulfilled
from audit.kept import note
from audit.ladders import climb_ladders, climb_paths
from audit.members import MOST_UNITS, Declined, Outcome
from audit.notices import notify
from audit.posting import book_rule
from audit.settle import settle
from audit.standings import (
    count_action,
    enter_by_sign_up,
    may_stand,
    note_sign_up,
    walk,
)
from audit.streaks import raise_streaks


def decide(case: Case) -> Outcome:
    """Change the draft of the account as the action asks. Raises members.Declined."""
    settle(case)
    raise_streaks(case)
    check_guards(case)
    given = given_by_rules(case)
    signs_up = note_sign_up(case)
    fulfilled, follows = rules_fulfilled(case), list(derive(case))
    release_day(case, set(fulfilled))
    for each in given:
        _book(case, each)
    take_effect(case)
    note(case, counted(case, given))
    case.follows += follows
    stands = may_stand(case)
    if case.effect == "erase":
        case.member = case.member.emptied()
    else:
        _follow_measures(case)
        count_action(case)
        if signs_up:
            enter_by_sign_up(case)
    if case.lines and case.member.is_overfull():
        raise Declined("limit_reached")
    if case.member.hidden == case.member.is_listed(case.moment):
        case.member.hidden = not case.member.hidden
        case.moved = case.moved or stands
    notify(case)
    what = "posted" if case.lines or case.moved else "accepted"
    return Outcome(what, None, tuple(case.lines))


def _book(case: Case, given: Given) -> None:
    if given.held:
        book_held(case, given.rule, given.points)
    else:
        book_rule(case, given.rule, given.points)
    if case.rules[given.rule].get("once"):
        case.member.given_once.add((case.said.type, given.rule))
    for path, xp in given.path_xp.items():
        before = case.member.path_xp[path]
        case.member.path_xp[path] = max(-MOST_UNITS, min(before + xp, MOST_UNITS))
        walk(case, path, case.member.path_xp[path] - before)


def _follow_measures(case: Case) -> None:
    """What follows from the account as it is now: ladders with their moves, badges, rewards."""
    climb_ladders(case)
    climb_paths(case)
    moves_in = case.effect == "opening"
    grant_badges(case, look_again=moves_in)
    reach_rewards(case, look_again=moves_in or case.effect == "resolve_rewards")
