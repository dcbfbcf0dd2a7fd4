"""Redemption in two steps: lots set aside, then spent, or restored with their expiry."""

from fractions import Fraction

from audit.case import Case
from audit.holdings import LotTold, Reservation
from audit.lots import put_in, take_out
from audit.members import Declined
from audit.posting import add_line
from audit.rules import span_ms

RESERVE_FOR = "30 minutes"


def amount(case: Case, currency: str) -> int:
    """The fact `points` in smallest units. Raises Declined when it has more decimals than they."""
    units = Fraction(case.facts["points"]) * case.unit(currency)
    if units.denominator != 1:
        raise Declined("condition")
    return int(units)


def reserve(case: Case) -> None:
    """Set lots aside under the id of the action."""
    currency = case.facts.get("currency") or case.currency()
    if currency not in case.part("currencies"):
        raise Declined("condition")
    points = amount(case, currency)
    if points > case.member.balance[currency]:
        raise Declined("insufficient_balance")
    lots = take_out(case.member, currency, points)
    case.member.reserved[currency] += points
    document = case.version.document or {}
    due = case.moment + span_ms(document.get("reserve_for", RESERVE_FOR))
    case.member.reservations[case.said.id] = Reservation(currency, lots, due)
    add_line(case, "reserve", "reserve", currency, -points, lots=lots)


def confirm(case: Case) -> None:
    """Spend what was set aside."""
    reservation = _settled(case, case.facts["reservation"])
    add_line(case, "confirm", "confirm", reservation.currency, -set_aside(reservation))


def cancel(case: Case) -> None:
    """Give back what was set aside; a lot that is past its time expires at once."""
    lots = _restore(case, case.facts["reservation"], "cancel", "cancel", case.said.type)
    for lot, _, expires_at in lots:
        if expires_at is not None and expires_at <= case.moment and case.member.lots[lot].left:
            expire(case, lot)


def lapse(case: Case, name: str) -> None:
    """Give back what was set aside too long ago; what expired meanwhile is due by its own moment."""
    _restore(case, name, f"lapse-{name}", "lapse", "RESERVE_LAPSE")


def expire(case: Case, name: str) -> None:
    """Take what is left of a lot whose time is over."""
    lot = case.member.lots[name]
    lots = take_out(case.member, lot.currency, lot.left, [name])
    case.member.lots[name] = lot._replace(left=0, expired=lot.expired + lot.left)
    times = 1 + sum(line.kind == "expire" and line.lots[0][0] == name for line in case.lines)
    add_line(
        case,
        # What comes back past its time expires after what was not set aside.
        f"expire-{name}" if times == 1 else f"expire-{name}-{times}",
        "expire",
        lot.currency,
        -lot.left,
        rule="expire",
        action="EXPIRATION",
        lots=lots,
    )


def set_aside(reservation: Reservation) -> int:
    """How many points a reservation holds."""
    return -sum(points for _, points, _ in reservation.lots)


def _settled(case: Case, name: str) -> Reservation:
    """Take a reservation off the account. Raises Declined when there is none of this name."""
    reservation = case.member.reservations.pop(name, None)
    if reservation is None:
        raise Declined("condition")
    case.member.reserved[reservation.currency] -= set_aside(reservation)
    return reservation


def _restore(case: Case, name: str, posting: str, rule: str, action: str) -> tuple[LotTold, ...]:
    """Put lots back with their expiry; gives those that were set aside."""
    reservation = _settled(case, name)
    currency, lots = reservation.currency, list[LotTold]()
    for lot, points, expires_at in reservation.lots:
        lots += put_in(case.member, currency, lot, -points, expires_at)
    points = set_aside(reservation)
    add_line(case, posting, "cancel", currency, points, rule=rule, action=action, lots=tuple(lots))
    return reservation.lots
