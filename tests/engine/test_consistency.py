"""Program files whose parts do not fit together or can never do anything, and failing examples."""

from pathlib import Path
from typing import NamedTuple

import pytest

from processors.engine import Problem, bind, check
from schemas.program_files import read_yaml

PROGRAMS = Path(__file__).parents[2] / "programs"
GOOD = {path.parent.name: path.read_text() for path in sorted(PROGRAMS.glob("*/*.yaml"))}
BANK = (Path(__file__).parents[1] / "cases/words/bank.yaml").read_text()


class Change(NamedTuple):
    """A change to a good program, what is said of it, and the text on whose line it is told."""

    old: str
    new: str
    said: str
    at: str = ""


def changed(program: str, change: Change) -> str:
    text = {**GOOD, "bank": BANK}[program]
    assert change.old in text, change.old
    return text.replace(change.old, change.new, 1)


def expect(program: str, change: Change) -> Problem:
    """Return the problem that a change makes, after seeing that it stands on its line."""
    text = changed(program, change)
    problems = check(read_yaml(text))
    found = [problem for problem in problems if change.said in problem.message]
    assert found, problems
    at = change.at or change.new.strip().split("\n")[0]
    assert at in text, at
    assert found[0].line == text[: text.index(at)].count("\n") + 1, found
    return found[0]


@pytest.mark.parametrize("program", GOOD)
def test_the_shipped_programs_are_sound(program: str) -> None:
    """Nothing is wrong with any of them, and their examples come out."""
    assert check(read_yaml(GOOD[program])) == []


REDEEMED = """\
      points: {type: integer, required: yes, least: 1}
      reward: {type: text, required: yes}
    reference: [reward]
    rules:
      redemption: {kind: redeem, points: points}
"""
REDEEMED_OFF = """\
      points: {{type: integer, required: yes, least: 1}}
      off: {{type: integer, default: 0, least: 0}}
      reward: {{type: text, required: yes}}
    reference: [reward]
    require: {{less: {{that: {less}}}}}
    rules:
      redemption: {{kind: redeem, points: points - off}}
"""

LOYALTY = [
    # Names that nobody declares.
    Change("points: order_value * 0.01", "points: order_valu * 0.01", "`order_valu` is no fact; there is order_value, order_id"),
    Change("points: {fact: place,", "points: {fact: spot,", "no required integer is called spot; there is place"),
    Change("    split: tier", "    split: tire", "no split is called tire; there is tier, category, country, path, team"),
    Change("ranks: [all_time, weekly]", "ranks: [all_time, hourly]", "Input should be 'daily'"),
    Change("    ranks: [all_time]", "    ranks: [daily]", "no period of this board is called daily; there is all_time, weekly"),
    Change("actions: [PURCHASE]", "actions: [PURCHAZE]", "no action is called PURCHAZE; there is PURCHASE"),
    Change("count(REFERRAL)", "count(REFERAL)", "no measure is called count(REFERAL); there is count(REFERRAL)"),
    Change("reference: [order_id]", "reference: [order]", "no fact is called order; there is order_id, order_value"),
    Change("once_per: {fact: product_id", "once_per: {fact: product", "no fact is called product; there is product_id"),
    Change("referred: referred_user", "referred: friend", "no fact is called friend"),
    Change("actor: created_by", "actor: creator", "no fact is called creator; there is reason, created_by"),
    Change("      login: {points: 5,", "      login: {currency: pints, points: 5,", "no currency is called pints; there is points"),
    Change("    measure: lifetime\n    qual", "    measure: count(BUY)\n    qual", "no measure is called count(BUY)"),
    Change("login: {action: LOGIN}", "login: {action: LOG_IN}", "no action is called LOG_IN; there is LOGIN"),
    Change("multiply: [tier, promotions]\n        expires", "multiply: [level]\n        expires", "no multiplier is called level"),
    Change("multiply: [tier, promotions]\n        expires", "multiply: [{tier: {TIN: 2, others: 1}}]\n        expires", "no step of tier is called TIN"),
    Change('to: "code:{code}"', 'to: "code:{cod}"', "no fact is called cod"),
    Change("    limits: {once: day}", "    day_of: when\n    limits: {once: day}", "no fact is called when"),
    Change("    limits: {once: day}", "    keep: {totals: {x: [day]}}\n    limits: {once: day}", "no fact is called x; there is none"),
    Change("answer: REFERRAL\n\n  CODE_LOOKUP", "answer: REFERAL\n\n  CODE_LOOKUP", "no action is called REFERAL; there is REFERRAL"),
    # Facts of the wrong kind.
    Change("least: 1, most: 3}", "least: 0.5, most: 3}", "0.5 has more decimals than the fact, which has none"),
    Change("least: 1, most: 3}", "least: 4, most: 3}", "no number is at least 4 and at most 3"),
    Change("      order_id: {type: text}", "      order_id: {type: text, least: 1}", "`least: 1` is of a number"),
    Change("      order_id: {type: text}", "      order_id: {type: integer, default: -1, least: 0}", "the default -1 is itself not allowed"),
    Change("referred_user: {type: member, required: yes}\n      code", "referred_user: {type: text, required: yes}\n      code", "referred_user is of the type text, `referred` asks for a member", "    referred: referred_user"),
    Change("referral: referral_code", "day_of: code", "code is of the type code, `day_of` asks for a moment"),
    Change("    limits:\n      cooldown", "    keep: {totals: {network: [day]}}\n    limits:\n      cooldown", "network is a text: only numbers have totals"),
    # Sets and counters.
    Change("{fact: product_id, at_most: 4000}", "{fact: product_id}", "the set has no bound: say `at_most`, 4,000 values or fewer"),
    Change("at_most: 4000}", "at_most: 4001}", "an account keeps 1 to 4,000 values, not 4,001"),
    Change("when: streak(login) % 7 == 0", "when: total(x) > 1", "`total`: there is no x; there is none"),
    Change("{measure: count(REFERRAL), at: 10}", '{when: "count(REFERRAL, week) > 2"}', "count(REFERRAL, week) is not kept"),
    # Bands, tables, ladders.
    Change("multiply: [tier, promotions]\n        expires", "multiply: [tier, tier]\n        expires", "tier multiplies twice"),
    Change("multiply: [tier, promotions]\n        expires", "multiply: [{tier: {GOLD: 2}}]\n        expires", "BRONZE, SILVER, PLATINUM, DIAMOND are missing: name every step of tier, or say `others: 1`"),
    Change("multiply: [tier, promotions]\n        expires", "multiply:\n          - {bands: order_value, from: {100: 2}}\n          - {bands: order_value, from: {200: 3}}\n        expires", "the bands of order_value overlap", "          - {bands: order_value, from: {200"),
    Change("multiply: [tier, promotions]\n        expires", 'multiply: [{bands: order_value, from: {100: 2, "100.0": 3}}]\n        expires', "100 and 100.0 are the same number"),
    Change("multiply: [tier, promotions]\n        expires", "multiply: [{bands: order_value, from: {100: 2}, below: {50: 2}}]\n        expires", "`from` and `below` overlap"),
    Change("multiply: [tier, promotions]\n        expires", "multiply: [{bands: order_value}]\n        expires", "the bands have no bounds"),
    Change("{name: GOLD, at: 10000", "{name: GOLD, at: 5000", "GOLD at 5000 does not rise over SILVER at 5000"),
    Change("{name: GOLD,", "{name: SILVER,", "SILVER is written twice", "{name: SILVER, at: 10000"),
    Change("  tier:\n    measure: lifetime", "  empty: {}\n  tier:\n    measure: lifetime", "the ladder is empty"),
    Change("  TIER_REVIEW: {title: Whether a year's points still reach the tier, origin: job, reference: [ladder, points], effect: tier_review}\n", "", "add an action with `effect: tier_review`", "    qualification: 365 days"),
    Change("Master: 5", "Master: 1", "Master: 1 does not rise over Champion: 1; write the smallest first", "standings:"),
    Change("Champion: 1", "Champion: 0", "Input should be greater than 0"),
    Change("Expert: 10}", "Expert: 100.5}", "Input should be less than or equal to 100"),
    # What follows.
    Change("answer: REFERRAL", "answer: PURCHASE", "PURCHASE is derived but does not have the origin engine"),
    Change("answer: REFERRAL", "answer: WEEKLY_WINNER", "WEEKLY_WINNER requires place, period, which it does not get from here"),
    Change("action: CODE_LOOKUP, to", "action: CODE_REGISTER, to", "is derived twice: their ids would be one", '      - {action: CODE_REGISTER, to: "code:{referral_code}"'),
    Change('data: {owner: "{user_id}"}', 'data: {owned: "{user_id}"}', "no fact of CODE_REGISTER is called owned; there is owner"),
    Change('data: {owner: "{user_id}"}', "data: {}", "CODE_REGISTER requires owner"),
    Change("  CODE_REGISTER:", "  CODE_REGISTER:\n    facts: {owner: {type: text}}", "the fact owner comes with register_code and is a member", "  CODE_REGISTER:"),
    Change("    effect: register_code\n", "    effect: settle\n", "`answer` belongs to the effect look_up_code or register_code or claim_reward", "    answer: REFERRAL"),
    Change("effect: reserve}", "effect: join_path}", "join_path is about `paths`, of which there are none", "  RESERVE:"),
    Change("effect: reserve}", "effect: unlock}", "unlock is about `unlocks`, of which there are none", "  RESERVE:"),
    Change("    qualification: 365 days\n", "", "tier_review needs a ladder with `qualification`", "  TIER_REVIEW:"),
    Change("effect: reserve}", "effect: payment}", "payment needs `moves`", "  RESERVE:"),
    Change("timezone: UTC", "suspicion: {times: 3, suspend: 1 day}", "nothing is suspicious"),
    Change("    limits: {once: day}", '    require: {now: {that: "nth > 1", suspicious: yes}}\n    limits: {once: day}', "nothing follows from it: say `suspicion"),
    # Names of postings.
    Change("      referral:\n", "      purchase:\n", "PURCHASE has a rule of this name too", "      purchase:\n        points: 100"),
    Change("      referral:\n", "      move_tier:\n", "a move between boards of tier is called so too: give the rule another name"),
    Change("      referral:\n", "      move_listed:\n", "a move off or onto all boards is called so too"),
    Change("reference: [reservation], effect: confirm}", "reference: [reservation], effect: confirm, rules: {confirm: {points: 1}}}", "the posting of confirm is called so too", "  CONFIRM:"),
    Change("\nladders:\n", "\nladders:\n  move:\n    steps: [{name: A, at: 0}, {name: LISTED, at: 5, grants: {points: 3}}]\n", "a grant would be called move_listed, as a move off or onto all boards", "  move:"),
    Change("    answer: REFERRAL\n\n  RESERVE", '    answer: REFERRAL\n    derives: [{action: REFERRAL, to: a, data: {referred_user: "{referred_user}"}}]\n\n  RESERVE', "REFERRAL is derived twice: their ids would be one", "    derives: [{action: REFERRAL"),
    Change("redemption: {kind: redeem, points: points}", "redemption: {kind: redeem, points: points}\n      again: {kind: send, points: 1}", "only one rule may take points, not redemption, again", "      again:"),
    Change("{kind: redeem, points: points}", "{kind: redeem, points: points, max_points: 3}", "points that are taken have no `max_points`", "redemption: {kind"),
    Change("{kind: redeem, points: points}", "{kind: redeem, points: points, hold: 2 days}", "points that are taken have no `hold`", "redemption: {kind"),
    Change("{kind: redeem, points: points}", "{kind: redeem, points: points, expires: 2 days}", "points that are taken have no `expires`", "redemption: {kind"),
    # Points that are taken are not less than 0.
    Change("{kind: redeem, points: points}", "{kind: redeem, points: points - 5}", "a rule that takes points may not come to less than 0: give its facts a `least` or `most`", "redemption: {kind"),
    Change("{kind: redeem, points: points}", "{kind: redeem, points: points - nth}", "a rule that takes points may not come to less than 0: give its facts", "redemption: {kind"),
    Change("{kind: redeem, points: points}", "{kind: redeem, minimum: {points: 4}, points: points - 5}", "a rule that takes points may not come to less than 0: give its facts", "redemption: {kind"),
    Change(REDEEMED, REDEEMED_OFF.format(less="off <= 9"), "a rule that takes points may not come to less than 0: give its facts", "      redemption: {kind"),
    Change("{kind: redeem, points: points}", "{kind: redeem, points: balance - 9, when: balance < 5}", "a rule that takes points may not come to less than 0", "redemption: {kind"),
    Change("{kind: redeem, points: points}", "{kind: redeem, points: {fact: points, table: {1: -5, 2: 3}}}", "a rule that takes points may not come to less than 0: as it does in the table", "redemption: {kind"),
    Change("{kind: redeem, points: points}", "{kind: redeem, points: balance, multiply: [{by: -1}]}", "multiply.0: a rule that takes points may not come to less than 0: this factor may be", "redemption: {kind"),
    Change("{kind: redeem, points: points}", "{kind: redeem, points: points, multiply: [{by: -1, when: points > 5}]}", "multiply.0: a rule that takes points may not come to less than 0", "redemption: {kind"),
    Change("{kind: redeem, points: points}", "{kind: redeem, points: points, multiply: [promotions, {bands: points, from: {5: -2}}]}", "multiply.1: a rule that takes points may not come to less than 0", "redemption: {kind"),
    Change("{kind: redeem, points: points}", "{kind: redeem, points: points, multiply: [{tier: {GOLD: -1, others: 1}}]}", "multiply.0: a rule that takes points may not come to less than 0", "redemption: {kind"),
    Change("{kind: redeem, points: points}", "{kind: redeem, points: 9, multiply: [{by: points - 3}]}", "multiply.0: a rule that takes points may not come to less than 0: give its facts", "redemption: {kind"),
    # Dates.
    Change("until: 2026-01-01", "until: 2025-12-01", "winter ends before it begins: 2025-12-01, 2025-12-01"),
    Change("from: 2025-12-01, until: 2026-01-01", "from: 2024-12-01, until: 2025-01-01", "winter never applies: it ends at 2025-01-01, before the program begins at 2025-01-01"),
    Change("      login: {points: 5,", "      login: {until: 2025-01-01, points: 5,", "the rule never gives anything: it ends at 2025-01-01"),
    Change("      login: {points: 5,", "      login: {from: 2026-02-01, until: 2026-01-01, points: 5,", "it ends at 2026-01-01, before it begins at 2026-02-01"),
    Change("timezone: UTC", "starts: 2025-03-01\nends: 2025-02-01", "the campaign ends at 2025-02-01, before 2025-03-01", "ends:"),
    # What can never be.
    Change("actions: [PURCHASE]", "actions: [MANUAL_ADJUSTMENT]", "winter never applies: no rule of MANUAL_ADJUSTMENT multiplies by promotions"),
    Change("when: streak(login) % 7 == 0", "when: streak(login) % 7 == 7", "`streak(login) % 7 == 7` never holds"),
    Change("{action: CODE_REGISTER, to", "{action: CODE_REGISTER, when: count(SIGNUP) > 1, to", "`count(SIGNUP) > 1` never holds"),
    Change("when: streak(login) % 7 == 0", "when: 1 > 2", "`1 > 2` never holds"),
    # Clocks, and lengths of time that are taken for them.
    Change("when: streak(login) % 7 == 0", "when: hour_of_day > 23", "`hour_of_day > 23` never holds: hour_of_day is 0 to 23"),
    Change("when: streak(login) % 7 == 0", "when: weekday == 0", "`weekday == 0` never holds: weekday is 1 to 7"),
    Change("when: streak(login) % 7 == 0", "when: weekday == 6 and weekday == 7", "never holds: one part of it rules out another"),
    Change("when: streak(login) % 7 == 0", "when: hour_of_day >= 22 and hour_of_day < 6", "never holds: one part of it rules out another"),
    Change("when: streak(login) % 7 == 0", "when: hour >= 17", "`hour` is a length of time, 3600000 milliseconds; the hour that clocks show is `hour_of_day`"),
    Change("when: streak(login) % 7 == 0", "when: nth > 1 and (hour<6 or 22 <= hour)", "`hour` is a length of time"),
    Change("when: streak(login) % 7 == 0", "when: not day == 6", "`day` is a length of time, 86400000 milliseconds; the day of the week is `weekday`"),
    Change("when: streak(login) % 7 == 0", "when: minute != 30", "`minute` is a length of time, 60000 milliseconds"),
    Change("when: streak(login) % 7 == 0", 'when: "count(LOGIN, day) > 1"', "`count(LOGIN, day) > 1` never holds"),
    Change("when: streak(login) % 7 == 0", "when: step(tier) == 'GLOD'", "`step(tier) == 'GLOD'` never holds"),
    Change("when: streak(login) % 7 == 0", "when: occurred_at < moment('2024-12-25')", "never holds"),
    Change("        scores: all_time", "        when: place > 3", "`place > 3` never holds: place is 1 to 3"),
    Change("table: {1: 1000, 2: 500, 3: 250}", "table: {1: 1000, 4: 500}", "place is never 4: it is at most 3", "        points: {fact: place"),
    Change("        scores: all_time", "        minimum: {place: 4}", "place is at most 3, and 4 is asked"),
    Change("        scores: all_time", "        multiply: [{bands: place, from: {1: 2, 4: 3}}]", "place never reaches 4: it is at most 3"),
    Change("        scores: all_time", "        multiply: [{bands: place, below: {1: 2, 2: 3}}]", "place is never below 1: it is at least 1"),
    Change("        scores: all_time", "        multiply: [{bands: place, from: {0: 2, 1: 3}}]", "place is at least 1, so 0 never counts"),
    Change("        scores: all_time", "        multiply: [{by: 2, when: place < 1}]", "`place < 1` never holds: place is 1 to 3"),
    Change("when: streak(login) % 7 == 0", "when: nth > 5 and nth < 3", "`nth > 5 and nth < 3` never holds: one part of it rules out another"),
    Change("when: streak(login) % 7 == 0", "when: nth == 1 and nth == 2", "`nth == 1 and nth == 2` never holds: one part of it rules out another"),
    Change("when: streak(login) % 7 == 0", "when: 3 >= nth and (nth == 1 or nth == 2) and nth != 1 and nth < 2", "never holds: one part of it rules out another"),
    Change("when: streak(login) % 7 == 0", "when: step(tier) == 'GOLD' and step(tier) == 'SILVER'", "never holds: one part of it rules out another"),
    Change("    limits: {once: day}\n", '    require: {late: {that: "nth > 4"}, soon: {that: "nth < 4"}}\n    limits: {once: day}\n', "`nth < 4` never holds where `nth > 4` does", "    require: {late"),
    Change("        scores: all_time", "        when: place > 1\n        multiply: [{by: 2, when: place < 2}]", "`place < 2` never holds where `place > 1` does", "        multiply: [{by"),
    Change("        scores: all_time", "        when: place > 1\n        multiply: [{bands: place, below: {2: 2, 3: 3}}]", "place is never below 2: it is at least 2", "        multiply: [{bands"),
    Change("        scores: all_time", "        when: place < 3", "place is never 3: it is at most 2", "        points: {fact: place"),
    Change("        scores: all_time", "        minimum: {place: 2}\n        when: place == 1", "`place == 1` never holds where `place >= 2` does", "        when: place == 1"),
    Change("      login: {points: 5,", "      login: {points: 0,", "the rule never gives anything: it comes to 0 points"),
    Change("      login: {points: 5,", "      login: {points: 5 - 5,", "the rule never gives anything: it comes to 0 points"),
    Change("        points: {fact: place, table: {1: 1000, 2: 500, 3: 250}}", "        points: {fact: place, table: {1: 0, 2: 0}}", "the rule never gives anything: it comes to 0 points"),
    Change("        scores: all_time", "        multiply: [{by: 0.0001}]", "the rule never gives anything: it rounds to 0 points", "        points: {fact: place"),
    Change("        scores: all_time", "        multiply: [boosts]", "no unlock boosts points"),
    Change("        scores: all_time", "        multiply: [paths]", "there are no `paths`"),
    Change("        scores: all_time", "        path_xp: yes", "there are no `paths`"),
    Change("    split: country", "    split: category", "no rule that gives points has a `category`"),
    Change("    limits: {once: day}\n    rules:", "    match: first\n    limits: {once: day}\n    rules:", "the rule is never asked: with `match: first`, login before it always gives", "      login_streak:"),
    Change("answer: REFERRAL\n\n  RESERVE", "answer: REFERRAL\n\n  LOST: {origin: engine, limits: {once: ever}}\n  RESERVE", "nothing derives LOST, and nobody else may send it", "  LOST:"),
    Change("  OPENING: {title: Moving in, origin: service, effect: opening}", "  OPENING: {title: Moving in, origin: service, effect: opening, rules: {welcome: {points: 5}}}", "with rules of its own none is accepted"),
    Change("    limits:\n      once: year", '    require: {never: {that: "1 > 2"}}\n    limits:\n      once: year', "`1 > 2` never holds"),
    Change("{measure: count(REFERRAL), at: 10}\n", "{measure: count(IDLE), at: 10}\n  IDLE_TOO: {when: count(IDLE) > 2}\n", "no measure is called count(IDLE)", "  REFERRAL_MASTER"),
    Change("      once: ever\n", "      times: {day: 1}\n", "a code is looked at where a second sign-up is refused", "    referral: referral_code"),
    # Periods and notices.
    Change("      weekly: {places: 3, action: WEEKLY_WINNER}", "      weekly: {places: 3, action: WEEKLY_WINER}", "no action is called WEEKLY_WINER; there is WEEKLY_WINNER"),
    Change("      weekly: {places: 3, action: WEEKLY_WINNER}", "      weekly: {places: 3, action: PURCHASE}", "PURCHASE is derived but does not have the origin engine"),
    Change("      weekly: {places: 3, action: WEEKLY_WINNER}", "      weekly: {places: 3, action: REFERRAL}", "REFERRAL requires referred_user, which it does not get from here"),
    Change("      weekly: {places: 3, action: WEEKLY_WINNER}", "      weekly: {places: 4, action: WEEKLY_WINNER}", "4 win, but `place` of WEEKLY_WINNER is at most 3"),
    Change("    split: country\n", "    split: country\n    winners: {daily: {places: 1, action: WEEKLY_WINNER}}\n", "no period of this board is called daily; there is all_time, weekly", "    winners: {daily"),
    Change("      weekly: {places: 3, action: WEEKLY_WINNER}", "      all_time: {places: 3, action: WEEKLY_WINNER}", "it never ends: say `close:"),
    Change("timezone: UTC", "close: {board: global, most: 10}", "the campaign never ends: say `ends`"),
    Change("timezone: UTC", "ends: 2026-01-01\nclose: {board: globe, most: 10}", "no board is called globe; there is global, region, tier", "close:"),
    Change("timezone: UTC", "ends: 2026-01-01\nclose: {board: region, most: 10}", "region is split by country: name a board that is whole", "close:"),
    Change("    split: tier\n    periods: [all_time]\n", "    decay: {factor: 0.9, per: day}\n    periods: [all_time]\nends: 2026-01-01\nclose: {board: tier, most: 10}\n", "the scores of tier decay: a result needs a board whose scores stay", "close:"),
    Change("TOP_100: {rank: {board: global, top: 100}}", "TOP_100: {rank: {board: globe, top: 100}}", "no board is called globe"),
    Change("TOP_100: {rank: {board: global, top: 100}}", "TOP_100: {rank: {board: global}}", "a rank is either among the `top` so many or so many `percent`"),
    Change("TOP_100: {rank: {board: global, top: 100}}", "TOP_100: {rank: {board: global, top: 100, percent: 1}}", "a rank is either among the `top` so many or so many `percent`"),
    Change("TOP_100: {rank: {board: global, top: 100}}", "TOP_100: {at: 5, rank: {board: global, top: 100}}", "`at` and `levels` are values of a `measure`, which is not there"),
    Change("TOP_100: {rank: {board: global, top: 100}}", "TOP_100: {measure: lifetime, at: 5, rank: {board: global, top: 100}}", "a badge has one of a `measure`, a condition `when` and a `rank`"),
    Change("    periods: [all_time, daily, weekly, monthly, quarterly, yearly]\n    ranks: [all_time, weekly]", "    periods: [daily, weekly, monthly]\n    ranks: [weekly]", "global has no all_time", "    rank: {board: global, top: 10}"),
    Change("  EXPIRY_NOTICE:\n    notify:", "  OTHER_NOTICE:\n    origin: job\n    facts: {points: {type: integer}, expires_at: {type: moment}}\n    notify:", "nobody is told: say `EXPIRY_NOTICE: {notify:", "expiry_notice: 7 days"),
    Change("        expires: 1 year\n", "", "no rule gives points that expire", "expiry_notice: 7 days"),
    Change('place {place} of {period}."}\n\n  MONTHLY', 'place {spot} of {period}."}\n\n  MONTHLY', "no value is called spot; there is points, balance, period, place, user_id", '    notify: {title: "Place {place} of the week'),
    Change("and is {new} from", "and is {now} from", "no value is called now; there is new, direction, ladder, old, user_id", '    notify: {title: "You are {new}'),
    Change("You have earned five thousand points.", '"You have {points} points."', "no value is called points; there is badge, level, user_id", "    notify: {title: 5000"),
    Change("You have earned five thousand points.", '"You have five {thousand points."', "a brace stands alone: a place for a value is written `{name}`", "    notify: {title: 5000"),
    Change("    effect: register_code\n", "    effect: register_code\n    notify: {title: a, message: b}\n", "nobody reads it: the subject of register_code is no member", "    notify: {title: a, message: b}"),
    Change("  SUSPENSION_END:", "  PERIOD_CLOSE: {origin: outside, effect: settle, notify: 5}\n  SUSPENSION_END:", "words stand here: title, message, not '5'", "  PERIOD_CLOSE"),
    # Boards.
    Change("    split: tier", "    split: tier\n    measure: point", "no measure is called point; there is points", "    measure: point"),
    Change("    split: tier", "    split: tier\n    measure: count(PURCHAZE)", "no measure is called count(PURCHAZE); there is count(PURCHASE)", "    measure: count"),
    Change("    split: tier", "    split: tier\n    measure: count(PURCHASE)\n    currency: points", "count(PURCHASE) is counted in no currency", "    currency: points"),
    Change("    split: tier", "    split: tier\n    currency: pints", "no currency is called pints; there is points", "    currency: pints"),
    Change("    split: tier", "    split: path", "`split: path` and `measure: path_xp` go together", "  tier:\n    split"),
    Change("    split: tier", "    measure: path_xp", "`split: path` and `measure: path_xp` go together", "  tier:\n    measure: path_xp"),
    Change("    split: tier", "    measure: path_xp\n    split: path", "there are no `paths`", "    split: path"),
    Change("    split: tier", "    measure: referrals\n    split: category", "only awards have a category: referrals has none", "    split: category"),
    Change("    split: tier", "    operator: best\n    measure: balance", "best compares the points of awards, not balance"),
    Change("    split: tier", "    operator: last\n    split: tier", "who moves takes a sum along, not the last of what was given there"),
    Change("  region:\n    split: country", f"  {41 * 'r'}:\n    split: team", "has 129 bytes for a team of 64 bytes, at most 128 may be: shorten a name", "    split: team"),
    Change("    split: country", "    decay: {factor: 0.9, per: day}", "what decays has no end: say `periods: [all_time]`"),
    Change("    split: tier", "    decay: {factor: 0.9, per: day}\n    operator: best", "a sum decays, not the best"),
    Change("    split: tier", "    decay: {factor: 0.9, per: day}\n    split: tier", "what decays cannot move between parts of tier"),
    Change("    split: tier", "    decay: {factor: 1, per: day}", "Input should be less than 1"),
    Change("    split: tier", "    keep: {weekly: 3 days}", "no period of this board is called weekly; there is none"),
    Change("    split: tier", "    keep: {all_time: 14 days}", "all_time never ends: `keep` is of periods that do"),
    Change("    split: tier", "    opening: carry", "nobody can be carried: the board has no periods that end"),
    Change("    split: country", "    split: country\n    opening: carry", "who is carried cannot move between parts of country: say `opening: empty`", "    opening: carry"),
    Change("    split: tier", "    split: tier\n    opening: carry", "who is carried cannot move between parts of tier: say `opening: empty`", "    opening: carry"),
    Change("    split: country", "    winners: {weekly: {places: 0, action: WEEKLY_WINNER}}", "Input should be greater than 0"),
    # Examples.
    Change("gives: once_only", "gives: posted", "gives is 'once_only', not 'posted'", "      - {do: REVIEW, data: {product_id: p-1}, gives: posted}"),
    Change("points: 99}", "points: 100}", "points is 99, not 100", "      - {at: 2025-12-24"),
    Change("points: 99}", "points: 99.5}", "points is 99, not 99.5: say it in smallest units", "      - {at: 2025-12-24"),
    Change("tier: BRONZE}", "level: 1}", "unknown words level", "      - {do: MANUAL_ADJUSTMENT, data: {points: 4990"),
    Change("- {at: 2025-12-24T18:00:00Z", "- {at: tomorrow", "at is no moment: 'tomorrow'"),
    # Words and values.
    Change("      once: year", "      ones: year", "`ones` is no word here; is it `once`?"),
    Change("times: {day: 5}", "times: {day: five}", "it is a whole number, not 'five'"),
    Change("multiplier: 1.5", "multiplier: 1.2345678", "a number has at most 16 digits and 6 decimals"),
    Change("multiply: [tier, promotions]\n        expires", "category: order_id\n        expires", "`order_id` is a text, the same for every posting, not the fact", "        category: order_id"),
    Change('{when: "profile(joined_at)', '{when: "order_value > 5 and profile(joined_at)', "(it is asked after every action, here after ", "  EARLY_ADOPTER"),
    Change("cooldown: 60 minutes", "cooldown_minutes: 60", "`cooldown_minutes` is no word here; is it `cooldown`?"),
    Change("order_value: {type: decimal(2), unit: USD, required: yes, least: 0", "order_value: {type: decimal(2), unit: USD, required: yes, min: 0", "`min` is no word here; there is type, required, default, unit, least, most, nonzero"),
    Change("multiply: [tier, promotions]\n        expires", "multiplier: [tier, promotions]\n        expires", "`multiplier` is no word here; is it `multiply`?", "        multiplier:"),
    Change("points: order_value * 0.01", "points: {tble: {1: 2}, fact: order_id, table: {1: 2}}", "`tble` is no word here; is it `table`?"),
    Change("limits: {once: day}", "require: {here: {that: max(1, 2) > 1}}", "`2) > 1` is no word here: a formula with a comma stands in quotes"),
    Change("type: decimal(2)", "type: decimal", "a fact is integer, decimal(1) to decimal(6), text"),
    Change("once: year", "once: hour", "Input should be 'ever', 'day', 'week', 'month' or 'year', not 'hour'"),
    Change("expires: 1 year", "expires: 1 yr", "a length of time is written like `60 minutes`, `7 days` or `1 year`, not '1 yr'"),
    Change("once_per: {fact: product_id, at_most: 4000}", "once_per: product_id", "words stand here: fact, at_most, not 'product_id'"),
    Change("once_per: {fact: product_id, at_most: 4000}", "once_per: {fact: product_id, at_most: 5000}", "an account keeps 1 to 4,000 values, not 5,000"),
    Change("times: {day: 5}", "times: 5", "names with values stand here, `{name: value}`, not '5'"),
    Change("multiply: [tier, promotions]\n        expires", "multiply: tier\n        expires", "a list stands here, `[…]`, not 'tier'", "        multiply: tier"),
    Change("  SUSPENSION_END:", "  SuspensionEnd:", "a type is named in capitals, like CHECK_IN, not 'SuspensionEnd'"),
    Change("program: loyalty", "program: My shop", "a program is named in small letters, like my-shop, not 'My shop'"),
    Change("effective_from: 2025-01-01", "effective_from: 2025-13-01", "it is a date like 2025-12-07, or a moment with its zone"),
    Change("accept_late: 7 days", "accept_late: 9999 weeks", "longer than 100 years"),
    Change("timezone: UTC", "timezone: America", "America"),
    Change("multiply: [tier, promotions]\n        expires", "multiply:\n          - bands: order_value\n            from: {1: x}\n        expires", "multiply.0.from.1: a number has at most 16 digits and 6 decimals, like 12 or 0.5, not 'x'", "            from: {1: x}"),
]  # fmt: skip


@pytest.mark.parametrize("change", LOYALTY, ids=lambda change: change.said)
def test_what_is_wrong_is_told_with_its_line(change: Change) -> None:
    """Each change to the loyalty program is told on the line where it was made."""
    expect("loyalty", change)


OTHERS = [
    ("forum", Change("      transfer: {kind: send, points: amount,", "      transfer: {kind: send, points: amount - 2,", "a rule that takes points may not come to less than 0: give its facts a `least`")),
    ("forum", Change("      transfer: {kind: send, points: amount,", "      transfer: {kind: send, multiply: [{by: 1 - amount}], points: amount,", "a rule that takes points may not come to less than 0: give its facts a `least`")),
    ("forum", Change("at: 50 * n * (n - 1)\n      grants", "at: 50 * (10 - n)\n      grants", "level 2 at 400 does not rise over level 1 at 450")),
    ("forum", Change("grants: {dgt: 10 * n}", "grants: {dgt: 10 * (n - 5)}", "`10 * (n - 5)` grants nothing at level 2: -30")),
    ("forum", Change("grants: {dgt: 10 * n}", "grants: {dgt: 0.5 * n}", "`0.5 * n` has 1 decimals, its currency none")),
    ("forum", Change("grants: {dgt: 10 * n}", "grants: {dtg: 10 * n}", "no currency is called dtg; there is dgt")),
    ("forum", Change("        50: {name: Immortal", "        51: {name: Immortal", "there is no level 51: there are 1 to 50")),
    ("forum", Change("path_levels: {most: 50, at: 50 * n * (n - 1)}", "path_levels: {most: 50, at: 5}", "level 2 at 5 does not rise over level 1 at 5")),
    ("forum", Change("TIP_GIVEN: 2,", "TIP_GIVE: 2,", "no rule's action is called TIP_GIVE; there is TIP_GIVEN", "  trader:")),
    ("forum", Change("creator: {multipliers: {", "creator: {multipliers: {TRANSFER: 2, ", "no rule of TRANSFER multiplies by paths or gives path xp")),
    ("forum", Change("boost: {currency: xp,", "boost: {currency: dgt,", "no rule that gives dgt multiplies by boosts", "  XP_BOOST")),
    ("forum", Change("{cost: 500, currency: dgt,", "{cost: 500, currency: gdt,", "no currency is called gdt; there is dgt", "  GOLD_NAME")),
    ("forum", Change("plus: 550,", "plus: many,", "a table is all numbers or all texts; a text is that of plus")),
    ("forum", Change("table(price, package)", "table(prices, package)", "`table`: there is no prices; there is dgt, price", "      package_price")),
    ("forum", Change("      new: [pending, completed, failed]\n", "      old: [pending, completed, failed]\n", "payment needs `moves`, and in it what may follow `new`", "    effect: payment")),
    ("forum", Change("      pending: [completed, failed]", "      waiting: [completed, failed]", "no status leads to waiting")),
    ("forum", Change("refunded: DGT_REFUND}", "returned: DGT_REFUND}", "no status in `moves` is called returned", "    answers: ")),
    ("forum", Change("    returns: RETURN\n    rules:\n      transfer_in", "    returns: DGT_REFUND\n    rules:\n      transfer_in", "DGT_REFUND needs the fact from, or nothing can come back")),
    ("forum", Change('data: {from: "{user_id}", amount: "{amount}"}}', 'data: {from: "{user_id}", amount: "{note}"}}', "amount of TRANSFER_IN is a number, `{note}` is a text", "      - {action: TRANSFER_IN")),
    ("forum", Change("    limits: {cooldown: 60 seconds}", "    derives: [{action: RETURN, to: bert, data: {from: bert}}]\n    limits: {cooldown: 60 seconds}", "RETURN requires amount, which it does not get from here")),
    ("forum", Change("      returned: {kind: return", "      hold_it: {hold: {forfeit: day}, kind: return", "a hold is for a time, `14 days`, or `until` a condition holds")),
    # Points that are sent arrive.
    ("forum", Change('    derives:\n      - {action: TRANSFER_IN, to: "{to}", data: {from: "{user_id}", amount: "{amount}"}}\n', "", "points that are sent arrive nowhere: derive an action with a rule of the `kind: receive` in dgt", "      transfer: {kind: send")),
    ("forum", Change("transfer_in: {kind: receive, points: amount, currency: dgt}", "transfer_in: {kind: receive, points: amount, currency: xp}", "points that are sent arrive nowhere", "      transfer: {kind: send")),
    ("forum", Change("      - {action: TRANSFER_IN,", '      - {action: TIP_IN, to: "{to}", data: {from: "{user_id}", amount: "{amount}"}}\n      - {action: TRANSFER_IN,', "points that are sent arrive once, not by TIP_IN and TRANSFER_IN: derive one of them", "      transfer: {kind: send")),
    ("forum", Change("      - {action: TRANSFER_IN,", "      - {action: TRANSFER_IN, when: amount > 5,", "where it does not hold, what was sent is lost: write it under `require`")),
    ("forum", Change("      to: {type: member, required: yes}\n", "      to: {type: member}\n", "`{to}` may be no member: points are sent `to` a fact of the type member that is `required: yes`", "      - {action: TRANSFER_IN")),
    ("forum", Change("      to: {type: member, required: yes}\n", "      to: {type: text, required: yes}\n", "`{to}` may be no member", "      - {action: TRANSFER_IN")),
    ("forum", Change('{action: TRANSFER_IN, to: "{to}"', '{action: TRANSFER_IN, to: "team:{to}"', "`team:{to}` may be no member")),
    ("forum", Change('data: {from: "{user_id}", amount: "{amount}"}}\n\n  TRANSFER_IN', 'data: {from: "by {user_id}: {note}", amount: "{amount}"}}\n\n  TRANSFER_IN', "where note is missing nothing is derived, and what was sent is lost", "      - {action: TRANSFER_IN")),
    ("forum", Change('data: {from: "{user_id}", amount: "{amount}"}}\n\n  TRANSFER_IN', 'data: {from: "{to}", amount: "{amount}"}}\n\n  TRANSFER_IN', 'what comes back goes to `from`: say `from: "{user_id}"`', "      - {action: TRANSFER_IN")),
    ("forum", Change("    returns: RETURN\n    rules:\n      transfer_in", "    rules:\n      transfer_in", "what TRANSFER_IN cannot book is lost: say of it `returns`, and a type with a rule of the `kind: return`", "      - {action: TRANSFER_IN")),
    ("forum", Change("returned: {kind: return,", "returned: {kind: earn,", "what comes back is lost: RETURN has no rule of the `kind: return` in dgt", "      - {action: TRANSFER_IN")),
    ("forum", Change("returned: {kind: return, points: amount,", "returned: {kind: return, points: amount * 2,", "1 may be sent, and 2 come back: let as much come back as was sent", "      - {action: TRANSFER_IN")),
    ("forum", Change("transfer_in: {kind: receive, points: amount,", "transfer_in: {kind: receive, points: amount * 2,", "1 may be sent, and 2 arrive: let as much be received as is sent", "      - {action: TRANSFER_IN")),
    ("forum", Change("      transfer: {kind: send, points: amount,", "      transfer: {kind: send, points: 7,", "7 may be sent, and 1 arrive", "      - {action: TRANSFER_IN")),
    ("forum", Change("      transfer: {kind: send, points: amount,", "      transfer: {kind: send, when: amount > 8, points: amount + 1,", "10 may be sent, and 9 arrive", "      - {action: TRANSFER_IN")),
    ("forum", Change("      amount: {type: integer, required: yes, least: 1}\n    reference: [from]\n    returns", "      amount: {type: integer, required: yes, least: 1, most: 100}\n    reference: [from]\n    returns", "101 may be sent, and is lost: amount of TRANSFER_IN may not be 101", "      - {action: TRANSFER_IN")),
    ("forum", Change("      transfer: {kind: send, points: amount,", "      transfer: {kind: send, multiply: [{by: 2}], points: amount,", "as much arrives as was sent: the rules that send and receive multiply by the same")),
    ("forum", Change("transfer_in: {kind: receive, points: amount,", "transfer_in: {kind: receive, max_points: 50, points: amount,", "TRANSFER_IN may give less than was sent, for its `max_points`", "      - {action: TRANSFER_IN")),
    ("forum", Change("tip_in: {kind: receive, points: amount,", "tip_in: {kind: receive, when: amount > 5, points: amount,", "TIP_IN may give less than was sent, for its `when`", "      - {action: TIP_IN")),
    ("forum", Change("    rules:\n      tip: {kind: send, points: amount, currency: dgt}\n      tip_given: {points: 5,", "    match: first\n    rules:\n      tip_given: {points: 5, action: TIP_GIVEN, when: amount > 5, path_xp: yes}\n      tip: {kind: send, points: amount, currency: dgt}\n      given_too: {points: 5,", "with `match: first` another rule may give in its place, and nothing is taken: write it first", "      tip: {kind")),
    # Names of postings, rules that are never asked.
    ("forum", Change("      thread: {", "      level_3: {", "grants of the ladder level are called so too")),
    ("forum", Change("      thread: {", "      move_boards: {", "a move on boards is called so too")),
    ("forum", Change("\nladders:\n", "\nladders:\n  level_3:\n    steps: [{name: A, at: 0}, {name: B, at: 5, grants: {dgt: 5}}]\n  Level_3:\n    steps: [{name: A, at: 0}, {name: B, at: 5, grants: {dgt: 5}}]\n", "two grants would be called level_3_b: give a step another name", "  Level_3:")),
    ("bank", Change("      large: {points: 5, when: amount >= 100}\n", "      large: {points: 5, when: amount >= 100}\n      larger: {points: 9, when: amount >= 1000}\n", "with `match: first`, large before it gives wherever this one would", "      larger:")),
    ("bank", Change("      large: {points: 5, when: amount >= 100}\n", "      large: {kind: redeem, points: 5, when: amount >= 100}\n", "with `match: first`, large before it takes points or declines the action", "      tenth:")),
    ("bank", Change("    match: first\n", "    match: first\n    require: {enough: {that: amount > 150}}\n", "with `match: first`, large before it always gives", "      small:")),
    ("contribution", Change("uptime_minutes: [day, ever]", "uptime_minutes: [ever]", "`total(uptime_minutes, day)` is not kept; `keep` has ever of it: add day", "      day_has_1440_minutes")),
    ("contribution", Change("      previous: [ended_at]\n", "", "`previous`: there is no ended_at", "      no_overlap")),
    ("contribution", Change("origin: [admin, engine], effect: suspend}", "origin: admin, effect: suspend}", "nobody is told: add an action with `effect: suspend` and the origin engine", "suspicion:")),
    ("contribution", Change("when: quality >= 0.95", "when: quality > 1", "`quality > 1` never holds: quality is 0 to 1")),
    ("contribution", Change("    day_of: ended_at", "    day_of: quality", "quality is of the type decimal(4), `day_of` asks for a moment")),
    ("contribution", Change("ended_at: {type: moment, required: yes}", "ended_at: {type: moment}", "ended_at may be missing: say `required: yes`", "    day_of")),
    ("trading", Change("distinct(copier), 10)", "distinct(copiers), 10)", "`distinct`: there is no copiers; there is copier")),
    ("trading", Change("    keep:\n      memory: [referrer]\n", "", "no fact is called memory.referrer", "      - action: REFERRAL_TRADE")),
    ("trading", Change("from: {100: 1.5, 1000: 2, 5000: 3, 10000: 5}", "from: {-5: 1.5, 0: 2, 5000: 3}", "volumeUSD is at least 0, so -5 never counts")),
    ("contribution", Change("    periods: [all_time, daily, weekly]", "    ties: signup\n    periods: [all_time, daily, weekly]", "nobody signs up: no action is called SIGNUP or has a `referral`", "    ties: signup")),
    ("contribution", Change("    periods: [all_time, daily, weekly]", "    measure: referrals\n    periods: [all_time, daily, weekly]", "nothing counts as a referral", "    measure: referrals")),
    ("waitlist-alpha", Change("{type: CUSTOM, manual: yes,", "{type: CUSTOM,", "nobody gets it: give it a `measure` and `at`, or `top`, or say `manual: yes`", "  SWAG")),
    ("waitlist-alpha", Change("at: 3, payload", "payload", "a `measure` and the value `at` which it is reached go together", "  EARLY_ACCESS")),
    ("waitlist-alpha", Change("  REWARD_CLAIM: {title: A pool is asked for a reward, origin: engine,", "  REWARD_CLAIM: {title: A pool is asked for a reward, origin: admin,", "its pool cannot be asked", "  BETA_FEATURE")),
    ("waitlist-alpha", Change("effect: claim_reward, answer: REWARD_GRANT}", "effect: claim_reward, answer: SUSPEND}", "SUSPEND gives no reward: it needs `effect: grant_reward`")),
    ("waitlist-alpha", Change("    effect: register_code", "    effect: settle", "no code ever gets an owner", "    effect: look_up_code")),
    ("waitlist-alpha", Change("close: {board: global, most: 500, snapshot: yes}", "", "no campaign closes: say `close: {board: …, most: …}`", "  FOUNDER")),
    ("waitlist-alpha", Change("most: 500,", "most: 400,", "the first 500 never win: `most` is 400", "  PIONEER")),
    ("waitlist-alpha", Change("{type: ACCESS, top: 500,", "{type: ACCESS, top: 500, manual: yes,", "it goes to the first of a campaign, so not by `measure`, `manual` or `at_most`")),
    ("waitlist-alpha", Change("origin: [admin, service, engine, job], effect: grant_reward", "origin: [admin, service], effect: grant_reward", "nobody gives it: add an action with `effect: grant_reward` and the origin engine", "  FOUNDER")),
    ("waitlist-alpha", Change("starts: 2025-01-01", "starts: 2026-07-01", "the campaign ends at 2026-07-01, before 2026-07-01", "ends:")),
    ("waitlist-alpha", Change("first_referral: {points: 25,", "first_referral: {points: 25, from: 2026-07-01,", "it begins at 2026-07-01, when the program has ended at 2026-07-01")),
    ("waitlist-alpha", Change("      email_verified: {points: 5}", "      email_verified: {points: 5, active: no, when: count(EMAIL_VERIFIED) == 1}", "EMAIL_VERIFIED is never accepted: all its rules are switched off or out of date")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("program", "change"), OTHERS, ids=lambda each: each if isinstance(each, str) else each.said
)
def test_so_it_is_in_other_programs(program: str, change: Change) -> None:
    """Each change to a program is told on the line where it was made, or where it is missed."""
    expect(program, change)


SMALL = """\
program: small
effective_from: 2025-01-01
currencies: {{points: {{}}}}
ladders: {{tier: {{steps: [{{name: LOW, at: 0}}, {{name: HIGH, at: 5, multiplier: -1}}]}}}}
paths: {{mean: {{multipliers: {{PLAY: -1, REST: 2}}}}}}
promotions: [{{name: half, factor: 0.5, from: 2025-02-01, until: 2025-03-01}}]
actions:
  PLAY: {{origin: outside, rules: {{play: {{points: 5, hold: 1 day, multiply: [promotions, {play}]}}}}}}
  REST: {{origin: outside, rules: {{rest: {{points: 5, hold: 1 day, multiply: [promotions, {rest}]}}}}}}
  JOIN: {{origin: outside, effect: join_path}}
"""


@pytest.mark.parametrize(
    ("play", "rest", "told"),
    [("paths", "paths", ["play"]), ("tier", "paths", ["play"]), ("tier", "tier", ["play", "rest"])],
)
def test_factors_that_members_have_are_looked_at(play: str, rest: str, told: list[str]) -> None:
    """A step or a path may multiply by less than 0; a path only what it is told to."""
    problems = check(read_yaml(SMALL.format(play=play, rest=rest)))
    found = [each for each in problems if "may not come to less than 0" in each.message]
    assert [
        each.message.partition(".multiply.1: a rule that holds")[0][-4:] for each in found
    ] == told


SOUND = [
    # Names that no posting of the same action has.
    ("loyalty", "      referral:\n", "      tier_gold:\n"),
    ("loyalty", "      referral:\n", "      move_country:\n"),
    ("loyalty", "      referral:\n", "      move_boards:\n"),
    ("loyalty", "      referral:\n", "      confirm:\n"),
    ("forum", "      thread: {", "      level_1: {"),
    # Points that are taken are not less than 0, or that cannot be told.
    ("loyalty", "{kind: redeem, points: points}", "{kind: redeem, points: points - 5, when: points > 5}"),
    ("loyalty", "{kind: redeem, points: points}", "{kind: redeem, points: points - 5, minimum: {points: 5}}"),
    ("loyalty", "{kind: redeem, points: points}", "{kind: redeem, points: points - nth, when: nth < 2}"),
    ("loyalty", "{kind: redeem, points: points}", "{kind: redeem, points: points, multiply: [tier, promotions, {by: points - 5, when: points > 5}]}"),
    ("loyalty", "{kind: redeem, points: points}", "{kind: redeem, points: -points, multiply: [{by: -1}]}"),
    ("loyalty", "{kind: redeem, points: points}", "{kind: redeem, points: balance}"),
    ("loyalty", "{kind: redeem, points: points}", "{kind: redeem, points: balance - points, when: points <= balance}"),
    ("loyalty", REDEEMED, REDEEMED_OFF.format(less="off <= points")),
    ("loyalty", REDEEMED, REDEEMED_OFF.format(less="not off > points")),
    # Points that are sent arrive.
    ("forum", "transfer_in: {kind: receive, points: amount,", "transfer_in: {kind: receive, points: 1 * amount + 0,"),
    ("forum", "transfer_in: {kind: receive, points: amount,", "transfer_in: {kind: receive, when: amount > 5, points: amount,"),
    ("forum", "transfer_in: {kind: receive, points: amount,", "transfer_in: {kind: receive, hold: 1 day, points: amount,"),
    ("forum", "      transfer: {kind: send, points: amount,", "      transfer: {kind: send, when: amount < 90, points: amount,"),
    ("forum", "    require:\n      to_another: {that: to != user_id}\n    rules:\n      transfer:", "    limits: {times: {day: 5}}\n    require: {few: {that: amount <= 100}}\n    rules:\n      transfer:"),
    # What may happen.
    ("loyalty", "when: streak(login) % 7 == 0", "when: weekday >= 6 and hour_of_day >= 17 and hour_of_day < 19"),
    ("loyalty", "when: streak(login) % 7 == 0", "when: hour_of_day >= 22 or hour_of_day < 6"),
    ("loyalty", "    limits: {once: day}\n", "    facts: {hour: {type: integer, default: 18}}\n    require: {late: {that: hour >= 17}}\n    limits: {once: day}\n"),
    ("loyalty", "when: streak(login) % 7 == 0", "when: occurred_at % 86400000 < 2 * hour and 5 * nth < hour * 3"),
    ("loyalty", "when: streak(login) % 7 == 0", "when: occurred_at - hour > 5 and occurred_at > hour and 7 < hour * nth"),
    ("loyalty", "when: streak(login) % 7 == 0", "when: nth > 3 and nth < 5"),
    ("loyalty", "when: streak(login) % 7 == 0", "when: nth > 5 or nth < 3"),
    ("loyalty", "when: streak(login) % 7 == 0", "when: nth > 2 and not (nth > 4 and nth < 9)"),
    ("loyalty", "when: streak(login) % 7 == 0", "when: step(tier) != 'GOLD' and step(tier) != 'SILVER'"),
    ("loyalty", "      login: {points: 5,", "      login: {points: 0.2,"),
    ("loyalty", "        scores: all_time", "        when: place < 4\n        multiply: [{bands: place, from: {2: 2, 3: 3}}, {by: 2, when: place > 1 and place < 3}]"),
    ("bank", "      large: {points: 5, when: amount >= 100}\n", "      large: {points: 5, when: amount >= 100}\n      middle: {points: 3, when: amount >= 50}\n"),
    ("bank", "      large: {points: 5, when: amount >= 100}\n", "      large: {points: 5, once: ever, when: amount >= 100}\n      middle: {points: 3, when: amount >= 200}\n"),
    ("bank", "      large: {points: 5, when: amount >= 100}\n", "      large: {points: amount * 0.00001, when: amount >= 100}\n      middle: {points: 3, when: amount >= 200}\n"),
]  # fmt: skip


@pytest.mark.parametrize(("program", "old", "new"), SOUND, ids=lambda each: each)
def test_its_good_neighbour_passes(program: str, old: str, new: str) -> None:
    """What may happen, and loses nothing, is not told; examples of the program may come out otherwise."""
    problems = check(read_yaml(changed(program, Change(old, new, ""))))
    assert [each for each in problems if not each.message.startswith("examples.")] == []


def test_the_column_of_a_folded_formula_is_that_of_the_file() -> None:
    """What is wrong on the second line of a text is told there, at its column in the file."""
    problem = expect(
        "contribution",
        Change("+ bandwidth_mb * 0.1 +", "+ bandwith_mb * 0.1 +", "`bandwith_mb` is no fact"),
    )
    assert problem.column == len("          + ") + 1


@pytest.mark.parametrize(
    ("program", "old", "new", "column"),
    [
        ("loyalty", "points: order_value * 0.01", "points: order_value ** 2", 30),
        ("loyalty", "points: order_value * 0.01", "points: 'order_value ** 2'", 31),
        ("loyalty", "points: order_value * 0.01", "points: |-\n          order_value\n          + 1 / 2", 15),
        ("loyalty", "points: order_value * 0.01", "points: order_value\n          + 1 / 2", 15),
        ("loyalty", "You are {new} now", "You are {next} now", 31),
        ("contribution", '"total(uptime_minutes, day) <= 1440"', '"total(uptime_minutes, day) <= x"', 67),
    ],
)  # fmt: skip
def test_a_formula_is_told_with_its_column(program: str, old: str, new: str, column: int) -> None:
    """Plain, quoted, literal and folded texts have the column of the file."""
    assert old in GOOD[program]
    problems = check(read_yaml(GOOD[program].replace(old, new, 1)))
    assert [problem.column for problem in problems] == [column], problems


@pytest.mark.parametrize(
    ("old", "new", "way"),
    [
        (
            "    referred: referred_user",
            '    derives: [{action: CODE_LOOKUP, to: "code:{code}", data: {referred_user: "{referred_user}"}}]',
            "REFERRAL → CODE_LOOKUP → REFERRAL",
        ),
        (
            "  CODE_LOOKUP:\n    title: A code is asked for its owner",
            "  CODE_LOOKUP:\n    derives: [{action: CODE_LOOKUP, to: a, data: {referred_user: a}}]\n    title: again",
            "CODE_LOOKUP → CODE_LOOKUP",
        ),
    ],
)  # fmt: skip
def test_a_circle_of_derived_actions_is_refused(old: str, new: str, way: str) -> None:
    """An action that leads back to itself would go on for ever."""
    assert old in GOOD["loyalty"]
    problems = check(read_yaml(GOOD["loyalty"].replace(old, new, 1)))
    circles = [each.message for each in problems if "lead back to itself" in each.message]
    assert [message.partition(": ")[2].partition(":")[0] for message in circles] == [way]


def test_a_program_that_does_not_fit_cannot_be_bound() -> None:
    """What does not fit together no worker runs."""
    change = Change("    split: tier", "    split: tire", "")
    with pytest.raises(ValueError, match="no split is called tire"):
        bind(read_yaml(changed("loyalty", change)).content)


@pytest.mark.parametrize(
    "change",
    [
        Change("when: streak(login) % 7 == 0", "when: 1 > 2", "never"),
        Change("      referral:\n", "      move_listed:\n", "a move off or onto all boards"),
        Change(
            "  region:\n    split: country", f"  {41 * 'r'}:\n    split: team", "shorten a name"
        ),
        Change(
            "        expires: 1 year",
            "        category: order_id\n        expires: 1 year",
            "not the fact",
        ),
    ],
)
def test_what_never_does_anything_can_still_be_bound(change: Change) -> None:
    """A version that was published, or is stopped in part, runs; it could not be published again."""
    assert any(change.said in each.message for each in check(read_yaml(changed("loyalty", change))))
    assert bind(read_yaml(changed("loyalty", change)).content).program == "loyalty"


def test_an_example_may_erase_what_one_of_its_actions_made() -> None:
    """A row of an account that comes and goes with one action is no traceback but no row."""
    buys = "      - {do: PURCHASE, data: {order_value: 1000, order_id: o}, gives: posted}\n" * 16
    erased = f"  - example: erased\n    steps:\n{buys}      - {{do: ERASE, data: {{reason: r, created_by: otto}}, gives: posted}}\n"
    assert check(read_yaml(GOOD["loyalty"] + erased)) == []
