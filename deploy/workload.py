"""A seeded workload: what the members of a shop do, and the mishaps on its way to Kafka.

The same seed and the same clock give the same records. `make run` shows it, fault tests count it,
the simulation runs it through the engine and the auditor.
"""

import json
import random
from collections.abc import Iterator
from typing import NamedTuple

from deploy.broken import BROKEN
from deploy.shop import Body, Clock, Shop, ordinary, purchase, sign_up

_DAY_MS = 86_400_000
_LATEST_DAYS = 9.0
_RECENT = 2_000
"""So many records back a duplicate may reach."""

_HALF = 0.5
_OTHER_BODY = 0.2
"""Share of duplicates that say something else under the same id."""


class Message(NamedTuple):
    """One record to produce."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


class Mix(NamedTuple):
    """Shares of the workload, each 0 .. 1 of all records; what is left is ordinary actions."""

    deriving: float = 0.05  # sign-ups of new members that use another one's referral code
    duplicates: float = 0.02
    late: float = 0.01  # happened days ago, some of them too long ago
    broken: float = 0.01
    cloud_events: float = 0.03
    misrouted: float = 0.005  # keyed by something else than the member


USUAL_MIX = Mix()


class Workload:
    """The shop, and what was sent lately."""

    def __init__(self, shop: Shop, mix: Mix) -> None:
        self.shop = shop
        self.mix = mix
        self.random = shop.random
        self.recent: list[Message] = []

    def fresh(self) -> Body:
        """Make an action as it should be: a sign-up or something a member does."""
        if self.random.random() < self.mix.deriving:
            return sign_up(self.shop)
        return ordinary(self.shop)

    def remember(self, message: Message) -> Message:
        """Keep a record in mind, to be repeated perhaps."""
        if len(self.recent) < _RECENT:
            self.recent.append(message)
        else:
            self.recent[self.random.randrange(_RECENT)] = message
        return message


def workload(
    seed: int, clock: Clock, *, run: str = "demo", members: int = 5_000, mix: Mix = USUAL_MIX
) -> Iterator[Message]:
    """Yield records without end, in the order in which they are to be produced.

    `run` begins every id, code and new member's name: another run is other actions.
    """
    rng = random.Random(seed)  # noqa: S311  a workload, no secret
    state = Workload(Shop(rng, clock, run, members), mix)
    while True:
        yield _next(state)


def _next(state: Workload) -> Message:
    mix, draw = state.mix, state.random.random()
    for share, make in (
        (mix.broken, _broken),
        (mix.duplicates, _duplicate),
        (mix.late, _late),
        (mix.cloud_events, _cloud_event),
        (mix.misrouted, _misrouted),
    ):
        if draw < share:
            return make(state)
        draw -= share
    return state.remember(_plain(state.fresh()))


def _broken(state: Workload) -> Message:
    user_id = state.shop.member()
    good = state.shop.action(user_id, "PURCHASE", purchase(state.shop, user_id))
    _, make = state.random.choice(BROKEN)
    return Message(user_id.encode(), make(good), [])


def _duplicate(state: Workload) -> Message:
    """Repeat a record of late, or say something else under its id."""
    if not state.recent:
        return state.remember(_plain(state.fresh()))
    message = state.random.choice(state.recent)
    other_body = state.random.random() < _OTHER_BODY
    if not other_body or message.value is None:
        return message
    body = json.loads(message.value)
    user_id = body["user_id"]
    return _plain(body | {"type": "PURCHASE", "data": purchase(state.shop, user_id)})


def _late(state: Workload) -> Message:
    days = state.random.uniform(0, _LATEST_DAYS)
    then = state.shop.clock() - int(days * _DAY_MS)
    return state.remember(_plain(state.fresh() | {"occurred_at": then}))


def _cloud_event(state: Workload) -> Message:
    """Say an action as a CloudEvent, structured or binary."""
    body = state.fresh()
    attributes = {
        "specversion": "1.0",
        "id": body["id"],
        "source": "/demo",
        "type": f"com.example.shop.{body['type']}",
        "subject": body["user_id"],
        "time": body["occurred_at"],
        "program": body["program"],
    }
    key = str(body["user_id"]).encode()
    if state.random.random() < _HALF:
        value = json.dumps(attributes | {"data": body["data"]}).encode()
        kind = ("content-type", b"application/cloudevents+json; charset=UTF-8")
        return Message(key, value, [kind])
    headers = [(f"ce_{name}", str(text).encode()) for name, text in attributes.items()]
    headers.append(("content-type", b"application/json"))
    return Message(key, json.dumps(body["data"]).encode(), headers)


def _misrouted(state: Workload) -> Message:
    """Key an action by something else, as a client with another partitioner would seem to do."""
    message = state.remember(_plain(state.fresh()))
    return message._replace(key=state.random.randbytes(4))


def _plain(body: Body) -> Message:
    return Message(str(body["user_id"]).encode(), json.dumps(body).encode(), [])
