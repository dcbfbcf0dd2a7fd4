"""Members of one or more programs, and the mishaps of what they do on its way to Kafka."""

import json
from collections import deque
from collections.abc import Mapping
from itertools import accumulate
from random import Random
from typing import Final, NamedTuple

from deploy.broken import BROKEN
from schemas.moments import DAY, write
from tests.simulation.lives import contribution, forum, loyalty, trading, waitlist
from tests.simulation.lives.life import INTERNAL, SETTLING, Body, Deed, Life

DEEDS: Final[Mapping[str, Mapping[Deed, float]]] = {
    "loyalty": loyalty.DEEDS,
    "trading": trading.DEEDS,
    "waitlist-alpha": waitlist.DEEDS,
    "waitlist-beta": waitlist.DEEDS,
    "forum": forum.DEEDS,
    "contribution": contribution.DEEDS,
}
SHARES: Final = {
    "loyalty": 0.33,
    "trading": 0.2,
    "waitlist-alpha": 0.03,
    "waitlist-beta": 0.03,
    "forum": 0.24,
    "contribution": 0.17,
}
SECOND: Final = {
    "loyalty": loyalty.second_version,
    "trading": trading.second_version,
    "waitlist-alpha": waitlist.second_version,
    "waitlist-beta": waitlist.second_version,
    "forum": forum.second_version,
    "contribution": contribution.second_version,
}
"""By program: what a version in the middle changes of a document, given a day and another."""
_REMEMBERED: Final = 2_000
_SETTLED_ONCE: Final = 2 * DAY
"""Within this time a job may say again what only settles: less than any program accepts lateness."""


class Sent(NamedTuple):
    """A record on one of the inputs."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    internal: bool


class Mix(NamedTuple):
    """Shares of all records; what is left goes as it should."""

    broken: float = 0.01
    duplicates: float = 0.02
    late: float = 0.03
    cloud_events: float = 0.02
    misrouted: float = 0.005


class Crowd:
    """Who lives in which program, and what was sent lately."""

    def __init__(self, shares: Mapping[str, float], members: int, mix: Mix) -> None:
        self.lives = [Life(program, DEEDS[program], members) for program in shares]
        self._weights = list(accumulate(shares.values()))
        self.mix = mix
        self.recent: deque[Sent] = deque(maxlen=_REMEMBERED)

    def next(self, random: Random, now: int) -> Sent:
        """Let somebody do something, and something happen to it on its way."""
        mix, draw = self.mix, random.random()
        if draw < mix.broken:
            return self._broken(random, now)
        if draw < mix.broken + mix.duplicates and self.recent:
            return self._repeated(random, now)
        body = self._act(random, now)
        draw -= mix.broken + mix.duplicates
        if 0 <= draw < mix.late:
            body["occurred_at"] = now - int(random.uniform(0, 9) * DAY)
        sent = _plain(body)
        self.recent.append(sent)
        if sent.internal:
            return sent
        draw -= mix.late
        if 0 <= draw < mix.cloud_events:
            return _cloud_event(body, random)
        if 0 <= draw - mix.cloud_events < mix.misrouted:
            return sent._replace(key=random.randbytes(4))
        return sent

    def _act(self, random: Random, now: int) -> Body:
        (life,) = random.choices(self.lives, cum_weights=self._weights)
        return life.act(random, now)

    def _broken(self, random: Random, now: int) -> Sent:
        life = self.lives[0]
        life.random, life.now = random, now
        good = loyalty.purchase(life, life.member())
        _, make = random.choice(BROKEN)
        return Sent(
            good["user_id"].encode(), make(good | {"occurred_at": write(now)}), [], internal=False
        )

    def _repeated(self, random: Random, now: int) -> Sent:
        """Say a record of late again, or something else under its id.

        What only settles is remembered like what members do, and no job says it again after that.
        """
        sent = random.choice(self.recent)
        body = json.loads(sent.value or b"{}")
        if body["type"] in SETTLING and now - body["occurred_at"] > _SETTLED_ONCE:
            return self.next(random, now)
        if random.random() < 0.8:
            return sent
        return sent._replace(value=json.dumps(body | {"data": {"order_value": 5}}).encode())


def _plain(body: Body) -> Sent:
    internal = body["type"] in INTERNAL
    return Sent(body["user_id"].encode(), json.dumps(body).encode(), [], internal)


def _cloud_event(body: Body, random: Random) -> Sent:
    """Say an action as a CloudEvent, structured or binary."""
    attributes = {
        "specversion": "1.0",
        "id": body["id"],
        "source": "/demo",
        "program": body["program"],
        "type": f"com.example.{body['type']}",
        "subject": body["user_id"],
        "time": write(body["occurred_at"]),
    }
    key = body["user_id"].encode()
    if random.random() < 0.5:
        value = json.dumps(attributes | {"data": body["data"]}).encode()
        kind = ("content-type", b"application/cloudevents+json; charset=UTF-8")
        return Sent(key, value, [kind], internal=False)
    headers = [(f"ce_{name}", str(text).encode()) for name, text in attributes.items()]
    headers.append(("content-type", b"application/json"))
    return Sent(key, json.dumps(body["data"]).encode(), headers, internal=False)
