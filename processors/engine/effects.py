"""Effects: what an action changes beyond points, and what it derives for other subjects.

A referral code is a subject, `code:<code>`: CODE_REGISTER gives it an owner, CODE_LOOKUP asks it for
the owner. A look-up that comes first waits in the code's account until the code is registered.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from processors.engine.decision import Refusal
from processors.engine.rules import Effect, Scene
from schemas import moments
from schemas.accounts import WAITING_PER_ROW, Account
from schemas.actions import Derived
from schemas.programs import ActionType, Derive
from schemas.results import Declined

WAITING_MAX: Final = 1_000
"""How many referrals a code that nobody owns keeps."""

EFFECT_FACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "register_code": ("owner",),
    "look_up_code": ("referred_user",),
}
"""The facts that an effect reads, by effect."""

_PLACE: Final = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)\}")


class Waiting(msgspec.Struct, array_like=True, gc=False):
    """A look-up that waits for its code to be registered."""

    referred_user: str
    id: str
    occurred_at: int
    append_time: int
    version: str


_read_waiting = msgspec.msgpack.Decoder(list[Waiting]).decode


def bind_effect(action: ActionType) -> Effect | None:
    """Return the effect that an action type names."""
    if action.effect == "profile":
        return _profile
    if action.effect == "register_code":
        return _register_code(action.answer)
    if action.effect == "look_up_code":
        return _look_up_code(action.answer)
    return None


def bind_derives(derives: list[Derive]) -> Callable[[Scene], list[Derived]] | None:
    """Make what derives actions for other subjects; one whose facts are missing is left out."""
    if not derives:
        return None

    def derive(scene: Scene) -> list[Derived]:
        known = {**scene.facts, "user_id": scene.action.user_id}
        return [
            derived(
                scene,
                row.action,
                _filled(row.to, known),
                {fact: _filled(text, known) for fact, text in row.data.items()},
            )
            for row in derives
            if all(name in known for name in names_in(row))
        ]

    return derive


def names_in(row: Derive) -> set[str]:
    """Return the names that a derived action takes from the action it comes from."""
    return {name for text in (row.to, *row.data.values()) for name in _PLACE.findall(text)}


def derived(scene: Scene, name: str, to: str, data: dict[str, object]) -> Derived:
    """Make the derived action of this name; it happened when the action did, under its version."""
    return Derived(
        id=f"{scene.action.id}#{name.lower()}",
        program=scene.action.program,
        user_id=to,
        type=name,
        occurred_at=scene.moment,
        data=data,
        version=scene.rules.version,
    )


def _filled(text: str, known: Mapping[str, Any]) -> str:
    return _PLACE.sub(lambda place: str(known[place[1]]), text)


def _profile(scene: Scene) -> list[Derived]:
    """Take what the facts say of the member; what they leave out stays."""
    head = scene.draft.head
    said = dict(scene.facts)
    head.country = said.pop("country", head.country)
    head.profile = {**head.profile, **said}
    return []


def _register_code(answer: str | None) -> Effect:
    def effect(scene: Scene) -> list[Derived] | Refusal:
        head, owner = scene.draft.head, scene.facts["owner"]
        if head.owner is not None:
            return Refusal(Declined.ONCE_ONLY, f"{scene.action.user_id} has an owner")
        head.owner = owner
        if answer is None or not head.waiting:
            return []
        return _answer_waiting(scene, answer, owner)

    return effect


def _answer_waiting(scene: Scene, answer: str, owner: str) -> list[Derived]:
    """Answer the look-ups that came first, but those older than the program accepts lateness."""
    accept_late = scene.rules.accept_late
    since = 0 if accept_late is None else scene.action.append_time - accept_late
    waiting = _waiting(scene.draft)
    _keep_waiting(scene.draft, [each for each in waiting if each.append_time < since])
    return [
        Derived(
            id=f"{each.id}#{answer.lower()}",
            program=scene.action.program,
            user_id=owner,
            type=answer,
            occurred_at=moments.write(each.occurred_at),
            data={"referred_user": each.referred_user, "code": _code(scene)},
            version=each.version,
        )
        for each in waiting
        if each.append_time >= since and each.referred_user != owner
    ]


def _look_up_code(answer: str | None) -> Effect:
    assert answer is not None, "checked with the program"

    def effect(scene: Scene) -> list[Derived] | Refusal:
        action, head = scene.action, scene.draft.head
        referred = scene.facts["referred_user"]
        if head.owner == referred:
            return Refusal(Declined.SELF_REFERRAL, f"{referred} owns the code {_code(scene)}")
        if head.owner is not None:
            data = {"referred_user": referred, "code": _code(scene)}
            return [derived(scene, answer, head.owner, data)]
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
        return []

    return effect


def _waiting(account: Account) -> list[Waiting]:
    rows = [account.row(row) for row in _waiting_rows(account.head.waiting)]
    return [each for row in rows for each in _read_waiting(row)]


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
