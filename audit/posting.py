"""Puts lines on an account: balances, lots, boards."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from audit.case import PERIOD_OF, Case
from audit.holdings import Award, LotTold
from audit.lots import put_in, take_out
from audit.members import Line
from audit.periods import local_day, period_end, period_name
from audit.rules import Document, span_ms
from audit.standings import score_line
from audit.steps import tier_of

TAKES = ("redeem", "send")
OF_LIFETIME = ("earn", "adjust")
_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DECEMBER = 12


def add_line(
    case: Case,
    name: str,
    kind: str,
    currency: str,
    points: int,
    *,
    rule: str | None = None,
    lifetime: int = 0,
    action: str | None = None,
    expires_at: int | None = None,
    lots: tuple[LotTold, ...] = (),
    scores: str = "all",
    category: str | None = None,
) -> Line:
    """Add a line for what was just done to the account, and move the boards that it changes.

    `name` is what the posting's id adds to the action's; the rule is called alike if not said.
    """
    member = case.member
    member.lifetime[currency] += lifetime
    line = Line(
        id=case.posting_id(name),
        action=action or case.said.type,
        rule=rule or name,
        kind=kind,
        currency=currency,
        points=points,
        lifetime_points=lifetime,
        balance=member.balance[currency],
        lifetime=member.lifetime[currency],
        tier=tier_of(case),
        occurred_at=case.moment,
        expires_at=expires_at,
        lots=lots,
    )
    case.lines.append(line)
    score_line(case, line, scores, category)
    return line


def book_rule(case: Case, name: str, points: int) -> None:
    """Book what a rule gives at once, or takes."""
    rule: Document = case.rules[name]
    kind, currency = rule.get("kind", "earn"), case.currency(rule.get("currency"))
    change = -points if kind in TAKES else points
    expires_at = expiry_of(case, rule) if change > 0 else None
    if change > 0:
        lots = put_in(case.member, currency, case.posting_id(name), change, expires_at)
    else:
        lots = take_out(case.member, currency, -change)
    line = add_line(
        case,
        name,
        kind,
        currency,
        change,
        lifetime=change if kind in OF_LIFETIME else 0,
        action=rule.get("action"),
        expires_at=expires_at,
        lots=lots,
        scores=rule.get("scores", "all"),
        category=rule.get("category"),
    )
    if kind == "earn" and change > 0:
        remember_award(case, name, line)


def remember_award(case: Case, rule: str, line: Line) -> None:
    """Keep an award so that it can be reversed, if anything of the program may do so."""
    forms = [form for form in case.part("actions").values() if form.get("effect") == "reverse"]
    if not any(case.said.type in form.get("reverses", [case.said.type]) for form in forms):
        return
    case.member.awards[line.id] = Award(
        action_id=case.said.id,
        type=case.said.type,
        rule=rule,
        lot=line.id,
        currency=line.currency,
        points=line.points,
        occurred_at=case.moment,
        expires=line.expires_at is not None,
        category=case.rules[rule].get("category"),
        scores=case.rules[rule].get("scores", "all"),
    )


def expiry_of(case: Case, rule: Document) -> int | None:
    """When what a rule gives now expires; None for never."""
    written = rule.get("expires")
    return None if written is None else moment_after(case, written)


def moment_after(case: Case, written: str) -> int:
    """The moment `1 year` after the action, or the first one after its period: `end of month`.

    After days and longer it is the same time of day, whatever the clock was set to meanwhile.
    """
    zone = case.version.zone
    if written.startswith("end of "):
        kind = PERIOD_OF[written.removeprefix("end of ")]
        return period_end(period_name(kind, local_day(case.moment, zone)), zone)
    number, unit = written.split(" ")
    unit = unit.rstrip("s")
    local = (_EPOCH + timedelta(milliseconds=case.moment)).astimezone(ZoneInfo(zone))
    if unit in _MONTHS:
        local = _months_later(local, int(number) * _MONTHS[unit])
    elif unit in _DAYS:
        local += timedelta(days=int(number) * _DAYS[unit])
    else:
        return case.moment + span_ms(written)
    return (local.replace(fold=0).astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)


def _months_later(local: datetime, months: int) -> datetime:
    """The same time of day so many months later; the last day where the month is too short."""
    month = local.month - 1 + months
    year, month = local.year + month // _DECEMBER, month % _DECEMBER + 1
    for day in range(local.day, 0, -1):
        try:
            return local.replace(year=year, month=month, day=day)
        except ValueError:
            continue
    raise ValueError(f"no day {months} months after {local}")
