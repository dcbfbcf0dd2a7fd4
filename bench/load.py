"""The input of every measurement: seeded loyalty actions, made and written faster than any worker reads.

Members are drawn evenly, so that an account is seldom met twice in one batch: the hard case for
whoever writes a changelog. The same arguments make the same bytes.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

import aiokafka
from aiokafka.partitioner import murmur2

Keyed = tuple[bytes, bytes]
"""Key and value of one record."""

BATCH_BYTES = 256 * 1024
DAY_SECONDS = 86_400.0

CODES = 1_000
"""Referral codes that new members come with, at most."""

_COUNTRIES = ("US", "DE", "FR", "GB", "JP", "BR", "IN", "NG", "MX", "PL")
_NETWORKS = ("x", "instagram", "mastodon", "bluesky")
_CORRECTIONS = (-500, -20, 250, 3_000, 6_000, 12_000, 30_000)
_REPEATS = 0.01
_RECENT = 1_000
"""A repeated action is one of about so many, spread over what came before it."""


class Load(NamedTuple):
    """What a run is fed with."""

    actions: int
    members: int
    # Share of sign-ups of new members with somebody's referral code; each derives two actions.
    deriving: float = 0.0
    seed: int = 1


def ending_now(actions: int, now: float, seconds: float = DAY_SECONDS) -> Callable[[int], float]:
    """Return the moment, in epoch seconds, of the n-th of `actions` that fill the time until `now`."""
    return lambda number: now - seconds * (1 - number / actions)


def make(load: Load, moment: Callable[[int], float]) -> Iterator[Keyed]:
    """Yield the records of a load in order; `moment` gives the time of the n-th one.

    With deriving ones, the first records sign up the owners of the codes.
    """
    rng = random.Random(load.seed)
    codes = min(CODES, load.members, load.actions // 2) if load.deriving else 0
    recent: list[Keyed] = []
    clock = _Clock()
    for number in range(load.actions):
        draw = rng.random()
        if number > codes and draw < _REPEATS:
            yield recent[rng.randrange(len(recent))]
            continue
        if number < codes:
            user, kind, data = member(number), "SIGNUP", f'{{"code":"C{number}"}}'
        elif draw > 1 - load.deriving:
            user, kind = f"n-{number:08d}", "SIGNUP"
            data = f'{{"referral_code":"C{rng.randrange(codes)}"}}'
        else:
            place = int(rng.random() * load.members)
            user, (kind, data) = member(place), _ordinary(rng, place)
        key = user.encode()
        value = (
            f'{{"id":"a-{number:08d}","program":"loyalty","user_id":"{user}","type":"{kind}",'
            f'"occurred_at":"{clock.text(moment(number))}","data":{data}}}'
        ).encode()
        if number % (load.actions // _RECENT + 1) == 0:
            recent.append((key, value))
        yield key, value


def member(place: int) -> str:
    """Return the name of a member, all of one length."""
    return f"u-{place:07d}"


def _ordinary(rng: random.Random, place: int) -> tuple[str, str]:
    """Draw what a member does: its type and its facts as JSON."""
    draw = rng.random()
    if draw < 0.59:
        value = min(rng.lognormvariate(5.7, 1.2), 90_000.0)
        order = rng.getrandbits(26)
        return "PURCHASE", f'{{"order_value":{value:.2f},"order_id":"{order}"}}'
    if draw < 0.73:
        return "REVIEW", f'{{"product_id":"p-{int(rng.random() * 60)}"}}'
    if draw < 0.87:
        return "SOCIAL_SHARE", f'{{"network":"{_NETWORKS[int(rng.random() * 4)]}"}}'
    if draw < 0.91:
        return "REFERRAL", f'{{"referred_user":"r-{rng.getrandbits(20)}"}}'
    if draw < 0.94:
        points = _CORRECTIONS[int(rng.random() * len(_CORRECTIONS))]
        return (
            "MANUAL_ADJUSTMENT",
            f'{{"points":{points},"reason":"goodwill","created_by":"admin-7"}}',
        )
    if draw < 0.98:
        return "PROFILE", f'{{"country":"{_COUNTRIES[place % len(_COUNTRIES)]}"}}'
    return "BIRTHDAY_BONUS", "{}"


class _Clock:
    """Writes moments as RFC 3339, a second's digits once."""

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def text(self, moment: float) -> str:
        second = int(moment)
        if second != self._second:
            self._second = second
            self._text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._text}.{int((moment - second) * 1000):03d}Z"


class Partitions:
    """Which partition a key belongs on, as Java's clients have it; each key is hashed once."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._known: dict[bytes, int] = {}

    def of(self, key: bytes) -> int:
        """Return the partition number of a key."""
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = (murmur2(key) & 0x7FFFFFFF) % self.count
        return number


async def write(
    records: Iterator[Keyed],
    topic: str,
    partitions: int,
    connection: Mapping[str, Any],
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Write records to their partitions, a batch at a time; return how many there were.

    `progress` hears how many were handed over so far, every ten thousand.
    """
    place, written = Partitions(partitions), 0
    sent = []
    producer = aiokafka.AIOKafkaProducer(max_batch_size=BATCH_BYTES, **connection)
    async with producer:
        builders = [producer.create_batch() for _ in range(partitions)]
        while chunk := list(islice(records, 10_000)):
            for key, value in chunk:
                number = place.of(key)
                if builders[number].append(key=key, value=value, timestamp=None) is None:
                    sent.append(
                        await producer.send_batch(builders[number], topic, partition=number)
                    )
                    builders[number] = producer.create_batch()
                    builders[number].append(key=key, value=value, timestamp=None)
            written += len(chunk)
            progress(written)
        for number, builder in enumerate(builders):
            if builder.record_count():
                sent.append(await producer.send_batch(builder, topic, partition=number))
        for future in sent:
            await future
    return written
