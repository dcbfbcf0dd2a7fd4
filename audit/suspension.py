"""Suspended members: by an admin's word, or by themselves after too many suspicious declines."""

from audit.case import Case, Derived, derived, instant
from audit.periods import LAST_MOMENT, write_instant
from audit.rules import span_ms


def suspend(case: Case) -> None:
    """Suspend until a moment, or until it is taken back; a longer suspension stays."""
    until = case.facts.get("until")
    told = LAST_MOMENT if until is None else instant(until)
    case.member.suspended_until = max(told, case.member.suspended_until or 0)


def unsuspend(case: Case) -> None:
    """End a suspension."""
    case.member.suspended_until = None


def suspect(case: Case) -> list[Derived]:
    """Count a suspicious decline for its day; with too many of them the member is suspended."""
    suspicion = case.part("suspicion")
    case.member.suspicions[case.day] += 1
    if not suspicion or case.member.suspicions[case.day] < suspicion["times"]:
        return []
    until = case.moment + span_ms(suspicion["suspend"])
    case.member.suspended_until = until
    facts = {"until": write_instant(until), "reason": "suspicion"}
    said, version = case.said, case.version
    kind = version.engines("suspend")
    if kind is None:
        return []
    return [derived(said.program, said.user_id, kind, facts, version.name)]
