"""What is asked of an action before its limits: suspension, lateness, whether there is a rule."""

from audit.case import Case
from audit.closing import period_bounds
from audit.effect_facts import declared_facts
from audit.members import Declined
from audit.rules import moment_of
from audit.suspension import is_suspended

_GIVES_NOTHING = (None, "profile", "opening", "confirm", "cancel", "reverse")
"""What suspended members are not kept from, when a service says it."""


def check_guards(case: Case) -> None:
    """Raise Declined for the first that does not let the action pass, in the order of the law."""
    if _is_suspendable(case) and is_suspended(case, long_ago=_was_long_ago(case)):
        raise Declined("suspended")
    if is_too_late(case):
        raise Declined("too_late")
    if _is_too_early(case):
        raise Declined("too_early")
    if not any(case.kind.get(part) for part in ("rules", "effect", "derives", "limits", "notify")):
        raise Declined("no_rule")
    if _is_over(case):
        raise Declined("inactive")


def is_too_late(case: Case) -> bool:
    """Whether it happened too long ago for the program; nobody can reverse too late in this sense."""
    return case.effect != "reverse" and _was_long_ago(case)


def _was_long_ago(case: Case) -> bool:
    """Whether it came longer after it happened, or after what its day goes by, than the program takes.

    Laurel's own actions never do.
    """
    late, said = case.version.accept_late(), case.said
    if late is None or said.internal:
        return False
    return said.append_time - min(said.occurred_at, case.counted_at) > late


def _is_suspendable(case: Case) -> bool:
    """Whether it is something that a suspended member may not do, or be given."""
    if case.said.internal or case.kind.get("while_suspended") or "admin" in origins(case):
        return False
    follows = bool(case.rules or case.kind.get("derives"))
    gives = follows or case.effect not in _GIVES_NOTHING
    return "outside" in origins(case) or ("service" in origins(case) and gives)


def _is_too_early(case: Case) -> bool:
    """Whether a job speaks of a period that was not over, or had not begun, when the broker took it."""
    at = 0 if case.effect == "open_period" else 1
    periods = [
        case.facts[name]
        for name, form in declared_facts(case.kind).items()
        if form["type"] == "period" and name in case.facts
    ]
    return case.said.internal and any(
        period_bounds(case, period)[at] > case.said.append_time for period in periods
    )


def _is_over(case: Case) -> bool:
    """Whether somebody but an admin says it, before the campaign starts or from its end on."""
    document, zone = case.version.document or {}, case.version.zone
    if case.said.internal or "admin" in origins(case):
        return False
    starts, ends = document.get("starts"), document.get("ends")
    before = starts is not None and case.moment < moment_of(str(starts), zone)
    return before or (ends is not None and case.moment >= moment_of(str(ends), zone))


def is_members_own(case: Case) -> bool:
    """Whether the member does it, or a service for it: what admins may say corrects what was done."""
    return not case.said.internal and "admin" not in origins(case)


def origins(case: Case) -> set[str]:
    """Who may say actions of this type."""
    origin = case.kind["origin"]
    return {origin} if isinstance(origin, str) else set(origin)
