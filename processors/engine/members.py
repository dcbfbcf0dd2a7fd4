"""Effects on a member as a whole: profile, moving in, erasure."""

from processors.engine.awards import move, tell, too_much
from processors.engine.boards import COUNTRY
from processors.engine.climbing import move_between
from processors.engine.decision import Refusal
from processors.engine.lots import (
    AVAILABLE,
    IN_LOTS,
    LIFETIME,
    Entry,
    note_award,
    purse_of,
    told,
)
from processors.engine.numbers import POWERS, UNITS_MAX, show
from processors.engine.rules import Scene
from processors.engine.suspensions import stands_suspended
from schemas import parts
from schemas.accounts import FIELDS, IDS_PER_ROW, WAITING_PER_ROW, Head, row_key
from schemas.parts import Streak
from schemas.results import Declined

OPENING_SCALE = 6
"""Decimals of the amounts of an opening."""


def profile(scene: Scene) -> Refusal | None:
    """Take what the facts say of the member; what they leave out stays."""
    head = scene.draft.head
    said = dict(scene.facts)
    country = said.pop("country", head.country)
    head.profile = {**head.profile, **said}
    if country != head.country:
        head.country = country
        move_between(scene, COUNTRY)
    return None


def turn(scene: Scene) -> None:
    """Hide a suspended or unlisted member from all boards, and show it again."""
    head = scene.draft.head
    hides = stands_suspended(scene) or head.profile.get("listed") is False
    if hides == parts.HIDDEN.read(head):
        return
    parts.HIDDEN.write(head, hides)
    if _may_stand(scene):
        _tell_turn(scene, "hides" if hides else "shows")


def _may_stand(scene: Scene) -> bool:
    """Tell whether the member may stand on a board."""
    head, tallies = scene.draft.head, scene.rules.tallies
    return bool(head.purses) or (tallies is not None and tallies.may_hold(head))


def _tell_turn(scene: Scene, mode: str) -> None:
    why = "on no board" if mode == "hides" else "on the boards again"
    move(scene, "listed", [scene.rules.boards.turn(mode)], why)


def look_again(_scene: Scene) -> Refusal | None:
    """Do nothing of its own: what is due was settled, and what is reached is given anyway."""
    return None


# --- erasure


def erase(scene: Scene) -> Refusal | None:
    """Empty the account for ever."""
    draft = scene.draft
    head = draft.head
    if _may_stand(scene) and not parts.HIDDEN.read(head):
        _tell_turn(scene, "hides")
    ids = [
        f"ids.{day}.{n}"
        for day, count in head.sealed.items()
        for n in range(-(-count // IDS_PER_ROW))
    ]
    awards = [f"awards.{number}" for number in head.award_rows]
    waiting = [f"waiting.{number}" for number in range(-(-head.waiting // WAITING_PER_ROW))]
    for key in list(draft.changed):
        draft.changed[key] = None
    for name in (*ids, *awards, *waiting, *head.row_names):
        draft.changed[row_key(draft.program, draft.subject, name)] = None
    draft.head = Head(FIELDS, head.sequence)
    parts.ERASED.write(draft.head, True)  # noqa: FBT003 - the content of the part
    return None


# --- moving in


def open_account(scene: Scene) -> Refusal | None:
    """Take over what a member had elsewhere; only as the first action of an account."""
    head = scene.draft.head
    if head.sequence or sum(head.counts.values()) > 1:
        return Refusal(Declined.ONCE_ONLY, "the account has begun already")
    facts = scene.facts
    wrong = _names_wrong(scene) or _numbers_wrong(scene)
    if wrong:
        return Refusal(Declined.CONDITION, wrong)
    currencies = dict.fromkeys(
        [
            *facts.get("balances", {}),
            *facts.get("lifetimes", {}),
            *facts.get("lots", {}),
        ]
    )
    for currency in currencies:
        refusal = _open_purse(scene, currency)
        if refusal is not None:
            return refusal
    _open_rest(scene)
    return None


def _names_wrong(scene: Scene) -> str:
    """Say which name of the opening the program does not know; nothing when it knows all."""
    facts, rules = scene.facts, scene.rules
    ladders = {ladder.name: ladder.steps for ladder in rules.ladders}
    asked = [
        *(("balances", name, rules.scales) for name in facts.get("balances", {})),
        *(("lifetimes", name, rules.scales) for name in facts.get("lifetimes", {})),
        *(("lots", name, rules.scales) for name in facts.get("lots", {})),
        *(("steps", name, ladders) for name in facts.get("steps", {})),
        *(
            (f"steps.{name}", step, ladders.get(name, ()))
            for name, step in facts.get("steps", {}).items()
        ),
        *(("counts", name, rules.actions) for name in facts.get("counts", {})),
        *(("badges", name, rules.badges) for name in facts.get("badges", {})),
        *(("streaks", name, rules.streaks) for name in facts.get("streaks", {})),
    ]
    wrong = [f"{fact}: there is no {name}" for fact, name, known in asked if name not in known]
    return wrong[0] if wrong else ""


def _numbers_wrong(scene: Scene) -> str:
    """Say which count, streak or level of the opening nobody can have; nothing when all are right."""
    own = scene.action.type
    if own in scene.facts.get("counts", {}):
        # It is what says that an account has begun.
        return f"counts: {own} is counted by itself"
    for fact in ("counts", "streaks", "badges"):
        for name, units in scene.facts.get(fact, {}).items():
            number, rest = divmod(units, POWERS[OPENING_SCALE])
            if rest or number < 0:
                shown = show(units, OPENING_SCALE)
                return f"{fact}: {name} is {shown}, and not a whole number from 0 on"
            if fact == "badges" and number > (most := scene.rules.badges[name]):
                return f"badges: {name} has {most} level{'s' * (most > 1)}, not {number}"
    return ""


def _open_purse(scene: Scene, currency: str) -> Refusal | None:
    facts, rules, draft = scene.facts, scene.rules, scene.draft
    power = POWERS[OPENING_SCALE - rules.scales[currency]]
    balance, rest = divmod(facts.get("balances", {}).get(currency, 0), power)
    lifetime, more = divmod(facts.get("lifetimes", {}).get(currency, 0), power)
    written = facts.get("lots", {}).get(currency, ())
    if rest or more or any(points % power for points, _ in written):
        return Refusal(Declined.CONDITION, f"amounts have more decimals than {currency}")
    in_lots = sum(points for points, _ in written) // power
    if min(balance, lifetime, *(points for points, _ in written)) < 0:
        return Refusal(Declined.CONDITION, f"balances: nobody moves in with less than 0 {currency}")
    if in_lots > balance:
        return Refusal(Declined.CONDITION, f"lots: they are more than the balance of {currency}")
    if max(balance, lifetime) > UNITS_MAX:
        return too_much(currency)
    purse = purse_of(draft, currency)
    purse[AVAILABLE], purse[LIFETIME], purse[IN_LOTS] = balance, lifetime, in_lots
    name = f"opening_{currency}"
    touched = []
    for number, (points, at) in enumerate(written, 1):
        lot = f"{scene.action.id}#{name}_{number}"
        units = points // power
        entry = Entry(lot, currency, units, 0, units, scene.action.occurred_at, at)
        note_award(draft, entry, rules.reversible_for, scene.forget_before)
        touched.append((lot, units, at))
    if balance > in_lots:
        touched.append((f"{scene.action.id}#{name}", balance - in_lots, None))
    columns = f"{currency} all_time"
    scores = rules.boards.score(draft.head, scene.day, lifetime, columns, scene.forget_before, None)
    tell(
        scene,
        name=name,
        kind="adjust",
        action=scene.action.type,
        currency=currency,
        points=balance,
        lifetime_points=lifetime,
        touched=told(touched),
        scores=scores if lifetime else [],
        columns=columns,
        rule=f"{rules.version}/{name}",
        why=[("moved in", show(balance, rules.scales[currency]))],
    )
    return None


def _open_rest(scene: Scene) -> None:
    facts, head = scene.facts, scene.draft.head
    head.counts = {**head.counts, **_whole(facts.get("counts", {}))}
    head.badges = {**head.badges, **_whole(facts.get("badges", {}))}
    days = _whole(facts.get("streaks", {})).items()
    parts.STREAKS.write(head, {name: Streak(each, scene.day.start) for name, each in days})
    granted = {
        ladder.name: ladder.steps.index(facts["steps"][ladder.name])
        for ladder in scene.rules.ladders
        if ladder.name in facts.get("steps", {})
    }
    parts.GRANTED.write(head, granted)


def _whole(numbers: dict[str, int]) -> dict[str, int]:
    """Read whole numbers from millionths; what is 0 is as if it had not been told."""
    return {name: units // POWERS[OPENING_SCALE] for name, units in numbers.items() if units}
