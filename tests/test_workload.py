"""The demo's workload: one seed, one workload; shares are what was asked for."""

import json
from collections import Counter
from itertools import count, islice

import pytest

from deploy.workload import Message, Mix, workload

NOTHING = Mix(deriving=0, duplicates=0, late=0, broken=0, cloud_events=0, misrouted=0)
RECORDS = 2_000


def made(mix: Mix, seed: int = 1, run: str = "r") -> list[Message]:
    """The first records of a workload whose clock ticks a second a time."""
    seconds = count(1_765_000_000)
    clock = lambda: next(seconds) * 1_000  # noqa: E731
    return list(islice(workload(seed, clock, run=run, members=100, mix=mix), RECORDS))


def test_a_seed_makes_one_workload() -> None:
    """The same seed and clock give the same records, another seed or run gives others."""
    assert made(Mix()) == made(Mix())
    assert made(Mix()) != made(Mix(), seed=2)
    ids = {json.loads(message.value or b"")["id"] for message in made(NOTHING)}
    others = {json.loads(message.value or b"")["id"] for message in made(NOTHING, run="q")}
    assert len(ids) == RECORDS
    assert ids.isdisjoint(others)


def test_without_mishaps_every_record_is_an_action_of_its_member() -> None:
    """Each is JSON, keyed by its user, with an id of its own, and few members do most of it."""
    bodies = [json.loads(message.value or b"") for message in made(NOTHING)]
    assert [m.key for m in made(NOTHING)] == [body["user_id"].encode() for body in bodies]
    (_, most), *_ = Counter(body["user_id"] for body in bodies).most_common(1)
    assert most > RECORDS / 20


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_sign_ups_have_the_share_that_was_asked_for(share: float) -> None:
    """`deriving` says how many actions are sign-ups, which derive others."""
    types = Counter(
        json.loads(m.value or b"")["type"] for m in made(NOTHING._replace(deriving=share))
    )
    assert types["SIGNUP"] / RECORDS == pytest.approx(share, abs=0.05)


@pytest.mark.parametrize(
    ("mix", "is_one"),
    [
        (NOTHING._replace(misrouted=0.3), lambda m: len(m.key) == 4),
        (NOTHING._replace(cloud_events=0.3), lambda m: m.headers != []),
        (NOTHING._replace(late=0.3), lambda m: type(json.loads(m.value)["occurred_at"]) is int),
    ],
)
def test_mishaps_have_the_share_that_was_asked_for(mix: Mix, is_one: object) -> None:
    """Three in ten are what the mix says, the others are not."""
    assert callable(is_one)
    assert sum(map(is_one, made(mix))) / RECORDS == pytest.approx(0.3, abs=0.05)


def test_duplicates_repeat_ids() -> None:
    """Three in ten records say an id again, some with another body."""
    bodies = [json.loads(m.value or b"") for m in made(NOTHING._replace(duplicates=0.3))]
    assert len({body["id"] for body in bodies}) / RECORDS == pytest.approx(0.7, abs=0.05)
    different = {json.dumps(body, sort_keys=True) for body in bodies}
    assert len(different) > len({body["id"] for body in bodies})
