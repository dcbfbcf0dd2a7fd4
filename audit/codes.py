"""Subjects that are no members: referral codes and payments."""

from audit.case import Case, derived
from audit.effect_facts import declared_facts
from audit.holdings import Waiting
from audit.members import Declined

MOST_WAITING = 1_000
_CODE = "code:"
_PAYMENT = "payment:"


def register_code(case: Case) -> None:
    """The first owner keeps a code, and is credited with those who did not wait too long for it."""
    code, late = case.member, case.version.accept_late()
    if code.owner is not None:
        raise Declined("once_only")
    code.owner = case.facts["owner"]
    if "answer" not in case.kind:
        return
    waited = [(waiting, case.said.append_time - waiting.since) for waiting in code.waiting]
    code.waiting = [waiting for waiting, time in waited if late is not None and time > late]
    for waiting, time in waited:
        in_time = late is None or time <= late
        if in_time and (waiting.own_code or waiting.referred_user != code.owner):
            _credit(case, waiting.referred_user, waiting.version)


def look_up_code(case: Case) -> None:
    """The owner of a code is credited; without one the look-up waits for it."""
    code, referred_user = case.member, case.facts["referred_user"]
    own_code = case.kind.get("own_code") == "allowed"
    if case.facts.get("unanswered"):
        raise Declined("unknown_code")
    if code.owner == referred_user and not own_code:
        raise Declined("self_referral")
    if code.owner is not None:
        _credit(case, referred_user, case.version.name)
        return
    if len(code.waiting) >= MOST_WAITING:
        raise Declined("unknown_code")
    said = case.said
    code.waiting.append(Waiting(referred_user, said.append_time, case.version.name, own_code))


def give_up(case: Case, kind: str, waiting: Waiting) -> None:
    """A look-up that waited in vain is said again as this type, to be declined."""
    case.member.waiting.remove(waiting)
    facts = {"referred_user": waiting.referred_user, "unanswered": True}
    code = case.member
    case.follows.append(derived(code.program, code.subject, kind, facts, case.version.name))


def _credit(case: Case, referred_user: str, version: str) -> None:
    code, answer = case.member, case.kind.get("answer")
    facts = {"referred_user": referred_user, "code": code.subject.removeprefix(_CODE)}
    if answer is not None:
        case.follows.append(derived(code.program, code.owner or "", answer, facts, version))


def take_status(case: Case) -> None:
    """A payment takes a status that may follow its own; some are answered to its owner."""
    payment, status = case.member, case.facts["status"]
    if payment.owner not in (None, case.facts["owner"]):
        raise Declined("once_only")
    if status not in case.kind.get("moves", {}).get(payment.status, []):
        raise Declined("once_only")
    payment.owner, payment.status = case.facts["owner"], status
    answer = case.kind.get("answers", {}).get(status)
    if answer is None:
        return
    known = {
        **case.facts,
        "payment": payment.subject.removeprefix(_PAYMENT),
        "action_id": payment.answered,
    }
    wanted = declared_facts((case.version.document or {})["actions"][answer])
    facts = {name: known[name] for name in wanted if known.get(name) is not None}
    case.follows.append(
        derived(payment.program, case.facts["owner"], answer, facts, case.version.name)
    )
    payment.answered = case.posting_id(answer.lower())
