"""Unlocks: bought with points or granted, some with a boost."""

from audit.case import Case
from audit.holdings import Boost
from audit.lots import take_out
from audit.members import Achievement, Declined
from audit.posting import add_line, moment_after
from audit.rules import Document, span_ms


def unlock(case: Case) -> None:
    """Buy an unlock. Raises Declined."""
    form = _wanted(case)
    currency = case.currency(form.get("currency"))
    cost = form["cost"] * case.unit(currency)
    if cost > case.member.balance[currency]:
        raise Declined("insufficient_balance")
    lots = take_out(case.member, currency, cost)
    add_line(case, "unlock", "redeem", currency, -cost, lots=lots)
    _open(case, form)


def grant_unlock(case: Case) -> None:
    """Get an unlock for nothing. Raises Declined."""
    _open(case, _wanted(case))


def _wanted(case: Case) -> Document:
    """The unlock that is asked for, when the program knows it and it is not held, or repeatable."""
    name = case.facts["unlock"]
    form: Document | None = case.part("unlocks").get(name)
    if form is None:
        raise Declined("condition")
    if _is_held(case, name) and not form.get("repeatable"):
        raise Declined("once_only")
    return form


def _is_held(case: Case, name: str) -> bool:
    _, until = case.member.unlocks.get(name, (0, 0))
    return until is None or case.moment < until


def _open(case: Case, form: Document) -> None:
    name = case.facts["unlock"]
    times = case.member.unlocks.get(name, (0, None))[0] + 1
    until = moment_after(case, form["expires"]) if "expires" in form else None
    case.member.unlocks[name] = (times, until)
    told = Achievement(case.posting_id(f"unlock-{name}"), "unlock", name, times, "EARNED")
    case.member.achievements.append(told)
    if "boost" in form:
        _boost(case, form["boost"])


def _boost(case: Case, form: Document) -> None:
    """Begin a boost, or extend the one that has not ended; of another factor it takes its place."""
    length, before = span_ms(form["for"]), case.member.boosts.get(form["currency"])
    boost = Boost(form["factor"], case.moment, case.moment + length)
    if before is not None and before.factor == form["factor"] and case.moment < before.until:
        boost = before._replace(until=before.until + length)
    case.member.boosts[form["currency"]] = boost
