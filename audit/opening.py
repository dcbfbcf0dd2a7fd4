"""Moving in: balances, lots, lifetimes, grants, badges, streaks and counts from another system."""

from collections.abc import Iterable
from fractions import Fraction

from audit.case import Case, instant
from audit.holdings import LotTold
from audit.levels import steps_of
from audit.lots import put_in
from audit.members import MOST_UNITS, Declined
from audit.posting import add_line
from audit.rules import Document
from audit.standard import all_actions


def open_account(case: Case) -> None:
    """Take over what another system says, as the account's first action. Raises Declined."""
    if case.member.counts or case.member.owner:
        raise Declined("once_only")
    document = case.version.document or {}
    for fact, known in (
        *((name, document["currencies"]) for name in ("balances", "lifetimes", "lots")),
        *((name, document.get(name, {})) for name in ("badges", "streaks")),
        ("steps", document.get("ladders", {})),
        ("counts", all_actions(document)),
    ):
        _check_known(_told(case, fact), known)
    _check_numbers(case)
    told = (*_told(case, "balances"), *_told(case, "lifetimes"), *_told(case, "lots"))
    for currency in dict.fromkeys(told):
        _open_currency(case, currency)
    for ladder, step in _told(case, "steps").items():
        _mark_granted(case, ladder, step)
    case.member.badges |= _whole(_told(case, "badges"))
    case.member.counts |= _whole(_told(case, "counts"))
    for streak, days in _whole(_told(case, "streaks")).items():
        case.member.streaks[streak] = (days, case.day)
        case.member.last_days[streak] = case.first_moment


def _told(case: Case, fact: str) -> Document:
    told: Document = case.facts.get(fact, {})
    return told


def _check_known(names: Iterable[str], known: Document) -> None:
    if not set(names) <= known.keys():
        raise Declined("condition")


def _check_numbers(case: Case) -> None:
    """No count, streak or level is below 0, no level above the badge's, and it counts itself."""
    badges, levels = case.part("badges"), _whole(_told(case, "badges"))
    counts, streaks = _whole(_told(case, "counts")), _whole(_told(case, "streaks"))
    too_low = any(number < 0 for told in (levels, counts, streaks) for number in told.values())
    too_high = any(level > len(badges[name].get("levels", [1])) for name, level in levels.items())
    if too_low or too_high or case.said.type in _told(case, "counts"):
        raise Declined("condition")


def _open_currency(case: Case, currency: str) -> None:
    """Put the lots as told on the account, and the rest of the balance into the pool."""
    posting = f"opening_{currency}"
    balance = _units(case, currency, _told(case, "balances").get(currency, 0))
    lifetime = _units(case, currency, _told(case, "lifetimes").get(currency, 0))
    lots: list[LotTold] = []
    rest = balance
    for n, (points, expires_at) in enumerate(_told(case, "lots").get(currency, []), 1):
        units, lot = _units(case, currency, points), case.posting_id(f"{posting}_{n}")
        lots += put_in(case.member, currency, lot, units, instant(expires_at))
        rest -= units
    if lots and rest < 0:
        raise Declined("condition")
    if max(balance, lifetime) > MOST_UNITS:
        raise Declined("limit_reached")
    lots += put_in(case.member, currency, case.posting_id(posting), rest, None)
    add_line(
        case,
        posting,
        "adjust",
        currency,
        balance,
        lifetime=lifetime,
        lots=tuple(lots),
        scores="all_time",
    )


def _units(case: Case, currency: str, points: object) -> int:
    units = Fraction(str(points)) * case.unit(currency)
    if units.denominator != 1:
        raise Declined("condition")
    return int(units)


def _mark_granted(case: Case, ladder: str, step: str) -> None:
    """The grants of a step, and of all below it, were given elsewhere."""
    names = [each["name"] for each in steps_of(case.part("ladders")[ladder])]
    if step not in names:
        raise Declined("condition")
    case.member.granted |= {(ladder, name) for name in names[: names.index(step) + 1]}


def _whole(numbers: Document) -> dict[str, int]:
    """Whole numbers by name, but those that are 0. Raises Declined for one that is not whole."""
    if any(number != int(number) for number in numbers.values()):
        raise Declined("condition")
    return {name: int(number) for name, number in numbers.items() if number}
