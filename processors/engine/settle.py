"""Settling: what is due on an account is done before the next action of it is looked at."""

from collections.abc import Iterator
from typing import NamedTuple

from processors.engine import codes, lots, suspensions
from processors.engine.awards import tell
from processors.engine.lots import AVAILABLE, HELD, IN_LOTS, LIFETIME, RESERVED, Entry, Shelf
from processors.engine.numbers import show
from processors.engine.rules import Scene
from schemas import parts
from schemas.accounts import Head
from schemas.parts import Held, Reservation
from schemas.results import Lot

_SUSPENSION, _RESERVATION, _HOLD, _LOT, _LOOK_UP = range(5)


class Due(NamedTuple):
    """Something due, in the order in which it is settled: by its moment, then by what it is."""

    at: int
    what: int
    number: int
    item: "Held | Entry | str | None"


def settle(scene: Scene) -> None:
    """Settle everything that is due when the action happened, the earliest first."""
    now = scene.action.occurred_at
    coming = list(_due(scene))
    while due := [each for each in coming if each.at <= now]:
        _settle(scene, min(due, key=lambda each: each[:3]))
        coming = list(_due(scene))
    scene.draft.head.due_at = min((each.at for each in coming), default=None)


def _due(scene: Scene) -> Iterator[Due]:
    """Yield everything that will be due on the account, in no order."""
    head = scene.draft.head
    if head.parts:
        yield from _due_in_parts(head)
    for number, entry in enumerate(lots.lots_of(lots.entries(scene.draft))):
        yield Due(entry.expires_at or 0, _LOT, number, entry)
    given_up = codes.given_up_at(scene)
    if given_up is not None:
        yield Due(given_up, _LOOK_UP, 0, None)


def _due_in_parts(head: Head) -> Iterator[Due]:
    until = parts.SUSPENSION.read(head).until
    if until:
        yield Due(until, _SUSPENSION, 0, None)
    for number, (name, reserved) in enumerate(parts.RESERVATIONS.read(head).items()):
        yield Due(reserved.lapses_at, _RESERVATION, number, name)
    for number, held in enumerate(parts.HOLDS.read(head)):
        yield Due(held.due_at, _HOLD, number, held)


def _settle(scene: Scene, due: Due) -> None:
    head = scene.draft.head
    if isinstance(due.item, Held):
        release(scene, due.item) if not due.item.forfeits else forfeit(scene, due.item, "forfeit")
    elif isinstance(due.item, Entry):
        _expire(scene, due.item)
    elif isinstance(due.item, str):
        restore(scene, due.item, f"lapse-{due.item}", "RESERVE_LAPSE", "lapse")
    elif due.what == _LOOK_UP:
        codes.give_up(scene)
    else:
        suspensions.run_out(head)


def _expire(scene: Scene, due: Entry) -> None:
    """Take what is left of a lot that is past its time."""
    shelf = Shelf(scene.draft)
    [entry] = [each for each in shelf.lots(due.currency) if each.id == due.id]
    points, entry.left = entry.left, 0
    entry.expired += points
    shelf.put_back(scene.rules.reversible_for)
    purse = lots.purse_of(scene.draft, due.currency)
    purse[AVAILABLE] -= points
    purse[IN_LOTS] -= points
    tell(
        scene,
        name=_name_of_expiry(scene, due.id),
        kind="expire",
        action="EXPIRATION",
        currency=due.currency,
        points=-points,
        touched=lots.told([(due.id, points, due.expires_at)], -1),
        rule=f"{scene.rules.version}/expire",
        why=[(f"left of {due.id}", _shown(scene, due.currency, points))],
    )


def _name_of_expiry(scene: Scene, lot: str) -> str:
    """Name the expiry of a lot; one that came back meanwhile expires more than once by one action."""
    before = [each for each in scene.postings if each.kind == "expire" and each.lots[0][0] == lot]
    return f"expire-{lot}-{len(before) + 1}" if before else f"expire-{lot}"


def release(scene: Scene, held: Held) -> None:
    """Give what was held: from now on it is available, counts for life and on boards."""
    _lessen(scene, held, held.points)
    draft, rules = scene.draft, scene.rules
    purse = lots.purse_of(draft, held.currency)
    owed = purse[AVAILABLE]
    purse[HELD] -= held.points
    purse[AVAILABLE] += held.points
    purse[LIFETIME] += held.points
    opened = held.points if owed >= 0 else max(purse[AVAILABLE], 0)
    expires = held.expires_at
    touched: list[Lot] = []
    if opened:
        touched = lots.told([(held.id, opened, expires)])
    if expires is not None:
        purse[IN_LOTS] += opened
    rule = rules.awards.get(held.rule)
    reversible = rule is None or rule.reversible
    if reversible or expires is not None:
        entry = Entry(
            held.id,
            held.currency,
            held.points,
            held.points if reversible else 0,
            opened if expires is not None else 0,
            held.occurred_at,
            expires,
        )
        lots.note_award(draft, entry, rules.reversible_for, scene.forget_before)
    scores = []
    if held.columns is not None:
        category = None if rule is None else rule.category
        scores = rules.boards.score(
            draft.head, scene.day, held.points, held.columns, scene.forget_before, category
        )
    tell(
        scene,
        name=f"release-{held.id}",
        kind="release",
        action="HOLD_END",
        currency=held.currency,
        points=held.points,
        lifetime_points=held.points,
        touched=touched,
        scores=scores,
        expires=expires,
        category=None if rule is None else rule.category,
        columns=held.columns,
        rule=f"{rules.version}/release",
        why=[(f"held as {held.id}", _shown(scene, held.currency, held.points))],
    )


def forfeit(scene: Scene, held: Held, name: str, points: int | None = None) -> None:
    """Take what was held, or a part of it, before it was ever available."""
    lost = held.points if points is None else points
    _lessen(scene, held, lost)
    lots.purse_of(scene.draft, held.currency)[HELD] -= lost
    tell(
        scene,
        name=f"{name}-{held.id}" if name == "forfeit" else name,
        kind="forfeit",
        action="HOLD_END" if name == "forfeit" else scene.action.type,
        currency=held.currency,
        points=-lost,
        rule=f"{scene.rules.version}/{'forfeit' if name == 'forfeit' else 'reverse'}",
        why=[(f"held as {held.id}", _shown(scene, held.currency, lost))],
    )


def _lessen(scene: Scene, held: Held, points: int) -> None:
    """Take points from what is held; what has none left is held no more."""
    holds = parts.HOLDS.read(scene.draft.head)
    for each in holds:
        if each.id == held.id:
            each.points -= points
    parts.HOLDS.write(scene.draft.head, [each for each in holds if each.points])


def release_of_day(scene: Scene) -> None:
    """Release what this type held on this day, where its rule's condition holds now."""
    ends = {
        rule.name
        for rule in scene.kind.awards
        if rule.hold is not None
        and rule.hold.until is not None
        and rule.hold.until(scene.facts, scene)
    }
    for held in parts.HOLDS.read(scene.draft.head):
        if held.rule in ends and held.day == scene.day.start:
            release(scene, held)


def restore(scene: Scene, name: str, posting: str, action: str, rule: str) -> None:
    """Give the lots of a reservation back, each with its expiry."""
    reserved = drop_reservation(scene, name)
    purse = lots.purse_of(scene.draft, reserved.currency)
    owed = purse[AVAILABLE]
    purse[AVAILABLE] += reserved.points
    room = reserved.points if owed >= 0 else max(purse[AVAILABLE], 0)
    shelf = Shelf(scene.draft)
    back: list[tuple[str, int, int | None]] = []
    # What is owed swallows the earliest lots.
    for lot, points, expires in reversed(reserved.lots):
        part = min(points, room)
        room -= part
        if part:
            back.insert(0, (lot, part, expires))
        if expires is not None and part:
            purse[IN_LOTS] += part
            now = scene.action.occurred_at
            _put_into(shelf, Entry(lot, reserved.currency, part, 0, part, now, expires))
            lots.note_due(scene.draft.head, expires)
    shelf.put_back(scene.rules.reversible_for)
    tell(
        scene,
        name=posting,
        kind="cancel",
        action=action,
        currency=reserved.currency,
        points=reserved.points,
        touched=lots.told(back),
        rule=f"{scene.rules.version}/{rule}",
        why=[(f"reserved as {name}", _shown(scene, reserved.currency, reserved.points))],
    )


def _put_into(shelf: Shelf, returned: Entry) -> None:
    for entry in shelf:
        if entry.id == returned.id:
            entry.left += returned.left
            return
    shelf.add(returned)


def drop_reservation(scene: Scene, name: str) -> Reservation:
    """Take a reservation off the account and return it."""
    reservations = parts.RESERVATIONS.read(scene.draft.head)
    reserved = reservations.pop(name)
    parts.RESERVATIONS.write(scene.draft.head, reservations)
    lots.purse_of(scene.draft, reserved.currency)[RESERVED] -= reserved.points
    return reserved


def _shown(scene: Scene, currency: str, points: int) -> str:
    return show(points, scene.rules.scales.get(currency, 0))
