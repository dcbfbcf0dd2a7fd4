"""What an account keeps of accepted actions: streaks, totals, distinct values, the last facts, a memory."""

from collections.abc import Mapping

from processors.engine.decision import Refusal
from processors.engine.numbers import KEPT_MAX, within
from processors.engine.readings import raised, total_key
from processors.engine.rules import Condition, Guard, Note, Scene
from processors.engine.terms import PERIODS, ActionTerms, bind_condition
from schemas import parts
from schemas.accounts import DIGEST_BYTES, digest, holds
from schemas.moments import PeriodKind
from schemas.program_actions import ActionType, Requirement
from schemas.programs import Program
from schemas.results import Declined


def bind_requirements(action: ActionType, terms: ActionTerms) -> tuple[Guard, ...]:
    """Make the guards of what an action type requires, in the order of the file."""
    return tuple(_requirement(name, said, terms) for name, said in action.require.items())


def _requirement(name: str, said: Requirement, terms: ActionTerms) -> Guard:
    that = bind_condition(said.that, terms)
    message = f"{name}: {said.that} does not hold"

    def guard(scene: Scene) -> Refusal | None:
        if that(scene.facts, scene):
            return None
        return Refusal(Declined.CONDITION, message, suspicious=said.suspicious)

    return guard


def streaks_of(program: Program, terms: ActionTerms) -> dict[str, Condition | None]:
    """Return the streaks that an action type raises, each with the condition of its new beginning."""
    return {
        name: None if streak.restarts is None else bind_condition(streak.restarts, terms)
        for name, streak in program.streaks.items()
        if streak.action == terms.name
    }


def bind_notes(
    action: ActionType, name: str, streaks: Mapping[str, Condition | None]
) -> tuple[Note, ...]:
    """Make what notes an accepted action of a type on the account."""
    keep = action.keep
    notes: list[Note] = []
    if streaks:
        notes.append(_raise_streaks)
    if keep.totals:
        kinds = {fact: [PERIODS[word] for word in words] for fact, words in keep.totals.items()}
        notes.append(_add_totals(name, kinds))
    notes += [_note_distinct(name, fact, most) for fact, most in keep.distinct.items()]
    if keep.previous:
        notes.append(_note_previous(name, tuple(keep.previous)))
    if keep.memory:
        notes.append(_remember(tuple(keep.memory)))
    return tuple(notes)


def _raise_streaks(scene: Scene) -> None:
    streaks = parts.STREAKS.read(scene.draft.head)
    for name in scene.kind.streaks:
        streaks[name] = raised(scene, name, streaks.get(name))
    parts.STREAKS.write(scene.draft.head, streaks)


def _add_totals(name: str, kinds: Mapping[str, list[PeriodKind]]) -> Note:
    def note(scene: Scene) -> None:
        totals = parts.TOTALS.read(scene.draft.head)
        for fact, periods in kinds.items():
            for period in periods:
                key = total_key(name, fact, scene.day.names[period])
                if key not in totals:
                    _drop_past(totals, scene)
                totals[key] = within(totals.get(key, 0) + scene.facts.get(fact, 0), KEPT_MAX)
        parts.TOTALS.write(scene.draft.head, totals)

    return note


def _drop_past(totals: dict[str, int], scene: Scene) -> None:
    """Drop totals of periods of which no action can be accepted any more."""
    for key in list(totals):
        if scene.rules.calendar.bounds(key.rpartition(" ")[2])[1] < scene.forget_before:
            del totals[key]


def _note_distinct(name: str, fact: str, at_most: int) -> Note:
    def note(scene: Scene) -> None:
        value = scene.facts.get(fact)
        if value is None:
            return
        row = f"distinct.{name}.{fact}"
        known, wanted = scene.draft.row(row), digest(str(value))
        if len(known) < at_most * DIGEST_BYTES and not holds(known, wanted):
            scene.draft.put(row, known + wanted)

    return note


def _note_previous(name: str, facts: tuple[str, ...]) -> Note:
    def note(scene: Scene) -> None:
        previous = parts.PREVIOUS.read(scene.draft.head)
        previous |= {f"{name}.{fact}": scene.facts[fact] for fact in facts if fact in scene.facts}
        parts.PREVIOUS.write(scene.draft.head, previous)

    return note


def _remember(facts: tuple[str, ...]) -> Note:
    def note(scene: Scene) -> None:
        memory = parts.MEMORY.read(scene.draft.head)
        new = {fact: scene.facts[fact] for fact in facts if fact in scene.facts}
        parts.MEMORY.write(scene.draft.head, {**new, **memory})

    return note
