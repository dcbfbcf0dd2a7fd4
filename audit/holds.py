"""Awards that are held: made, released, forfeited."""

from audit.case import Case
from audit.formula import holds
from audit.holdings import Hold
from audit.lots import put_in
from audit.periods import period_end
from audit.posting import add_line, expiry_of, remember_award
from audit.rules import Document, span_ms

HOLD_END = "HOLD_END"


def is_held(case: Case, rule: Document) -> bool:
    """Whether an award of this rule is held: for a time, or because its condition does not hold."""
    hold = _hold_of(rule)
    return bool(hold) and not ("until" in hold and holds(case, hold["until"]))


def rules_fulfilled(case: Case) -> list[str]:
    """The rules whose held awards wait for nothing more with this action, whatever they give."""
    waited_for = {name: _hold_of(rule).get("until") for name, rule in case.rules.items()}
    return [name for name, until in waited_for.items() if until and holds(case, until)]


def _hold_of(rule: Document) -> Document:
    hold = rule.get("hold", {})
    return {"for": hold} if isinstance(hold, str) else hold


def book_held(case: Case, name: str, points: int) -> None:
    """Book what a rule gives as held; it uses caps, and nothing else yet."""
    rule = case.rules[name]
    hold, currency = _hold_of(rule), case.currency(rule.get("currency"))
    expires_at = expiry_of(case, rule)
    line = add_line(
        case, name, "hold", currency, points, action=rule.get("action"), expires_at=expires_at
    )
    case.member.held[currency] += points
    case.member.holds[line.id] = Hold(
        type=case.said.type,
        rule=name,
        day=case.day,
        currency=currency,
        points=points,
        due=_due(case, hold),
        forfeits="until" in hold,
        expires_at=expires_at,
        scores=rule.get("scores", "all"),
        category=rule.get("category"),
    )
    if rule.get("kind", "earn") == "earn":
        remember_award(case, name, line)


def _due(case: Case, hold: Document) -> int:
    """After its time; or at the first moment of the next day."""
    if "until" in hold:
        return period_end(case.period("day"), case.version.zone)
    return case.moment + span_ms(hold["for"])


def release_day(case: Case, rules: set[str]) -> None:
    """Release what waits for the conditions of these rules on this day, in the order it was made."""
    place = (case.said.type, case.day)
    for name, hold in list(case.member.holds.items()):
        if hold.forfeits and (hold.type, hold.day) == place and hold.rule in rules:
            release(case, name)


def release(case: Case, name: str) -> None:
    """Make held points available; their lot begins now, with the expiry that was said then."""
    hold = case.member.holds.pop(name)
    case.member.held[hold.currency] -= hold.points
    lots = put_in(case.member, hold.currency, name, hold.points, hold.expires_at)
    add_line(
        case,
        f"release-{name}",
        "release",
        hold.currency,
        hold.points,
        rule="release",
        lifetime=hold.points,
        action=HOLD_END,
        expires_at=hold.expires_at,
        lots=lots,
        scores=hold.scores,
        category=hold.category,
    )


def forfeit(case: Case, name: str) -> None:
    """Take held points away for good; there is nothing left to reverse."""
    hold = case.member.holds.pop(name)
    case.member.awards.pop(name, None)
    case.member.held[hold.currency] -= hold.points
    add_line(
        case,
        f"forfeit-{name}",
        "forfeit",
        hold.currency,
        -hold.points,
        rule="forfeit",
        action=HOLD_END,
    )
