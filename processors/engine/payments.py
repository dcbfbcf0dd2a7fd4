"""Payments: `payment:<id>` is a subject that takes each status once, in the order the program allows."""

from collections.abc import Mapping, Sequence
from typing import Final

from processors.engine.decision import Refusal
from processors.engine.derived import derive, derived
from processors.engine.rules import Effect, Scene
from schemas import parts
from schemas.parts import Payment
from schemas.program_actions import ActionType
from schemas.results import Declined

NEW: Final = "new"


def bind_payment(action: ActionType) -> Effect:
    """Make the effect that moves a payment to its next status."""
    moves, answers = action.moves, action.answers

    def effect(scene: Scene) -> Refusal | None:
        refusal = _refused(scene, moves)
        if refusal is not None:
            return refusal
        head, status = scene.draft.head, scene.facts["status"]
        head.owner = scene.facts["owner"]
        payment = Payment(status, parts.PAYMENT.read(head).answered)
        if status in answers:
            payment.answered = _answer(scene, answers[status], payment.answered)
        parts.PAYMENT.write(head, payment)
        return None

    return effect


def _refused(scene: Scene, moves: Mapping[str, Sequence[str]]) -> Refusal | None:
    head, facts = scene.draft.head, scene.facts
    name = scene.action.user_id
    if head.owner is not None and head.owner != facts["owner"]:
        return Refusal(Declined.ONCE_ONLY, f"{name} is another member's")
    status = parts.PAYMENT.read(head).status or NEW
    if facts["status"] not in moves.get(status, ()):
        return Refusal(Declined.ONCE_ONLY, f"{name} is {status}, not to be {facts['status']}")
    return None


def _answer(scene: Scene, name: str, before: str) -> str:
    """Derive what a status means for the owner; return its id."""
    known = {
        **scene.facts,
        "payment": scene.action.user_id.partition(":")[2],
        "action_id": before,
    }
    wanted = scene.rules.actions[name].fact_names
    data = {fact: known[fact] for fact in wanted if fact in known}
    action = derived(scene, name, scene.facts["owner"], data)
    derive(scene, action)
    return action.id
