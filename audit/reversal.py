"""Takes back an award, wholly or in part: its own lot first, then others; lifetime by all of it."""

from audit.case import Case
from audit.holdings import Award, Lot
from audit.lots import POOL, lots_of, take_out
from audit.members import Declined
from audit.posting import add_line
from audit.reservations import amount
from audit.rules import span_ms

REVERSIBLE_FOR = "180 days"


def reverse(case: Case) -> None:
    """Reverse the rest of all awards of an action, or so many points of them. Raises Declined."""
    action_id, kept = case.facts["action_id"], case.member.awards.values()
    awards = [
        award
        for award in kept
        if award.action_id == action_id and award.type in case.kind.get("reverses", [award.type])
    ]
    if not awards:
        raise Declined("condition")
    if _is_too_old(case, awards[0]):
        raise Declined("not_reversible")
    for award, points in _shares(case, awards):
        _take_back(case, award, points)


def _is_too_old(case: Case, award: Award) -> bool:
    """Whether the reversal happened too long after the award, or came when none could any more."""
    written = (case.version.document or {}).get("reversible_for", REVERSIBLE_FOR)
    within, late = span_ms(written), case.version.accept_late()
    came_too_late = late is not None and case.said.append_time - award.occurred_at > within + late
    return came_too_late or case.moment - award.occurred_at > within


def _shares(case: Case, awards: list[Award]) -> list[tuple[Award, int]]:
    """How much of each award is reversed, those of which something is."""
    if "points" in case.facts:
        awards = [award for award in awards if award.currency == awards[0].currency]
    left = {award.lot: award.points - award.reversed for award in awards}
    wanted = sum(left.values())
    if "points" in case.facts:
        wanted = amount(case, awards[0].currency)
    if not 0 < wanted <= sum(left.values()):
        raise Declined("condition")
    shares = []
    for award in awards:
        points = min(wanted, left[award.lot])
        wanted -= points
        if points > 0:
            shares.append((award, points))
    return shares


def _take_back(case: Case, award: Award, points: int) -> None:
    member, expired = case.member, 0
    if award.lot in member.holds:
        _take_from_hold(case, award, points)
    else:
        expired = _take_from_lots(case, award, points)
    member.awards[award.lot] = award._replace(
        reversed=award.reversed + points, reversed_expired=award.reversed_expired + expired
    )


def _take_from_hold(case: Case, award: Award, points: int) -> None:
    """What is still held is forfeited, and nothing else moves."""
    member, hold = case.member, case.member.holds[award.lot]
    member.held[award.currency] -= points
    if points < hold.points:
        member.holds[award.lot] = hold._replace(points=hold.points - points)
    else:
        del member.holds[award.lot]
    add_line(
        case,
        f"reverse-{award.rule}",
        "forfeit",
        award.currency,
        -points,
        rule="reverse",
    )


def _take_from_lots(case: Case, award: Award, points: int) -> int:
    """Take what is there of an award; gives how much of it had expired and takes nothing."""
    member, currency = case.member, award.currency
    own = member.lots.get(award.lot, Lot(currency, 0, 0))
    from_own = min(points, own.left)
    left_of_it = award.points - award.reversed
    gone = max(0, own.expired - award.reversed_expired)
    spent = max(0, left_of_it - own.left - gone)
    taken = from_own + min(points - from_own, spent)
    others = [name for name in lots_of(member, currency) if name != award.lot]
    order = [award.lot, *others, POOL] if award.expires else [POOL, *others]
    lots = take_out(member, currency, taken, order)
    add_line(
        case,
        f"reverse-{award.rule}",
        "reverse",
        currency,
        -taken,
        rule="reverse",
        lifetime=-points,
        lots=lots,
        scores=award.scores,
        category=award.category,
    )
    return points - taken
