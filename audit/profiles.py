"""What rules know of a member, and the paths that members walk."""

from audit.case import Case
from audit.members import Declined
from audit.standings import join, leave, move


def set_profile(case: Case) -> None:
    """Change what was sent; a new country or team takes the scores along."""
    member, sent = case.member, case.facts
    if sent.get("country", member.country) != member.country:
        member.country = sent["country"]
        move(case, "country")
    for name in ("team", "segments", "joined_at", "timezone", "listed"):
        if name in sent:
            member.profile[name] = sent[name]
    move(case, "team")


def join_path(case: Case) -> None:
    """Walk a path from now on. Raises Declined when the program has none of this name."""
    if case.facts["path"] not in case.part("paths"):
        raise Declined("condition")
    case.member.path_xp.setdefault(case.facts["path"], 0)
    if case.facts["path"] not in case.member.paths:
        case.member.paths.add(case.facts["path"])
        join(case, case.facts["path"])


def primary_path(case: Case) -> None:
    """Join a path and make it the one that multiplies awards."""
    join_path(case)
    case.member.primary_path = case.facts["path"]


def leave_path(case: Case) -> None:
    """Walk a path no longer, if ever; its experience stays."""
    path = case.facts["path"]
    if path not in case.part("paths"):
        raise Declined("condition")
    if path in case.member.paths:
        case.member.paths.discard(path)
        leave(case, path)
    if case.member.primary_path == path:
        case.member.primary_path = None
