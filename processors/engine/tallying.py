"""What an action changes on tallies besides its postings: counts, path xp, moves, the tie of a sign-up."""

from processors.engine.awards import tell
from processors.engine.rules import Scene
from processors.engine.tallies import Tallies
from schemas import parts
from schemas.results import Score

_TURNS = ("hides", "shows")


def note_sign_up(scene: Scene, tallies: Tallies) -> None:
    """Keep when the first sign-up was accepted, before any of its postings is scored."""
    head = scene.draft.head
    if scene.kind.type in tallies.signups and not parts.SIGNED_UP.read(head):
        parts.SIGNED_UP.write(head, scene.action.occurred_at)


def tally_action(scene: Scene, tallies: Tallies) -> None:
    """Score at an action's end what none of its postings did.

    The last posting carries it; where there is none, or it hides or shows the member, a `move` does.
    """
    head, before, moment = scene.draft.head, scene.declined.head, scene.action.occurred_at
    scores = [*tallies.count(head, scene.day, scene.kind.type, scene.forget_before)]
    if head.parts.get(parts.PATHS.name) != before.parts.get(parts.PATHS.name):
        scores += tallies.walk(head, scene.day, parts.PATHS.read(before), moment)
    scores += tallies.move(head, scene.day, moment)
    if parts.SIGNED_UP.read(head) != parts.SIGNED_UP.read(before):
        said = [*scores, *(score for posting in scene.postings for score in posting.scores)]
        boards = {(str(board), str(period)) for board, period, *_ in said}
        scores += tallies.sign_up(head, scene.day, boards)
    if scores:
        _put(scene, scores)


def _put(scene: Scene, scores: list[Score]) -> None:
    last = scene.postings[-1] if scene.postings else None
    if last is not None and not any(score[-1] in _TURNS for score in last.scores):
        last.scores = [*last.scores, *scores]
        return
    rules = scene.rules
    tell(
        scene,
        name="move_boards",
        kind="move",
        action=scene.action.type,
        currency=rules.currency,
        points=0,
        scores=scores,
        rule=f"{rules.version}/boards",
        why=[("on boards", "0")],
    )
