"""Effects that spend in two steps, and that take an award back."""

from collections.abc import Collection

from processors.engine import lots
from processors.engine.awards import tell
from processors.engine.decision import Refusal
from processors.engine.lots import AVAILABLE, IN_LOTS, LIFETIME, RESERVED, Entry, Shelf
from processors.engine.numbers import POWERS, show
from processors.engine.rules import Effect, Scene
from processors.engine.settle import drop_reservation, forfeit, restore, settle
from schemas import parts
from schemas.parts import Held, Reservation
from schemas.results import Declined, Lot

FACT_SCALE = 6
"""Decimals of the fact `points` of these effects."""


def reserve(scene: Scene) -> Refusal | None:
    """Set lots aside for a while."""
    rules, facts = scene.rules, scene.facts
    currency = facts.get("currency", rules.currency)
    if currency not in rules.scales:
        return Refusal(Declined.CONDITION, f"no currency is called {currency}")
    points = _units(scene, currency)
    if points is None:
        return Refusal(Declined.CONDITION, f"points have more decimals than {currency}")
    purse = lots.purse_of(scene.draft, currency)
    if purse[AVAILABLE] < points:
        message = f"{points} {currency} asked for, {purse[AVAILABLE]} available"
        return Refusal(Declined.INSUFFICIENT_BALANCE, message)
    touched, taken = lots.take(scene.draft, currency, points, rules.reversible_for)
    purse = lots.purse_of(scene.draft, currency)
    purse[AVAILABLE] -= points
    purse[RESERVED] += points
    lapses_at = scene.action.occurred_at + rules.reserve_for
    reservations = parts.RESERVATIONS.read(scene.draft.head)
    reservations[scene.action.id] = Reservation(currency, points, lapses_at, taken)
    parts.RESERVATIONS.write(scene.draft.head, reservations)
    lots.note_due(scene.draft.head, lapses_at)
    _tell_simply(scene, "reserve", currency, -points, touched)
    return None


def confirm(scene: Scene) -> Refusal | None:
    """Spend what was reserved."""
    name = scene.facts["reservation"]
    if name not in parts.RESERVATIONS.read(scene.draft.head):
        return _no_reservation(name)
    reserved = drop_reservation(scene, name)
    # Its lots were taken when it was reserved.
    _tell_simply(scene, "confirm", reserved.currency, -reserved.points, [])
    return None


def cancel(scene: Scene) -> Refusal | None:
    """Give back what was reserved."""
    name = scene.facts["reservation"]
    if name not in parts.RESERVATIONS.read(scene.draft.head):
        return _no_reservation(name)
    restore(scene, name, "cancel", scene.action.type, "cancel")
    settle(scene)  # A lot that comes back past its time expires at once.
    return None


def _no_reservation(name: str) -> Refusal:
    return Refusal(Declined.CONDITION, f"reservation: nothing is reserved as {name}")


def _tell_simply(scene: Scene, kind: str, currency: str, points: int, touched: list[Lot]) -> None:
    shown = show(abs(points), scene.rules.scales.get(currency, 0))
    tell(
        scene,
        name=kind,
        kind=kind,
        action=scene.action.type,
        currency=currency,
        points=points,
        touched=touched,
        rule=f"{scene.rules.version}/{kind}",
        why=[(kind, shown)],
    )


def _units(scene: Scene, currency: str) -> int | None:
    """Return the fact `points` in units of a currency; None when it has more decimals."""
    units, rest = divmod(scene.facts["points"], POWERS[FACT_SCALE - scene.rules.scales[currency]])
    return None if rest else int(units)


def bind_reverse(types: Collection[str]) -> Effect:
    """Make the effect that takes back awards of these action types; of all where none is named."""

    def effect(scene: Scene) -> Refusal | None:
        award_id = scene.facts["action_id"]
        awards: list[Entry | Held] = [
            *Shelf(scene.draft),
            *parts.HOLDS.read(scene.draft.head),
        ]
        found = [each for each in awards if each.id.rpartition("#")[0] == award_id]
        rules = [scene.rules.awards.get(each.id.rpartition("#")[2]) for each in found]
        if types and any(rule is not None and rule.type not in types for rule in rules):
            found = []
        return _reverse(scene, award_id, found)

    return effect


def _reverse(scene: Scene, award_id: str, found: list[Entry | Held]) -> Refusal | None:
    """Take back what an action was given, wholly or in part."""
    if not found:
        return Refusal(Declined.CONDITION, f"action_id: no award of {award_id} can be reversed")
    wanted = _wanted(scene, found)
    if isinstance(wanted, Refusal):
        return wanted
    if _is_too_old(scene, min(each.occurred_at for each in found)):
        return Refusal(Declined.NOT_REVERSIBLE, f"{award_id} is too old to be reversed")
    for each, points in zip(found, wanted, strict=True):
        if points and isinstance(each, Held):
            forfeit(scene, each, f"reverse-{each.rule}", points)
        elif points and isinstance(each, Entry):
            _take_back(scene, each.id, points)
    return None


def _is_too_old(scene: Scene, given_at: int) -> bool:
    """Tell whether an award may be reversed no more: the account may have forgotten it by then."""
    action, rules = scene.action, scene.rules
    came_after = action.append_time - given_at
    return (
        action.occurred_at - given_at > rules.reversible_for
        or came_after > rules.reversible_for + rules.accept_late
    )


def _rest(award: Entry | Held) -> int:
    return award.points if isinstance(award, Held) else award.rest


def _wanted(scene: Scene, found: list[Entry | Held]) -> list[int] | Refusal:
    """Return how much of each award is to be taken back."""
    if "points" not in scene.facts:
        wanted = [_rest(each) for each in found]
        if any(wanted):
            return wanted
        return Refusal(Declined.CONDITION, "points: nothing is left of it")
    currency = found[0].currency
    asked = _units(scene, currency)
    left = sum(_rest(each) for each in found if each.currency == currency)
    if asked is None or asked > left:
        shown = show(left, scene.rules.scales.get(currency, 0))
        return Refusal(Declined.CONDITION, f"points: {shown} are left of it")
    wanted = []
    for each in found:
        part = min(asked, _rest(each)) if each.currency == currency else 0
        asked -= part
        wanted.append(part)
    return wanted


def _take_back(scene: Scene, posting_id: str, points: int) -> None:
    """Take points of one award: of its own lot, what was spent from others, nothing for what expired."""
    draft, rules = scene.draft, scene.rules
    shelf = Shelf(draft)
    [entry] = [each for each in shelf if each.id == posting_id]
    own = min(entry.left, points)
    spent = 0
    if entry.expires_at is None:
        spent = points
    else:
        spent = min(points - own, entry.rest - entry.left - entry.expired)
        spent = max(spent, 0)
    gone = min(points - own - spent, entry.expired)
    entry.left -= own
    entry.expired -= gone
    entry.rest -= points
    shelf.put_back(rules.reversible_for)
    touched: list[Lot] = lots.told([(entry.id, own, entry.expires_at)], -1) if own else []
    purse = lots.purse_of(draft, entry.currency)
    purse[AVAILABLE] -= own
    purse[IN_LOTS] -= own
    if spent:
        touched += _take_others(scene, entry, spent)
    purse = lots.purse_of(draft, entry.currency)
    purse[LIFETIME] -= points
    name = posting_id.rpartition("#")[2]
    rule = rules.awards.get(name)
    scores, columns = [], None if rule is None else rule.columns
    if rule is not None and columns is not None:
        scores = rules.boards.score(
            draft.head, scene.day, -points, columns, scene.forget_before, rule.category
        )
    tell(
        scene,
        name=f"reverse-{name}",
        kind="reverse",
        action=scene.action.type,
        currency=entry.currency,
        points=-(own + spent),
        lifetime_points=-points,
        touched=touched,
        scores=scores,
        columns=columns,
        category=None if rule is None else rule.category,
        actor=scene.facts.get("created_by"),
        reason=scene.facts.get("reason"),
        rule=f"{rules.version}/reverse",
        why=[
            (f"of {posting_id}", show(points, rules.scales.get(entry.currency, 0))),
            ("not expired", show(own + spent, rules.scales.get(entry.currency, 0))),
        ],
    )


def _take_others(scene: Scene, entry: Entry, points: int) -> list[Lot]:
    """Take what is no more in an award's own lot: lots first; of an award without one, the pool."""
    draft = scene.draft
    if entry.expires_at is None:
        purse = lots.purse_of(draft, entry.currency)
        pool = max(min(points, purse[AVAILABLE] - purse[IN_LOTS]), 0)
        purse[AVAILABLE] -= pool
        touched = lots.told([(lots.POOL, pool, None)], -1) if pool else []
        if points == pool:
            return touched
        points -= pool
    else:
        touched = []
    more, _ = lots.take(draft, entry.currency, points, scene.rules.reversible_for)
    lots.purse_of(draft, entry.currency)[AVAILABLE] -= points
    return touched + more
