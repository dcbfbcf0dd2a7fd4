"""A seeded workload for the program `loyalty`: the members, hours and mishaps of a real shop.

The same seed and the same clock give the same records. `make run` shows it, fault tests count it,
the simulation runs it through the engine and the auditor.
"""

import itertools
import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from deploy.broken import BROKEN

PROGRAM = "loyalty"
_MINUTE_MS = 60_000
_DAY_MS = 1_440 * _MINUTE_MS
_COUNTRIES = ("US", "DE", "FR", "GB", "JP", "BR", "IN", "NG", "MX", "PL")
_NETWORKS = ("x", "instagram", "mastodon", "bluesky")
_ADJUSTMENTS = (-7_000, -500, -200, -100, -20, 20, 50, 50, 100, 100, 250, 500, 3_000, 12_000)
_RECENT = 2_000
"""So many records back a duplicate may reach."""

# Shares of what they speak of.
_HALF = 0.5
_NEWCOMERS = 0.2  # of acting members
_MOVING = 0.1  # of profiles
_AS_TEXT = 0.1  # of amounts
_OTHER_BODY = 0.2  # of duplicates

Clock = Callable[[], int]
"""Epoch milliseconds that `occurred_at` is taken from."""

Body = dict[str, object]


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

_ORDINARY = {
    "PURCHASE": 50,
    "REVIEW": 14,
    "SOCIAL_SHARE": 18,
    "REFERRAL": 4,
    "BIRTHDAY_BONUS": 4,
    "PROFILE": 6,
    "MANUAL_ADJUSTMENT": 2,
}
"""Weights of the action types that members and the shop's staff send."""


class Workload:
    """The demo's state: who signed up so far, what was sent lately."""

    def __init__(self, seed: int, clock: Clock, run: str, members: int, mix: Mix) -> None:
        self.random = random.Random(seed)  # noqa: S311  a workload, no secret
        self.clock = clock
        self.mix = mix
        self.run = run
        self.count = 0
        self.signed_up = 0
        self.recent: list[Message] = []
        self.weights = list(itertools.accumulate(1 / place for place in range(1, members + 1)))

    def member(self) -> str:
        """Pick a member: a few come all the time, most hardly ever (Zipf); some are newcomers."""
        if self.signed_up and self.random.random() < _NEWCOMERS:
            return f"n-{self.run}-{self.random.randint(1, self.signed_up):06d}"
        (place,) = self.random.choices(range(len(self.weights)), cum_weights=self.weights)
        return f"u-{place:06d}"

    def action(self, user_id: str, kind: str, data: Body) -> Body:
        """Put an action into its envelope, with a fresh id, happening now."""
        self.count += 1
        return {
            "id": f"{self.run}-{self.count:08d}",
            "program": PROGRAM,
            "user_id": user_id,
            "type": kind,
            "occurred_at": rfc3339(self.clock()),
            "data": data,
        }


def workload(
    seed: int, clock: Clock, *, run: str = "demo", members: int = 5_000, mix: Mix = USUAL_MIX
) -> Iterator[Message]:
    """Yield records without end, in the order in which they are to be produced.

    `run` begins every id, code and new member's name: another run is other actions.
    """
    state = Workload(seed, clock, run, members, mix)
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
    return _remember(state, _plain(_fresh(state)))


def _fresh(state: Workload) -> Body:
    """Make an action as it should be: a sign-up or something a member does."""
    if state.random.random() < state.mix.deriving:
        return _sign_up(state)
    (kind,) = state.random.choices(list(_ORDINARY), weights=list(_ORDINARY.values()))
    user_id = state.member()
    return state.action(user_id, kind, _FACTS[kind](state, user_id))


def _sign_up(state: Workload) -> Body:
    """Sign a new member up with the code of somebody, mostly of one who came lately."""
    state.signed_up += 1
    number, rng = state.signed_up, state.random
    friend = number - int(rng.paretovariate(0.7))
    data: Body = {"code": _code(state, number), "referral_code": _code(state, max(friend, 1))}
    match rng.randrange(100):
        case 0:
            data["referral_code"] = _code(state, -1)  # which nobody owns
        case 1:
            data["referral_code"] = _code(state, number)  # their own
        case 2 | 3:
            data["referral_code"] = _code(state, number + 3)  # registered a little later
        case 4:
            data["code"] = _code(state, max(number // 2, 1))  # which somebody has
        case 5 | 6:
            number = rng.randint(1, number)  # who signed up before
            data = data if rng.random() < _HALF else {}
    return state.action(_newcomer(state, number), "SIGNUP", data)


def _code(state: Workload, number: int) -> str:
    return f"C-{state.run}-{number}"


def _newcomer(state: Workload, number: int) -> str:
    return f"n-{state.run}-{number:06d}"


def _purchase(state: Workload, _user_id: str) -> Body:
    value = min(round(state.random.lognormvariate(5.5, 1.6), 2), 90_000.0)
    return {
        "order_value": f"{value:.2f}" if state.random.random() < _AS_TEXT else value,
        "order_id": str(state.random.randrange(10**8)),
    }


def _review(state: Workload, _user_id: str) -> Body:
    return {"product_id": f"p-{state.random.randrange(60)}"}


def _share(state: Workload, _user_id: str) -> Body:
    return {"network": state.random.choice(_NETWORKS)}


def _referral(state: Workload, _user_id: str) -> Body:
    return {"referred_user": state.member()}


def _birthday(_state: Workload, _user_id: str) -> Body:
    return {}


def _profile(state: Workload, user_id: str) -> Body:
    home = int(user_id.rpartition("-")[2])
    place = state.random.randrange(len(_COUNTRIES)) if state.random.random() < _MOVING else home
    return {"country": _COUNTRIES[place % len(_COUNTRIES)]}


def _adjustment(state: Workload, _user_id: str) -> Body:
    return {
        "points": state.random.choice(_ADJUSTMENTS),
        "reason": "goodwill",
        "created_by": "admin-7",
    }


_FACTS: dict[str, Callable[[Workload, str], Body]] = {
    "PURCHASE": _purchase,
    "REVIEW": _review,
    "SOCIAL_SHARE": _share,
    "REFERRAL": _referral,
    "BIRTHDAY_BONUS": _birthday,
    "PROFILE": _profile,
    "MANUAL_ADJUSTMENT": _adjustment,
}


def _broken(state: Workload) -> Message:
    user_id = state.member()
    good = state.action(user_id, "PURCHASE", _purchase(state, user_id))
    _, make = state.random.choice(BROKEN)
    return Message(user_id.encode(), make(good), [])


def _duplicate(state: Workload) -> Message:
    """Repeat a record of late, or say something else under its id."""
    if not state.recent:
        return _remember(state, _plain(_fresh(state)))
    message = state.random.choice(state.recent)
    other_body = state.random.random() < _OTHER_BODY
    if not other_body or message.value is None:
        return message
    body = json.loads(message.value)
    user_id = body["user_id"]
    return _plain(body | {"type": "PURCHASE", "data": _purchase(state, user_id)})


def _late(state: Workload) -> Message:
    days = state.random.uniform(0.01, 9)
    then = state.clock() - int(days * _DAY_MS)
    return _remember(state, _plain(_fresh(state) | {"occurred_at": then}))


def _cloud_event(state: Workload) -> Message:
    """Say an action as a CloudEvent, structured or binary."""
    body = _fresh(state)
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
    message = _remember(state, _plain(_fresh(state)))
    return message._replace(key=state.random.randbytes(4))


def _plain(body: Body) -> Message:
    return Message(str(body["user_id"]).encode(), json.dumps(body).encode(), [])


def _remember(state: Workload, message: Message) -> Message:
    if len(state.recent) < _RECENT:
        state.recent.append(message)
    else:
        state.recent[state.random.randrange(_RECENT)] = message
    return message


def rfc3339(moment: int) -> str:
    """Write epoch milliseconds as an RFC 3339 UTC time."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
