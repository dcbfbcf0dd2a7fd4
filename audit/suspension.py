"""Suspended members: by an admin's word, or by themselves after too many suspicious declines."""

from audit.case import Case, Derived, derived, instant
from audit.periods import LAST_MOMENT, write_instant
from audit.rules import span_ms


def suspend(case: Case) -> None:
    """Suspend until a moment, or until it is taken back; a longer suspension stays."""
    until = case.facts.get("until")
    _suspend(case, LAST_MOMENT if until is None else instant(until))


def unsuspend(case: Case) -> None:
    """End what suspends the member: nobody is from this moment on; until then they were."""
    member = case.member
    member.suspended_until = None
    member.suspensions = [(start, min(end, case.moment)) for start, end in member.suspensions]


def is_suspended(case: Case, *, long_ago: bool) -> bool:
    """Whether a suspension is not over by the moment; or, of what was not too long ago, was then."""
    until = case.member.suspended_until
    if until is not None and case.moment < until:
        return True
    return not long_ago and any(
        start <= case.moment < end for start, end in case.member.suspensions
    )


def suspect(case: Case) -> list[Derived]:
    """Count a suspicious decline for its day; with too many of them the member is suspended."""
    suspicion = case.part("suspicion")
    case.member.suspicions[case.day] += 1
    if not suspicion or case.member.suspicions[case.day] < suspicion["times"]:
        return []
    until = case.moment + span_ms(suspicion["suspend"])
    _suspend(case, until)
    facts = {"until": write_instant(until), "reason": "suspicion"}
    said, version = case.said, case.version
    kind = version.engines("suspend")
    if kind is None:
        return []
    return [derived(said.program, said.user_id, kind, facts, version.name)]


def _suspend(case: Case, until: int) -> None:
    if until > case.moment:
        case.member.suspensions.append((case.moment, until))
        case.member.suspended_until = max(until, case.member.suspended_until or 0)
