"""What an accepted action does besides points: profile, ladders, badges, codes, derived actions."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from audit.awards import step_held
from audit.case import Case, Facts
from audit.members import Climb, Declined, Waiting
from audit.rules import Document
from audit.standings import move

MOST_WAITING = 1_000
_COUNT = re.compile(r"count\((\w+)\)")


class Derived(NamedTuple):
    """An action that another one gives rise to; `facts` is its data as text, sorted by name."""

    program: str
    subject: str
    type: str
    facts: str
    version: str


def derived(program: str, subject: str, kind: str, facts: Facts, version: str | None) -> Derived:
    """Make a derived action comparable."""
    return Derived(program, subject, kind, str(sorted(facts.items())), version or "")


def take_effect(case: Case) -> tuple[list[Derived], bool]:
    """What the type's effect derives, and whether it changed a board. Raises Declined."""
    effect = case.kind.get("effect")
    if effect == "profile":
        return [], set_profile(case)
    if effect == "register_code":
        return register_code(case), False
    if effect == "look_up_code":
        return look_up_code(case), False
    return [], False


def set_profile(case: Case) -> bool:
    """Take a member to a country with all scores; tells whether any board changed."""
    case.member.country = case.facts.get("country", case.member.country)
    return move(case, "country")


def register_code(case: Case) -> list[Derived]:
    """The first owner keeps a code, and is credited with those who did not wait too long for it."""
    code, late = case.member, case.version.accept_late()
    if code.owner is not None:
        raise Declined("once_only")
    code.owner = case.facts["owner"]
    if "answer" not in case.kind:
        return []
    waited = [(waiting, case.said.append_time - waiting.since) for waiting in code.waiting]
    code.waiting = [waiting for waiting, time in waited if late is not None and time > late]
    return [
        _credit(case, waiting.referred_user, waiting.version)
        for waiting, time in waited
        if (late is None or time <= late) and waiting.referred_user != code.owner
    ]


def look_up_code(case: Case) -> list[Derived]:
    """The owner of a code is credited; without one the look-up waits for it."""
    code, referred_user = case.member, case.facts["referred_user"]
    if code.owner == referred_user:
        raise Declined("self_referral")
    if code.owner is not None:
        return [_credit(case, referred_user, case.version.name)]
    if len(code.waiting) >= MOST_WAITING:
        raise Declined("unknown_code")
    code.waiting.append(Waiting(referred_user, case.said.append_time, case.version.name))
    return []


def _credit(case: Case, referred_user: str, version: str) -> Derived:
    code = case.member
    facts = {"referred_user": referred_user, "code": code.subject.removeprefix("code:")}
    return derived(code.program, code.owner or "", case.kind["answer"], facts, version)


def derive(case: Case) -> Iterator[Derived]:
    """Actions for other subjects; one that needs a fact that was not sent is not derived."""
    known = {"user_id": case.said.user_id, **case.facts}
    for row in case.kind.get("derives", []):
        if _names(row) <= known.keys():
            data = {name: text.format(**known) for name, text in row.get("data", {}).items()}
            subject = row["to"].format(**known)
            yield derived(case.said.program, subject, row["action"], data, case.version.name)


def _names(row: Document) -> set[str]:
    written = [row["to"], *row.get("data", {}).values()]
    return {name for text in written for name in re.findall(r"\{(\w+)\}", text)}


def climb(case: Case) -> bool:
    """Put the member on the step that its lifetime reaches on every ladder, up or down.

    Tells whether any board changed.
    """
    moved = False
    for name, ladder in case.part("ladders").items():
        lifetime = case.member.lifetime[case.currency(ladder.get("currency"))]
        reached = [step["name"] for step in ladder["steps"] if step["at"] <= lifetime]
        old, new = step_held(case, name)["name"], (reached or [ladder["steps"][0]["name"]])[-1]
        case.member.steps[name] = new
        if old != new:
            case.member.climbs.append(Climb(case.said.id, name, old, new))
        moved = move(case, name) or moved
    return moved


def grant_badges(case: Case) -> None:
    """Grant what was reached for the first time; nothing is ever taken back.

    Only an action of the type that is counted can reach a count.
    """
    for name, badge in case.part("badges").items():
        counted = _COUNT.fullmatch(badge["measure"])
        if counted and counted[1] != case.said.type:
            continue
        points = case.member.lifetime[case.currency(None)]
        value = case.member.count(counted[1]) if counted else points
        if value >= badge["at"]:
            case.member.badges.add(name)
