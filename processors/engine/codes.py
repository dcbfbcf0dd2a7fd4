"""Referral codes: a code is a subject, `code:<code>`.

CODE_REGISTER gives it an owner, CODE_LOOKUP asks it for the owner. A look-up that comes first waits in
the code's account until the code is registered, or until it is too late for that.
"""

from typing import Final

import msgspec

from processors.engine.decision import Refusal
from processors.engine.derived import derive, derived
from processors.engine.lots import note_due
from processors.engine.rules import Effect, Scene
from schemas import moments
from schemas.accounts import WAITING_PER_ROW, Account
from schemas.actions import Derived
from schemas.moments import END_OF_TIME
from schemas.results import Declined

WAITING_MAX: Final = 1_000
"""How many referrals a code that nobody owns keeps."""


class Waiting(msgspec.Struct, array_like=True, gc=False):
    """A look-up that waits for its code to be registered."""

    referred_user: str
    id: str
    occurred_at: int
    append_time: int
    version: str


_read_waiting = msgspec.msgpack.Decoder(list[Waiting]).decode


def bind_register(answer: str | None, *, own: bool) -> Effect:
    """Make the effect that gives a code its owner; `own` lets owners refer themselves."""

    def effect(scene: Scene) -> Refusal | None:
        head, owner = scene.draft.head, scene.facts["owner"]
        if head.owner is not None:
            return Refusal(Declined.ONCE_ONLY, f"{scene.action.user_id} has an owner")
        head.owner = owner
        if answer is not None and head.waiting:
            _answer_waiting(scene, answer, owner, own=own)
        return None

    return effect


def _answer_waiting(scene: Scene, answer: str, owner: str, *, own: bool) -> None:
    """Answer the look-ups that came first, but those older than the program accepts lateness."""
    late, in_time = _waiting(scene, scene.action.append_time)
    _keep_waiting(scene.draft, late)
    for each in in_time:
        if own or each.referred_user != owner:
            action = Derived(
                id=f"{each.id}#{answer.lower()}",
                program=scene.action.program,
                user_id=owner,
                type=answer,
                occurred_at=moments.write(each.occurred_at),
                data={"referred_user": each.referred_user, "code": _code(scene)},
                version=each.version,
            )
            derive(scene, action)


def bind_look_up(answer: str, *, own: bool) -> Effect:
    """Make the effect that asks a code for its owner; `own` lets owners refer themselves."""

    def effect(scene: Scene) -> Refusal | None:
        action, head = scene.action, scene.draft.head
        referred = scene.facts["referred_user"]
        if scene.facts.get("unanswered"):
            return Refusal(
                Declined.UNKNOWN_CODE, f"nobody registered the code {_code(scene)} in time"
            )
        if head.owner == referred and not own:
            return Refusal(Declined.SELF_REFERRAL, f"{referred} owns the code {_code(scene)}")
        if head.owner is not None:
            data = {"referred_user": referred, "code": _code(scene)}
            derive(scene, derived(scene, answer, head.owner, data))
            return None
        if head.waiting >= WAITING_MAX:
            message = (
                f"nobody owns the code {_code(scene)}, and {WAITING_MAX} referrals wait for it"
            )
            return Refusal(Declined.UNKNOWN_CODE, message)
        last = head.waiting // WAITING_PER_ROW
        row = f"waiting.{last}"
        stored = scene.draft.row(row)
        waiting = _read_waiting(stored) if stored else []
        waiting.append(
            Waiting(
                referred, action.id, action.occurred_at, action.append_time, scene.rules.version
            )
        )
        scene.draft.put(row, msgspec.msgpack.encode(waiting))
        head.waiting += 1
        due_at = given_up_at(scene)
        if due_at is not None:
            note_due(head, due_at)
        return None

    return effect


def given_up_at(scene: Scene) -> int | None:
    """Give the moment at which the look-up that has waited longest is given up; None when never."""
    draft, rules = scene.draft, scene.rules
    if not draft.head.waiting or rules.look_up_type is None or rules.accept_late > END_OF_TIME:
        return None
    # They stand in the order in which they came.
    return _read_waiting(draft.row("waiting.0"))[0].append_time + rules.accept_late + 1


def give_up(scene: Scene) -> None:
    """Let the code be asked once more, to decline it, for whom it has not been registered in time."""
    rules = scene.rules
    assert rules.look_up_type is not None
    late, in_time = _waiting(scene, scene.action.occurred_at)
    _keep_waiting(scene.draft, in_time)
    for each in late:
        action = Derived(
            id=f"{each.id}#unanswered",
            program=rules.program,
            user_id=scene.action.user_id,
            type=rules.look_up_type,
            occurred_at=moments.write(each.occurred_at),
            data={"referred_user": each.referred_user, "unanswered": True},
            version=rules.version,
        )
        derive(scene, action)


def _waiting(scene: Scene, moment: int) -> tuple[list[Waiting], list[Waiting]]:
    """Give the look-ups that have waited too long at a moment, and the others."""
    draft, since = scene.draft, moment - scene.rules.accept_late
    rows = [draft.row(row) for row in _waiting_rows(draft.head.waiting)]
    waiting = [each for row in rows for each in _read_waiting(row)]
    late = [each for each in waiting if each.append_time < since]
    return late, [each for each in waiting if each.append_time >= since]


def _keep_waiting(draft: Account, waiting: list[Waiting]) -> None:
    for row in _waiting_rows(draft.head.waiting):
        draft.put(row, None)
    for row, start in zip(
        _waiting_rows(len(waiting)), range(0, len(waiting), WAITING_PER_ROW), strict=True
    ):
        draft.put(row, msgspec.msgpack.encode(waiting[start : start + WAITING_PER_ROW]))
    draft.head.waiting = len(waiting)


def _waiting_rows(count: int) -> list[str]:
    return [f"waiting.{number}" for number in range(-(-count // WAITING_PER_ROW))]


def _code(scene: Scene) -> str:
    return scene.action.user_id.partition(":")[2]
