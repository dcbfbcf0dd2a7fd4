"""What an action changes on tallies besides its postings: counts, path xp, moves, the tie of a sign-up."""

from processors.engine.awards import move
from processors.engine.rules import Scene
from processors.engine.tallies import Tallies
from schemas import parts
from schemas.accounts import Head
from schemas.results import Score

_TURNS = ("hides", "shows")


def begin_tallies(scene: Scene, tallies: Tallies) -> Head:
    """Note a sign-up before anything of it is scored; return the head as the action found it."""
    head = scene.draft.head
    before: Head = head.__copy__()  # type: ignore[attr-defined]  # every Struct has it
    if scene.kind.type in tallies.signups and not parts.SIGNED_UP.read(head):
        parts.SIGNED_UP.write(head, scene.action.occurred_at)
    return before


def tally_action(scene: Scene, tallies: Tallies, before: Head) -> None:
    """Score at an action's end what none of its postings did, given the head as it found it.

    The last posting carries it; where there is none, or it hides or shows the member, a `move` does.
    """
    head, moment = scene.draft.head, scene.action.occurred_at
    scores = [*tallies.count(head, scene.day, scene.kind.type, scene.forget_before)]
    if head.parts.get(parts.PATHS.name) != before.parts.get(parts.PATHS.name):
        scores += tallies.walk(head, scene.day, parts.PATHS.read(before), moment)
    scores += tallies.move(head, scene.day, before, moment)
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
    move(scene, "boards", scores, "on boards")
