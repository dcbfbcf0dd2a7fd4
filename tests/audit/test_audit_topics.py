"""Planted differences in the topics: an auditor that cannot fail is a defect."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from audit.book import Book
from audit.reader import TopicReader
from audit.records import INTERNAL, JournalError, Record
from audit.verify import _settled, book_of, compare_topics, undecided
from tests.simulation.world import PARTITIONS

Topics = dict[str, list[Record]]
Said = dict[str, Any]
Change = Callable[[Said], object]
"""Changes what a record says, in place."""


def found(book: Book, topics: Topics) -> str:
    """All differences of these topics, one a line."""
    return "\n".join(compare_topics(book, topics))


def recounted(topics: Topics) -> str:
    """All differences where the inputs themselves were changed."""
    return found(book_of(topics, PARTITIONS), topics)


def place_of(records: list[Record], fits: Callable[[Said], object]) -> int:
    """Where in a topic the last record stands whose value fits."""
    at = [n for n, r in enumerate(records) if r.value and fits(json.loads(r.value))]
    assert at, "the world has no such record"
    return at[-1]


def with_changed(
    world: Topics, topic: str, fits: Callable[[Said], object], change: Change
) -> Topics:
    """The world with one record that says something else."""
    records = list(world[topic])
    at = place_of(records, fits)
    said = json.loads(records[at].value or b"")
    change(said)
    records[at] = records[at]._replace(value=json.dumps(said).encode())
    return world | {topic: records}


def has(**fields: object) -> Callable[[Said], bool]:
    """A record whose fields have these values."""
    return lambda said: all(said[name] == value for name, value in fields.items())


def anything(_: Said) -> bool:
    """Any record."""
    return True


def test_nothing_is_found_where_nothing_is_wrong(book: Book, world: Topics) -> None:
    """The world as it is agrees with its book."""
    assert found(book, world) == ""


def add(name: str, amount: int) -> Change:
    """Add to a number."""
    return lambda said: said.update({name: said[name] + amount})


def put(**fields: object) -> Change:
    """Say something else in these fields."""
    return lambda said: said.update(fields)


def last_score(at: int, value: object) -> Change:
    """Say something else in the last score."""
    return lambda said: said["scores"][-1].__setitem__(at, value)


EARN, MOVE, BADGE = has(kind="earn"), has(kind="move"), has(kind="badge")
CLOSED = has(kind="closed", program="loyalty")


@pytest.mark.parametrize(
    ("topic", "fits", "change", "says"),
    [
        ("rewards.earned", EARN, add("points", 1), "points"),
        ("rewards.earned", EARN, add("lifetime_points", 1), "lifetime_points"),
        ("rewards.earned", EARN, add("balance", -1), "balance"),
        ("rewards.earned", EARN, add("lifetime", 1), "lifetime"),
        ("rewards.earned", EARN, put(tier="DIAMOND"), "tier"),
        ("rewards.earned", EARN, put(currency="coins"), "currency"),
        ("rewards.earned", EARN, put(kind="adjust"), "kind"),
        ("rewards.earned", EARN, put(action="LOGIN"), "LOGIN"),
        ("rewards.earned", EARN, put(rule="loyalty@2025-01-01/other"), "other"),
        ("rewards.earned", EARN, put(occurred_at="2020-01-01T00:00:00.000Z"), "occurred_at"),
        ("rewards.earned", EARN, put(action_id="nobodys"), "nobodys: nothing in the book"),
        ("rewards.earned", EARN, put(user_id="stranger"), "stranger"),
        ("rewards.earned", MOVE, add("sequence", 1), "has sequence"),
        ("rewards.earned", EARN, last_score(2, 1_000_000), "scores of rewards.earned"),
        ("rewards.earned", EARN, last_score(1, "weekly:1999-W01"), "weekly:1999-W01"),
        ("rewards.earned", EARN, lambda said: said["scores"].pop(), "scores of rewards.earned"),
        ("rewards.earned", MOVE, lambda said: said["scores"].pop(), "scores of rewards.earned"),
        ("actions.accepted", anything, put(action_id="nobodys"), "nobodys: nothing in the book"),
        ("actions.declined", has(reason="cooling_down"), put(reason="daily_limit"), "cooling_down"),
        ("actions.declined", has(reason="duplicate"), put(reason="condition"), "condition"),
        ("actions.declined", has(reason="duplicate"), put(id="x#dup@0.0"), "x#dup@0.0"),
        ("actions.rejected", anything, put(reason="too_large"), "too_large"),
        ("actions.rejected", anything, add("offset", 9_999), "no action there"),
        ("tier.changed", anything, put(new="DIAMOND"), "DIAMOND is there"),
        ("achievements.unlocked", BADGE, put(achievement="HERO"), "badge HERO 0 times"),
        ("achievements.unlocked", BADGE, add("level", 1), "level 2"),
        ("achievements.unlocked", BADGE, put(state="REVOKED"), "REVOKED"),
        ("periods.closed", CLOSED, add("participants", 1), "periods.closed: loyalty/period:"),
        ("periods.closed", CLOSED, put(winners=[[1, "u-9", 9]]), "'u-9'"),
        ("periods.closed", CLOSED, put(board="region:XX"), "period:region:XX"),
        ("periods.closed", has(kind="restated"), add("changed", 1), "restated"),
        ("notifications.send", has(type="tier"), put(message="x"), "notifications.send: "),
        ("notifications.send", anything, put(user_id="stranger"), "/stranger is [] in the book"),
        ("rewards.earned", EARN, put(id="x#y"), "id "),
        ("rewards.earned", EARN, put(expires_at="2020-01-01T00:00:00Z"), "expires_at"),
        ("rewards.earned", has(kind="redeem"), put(lots=[]), "lots"),
    ],
)
def test_changed_records_are_found(
    *,
    book: Book,
    world: Topics,
    topic: str,
    fits: Callable[[Said], object],
    change: Change,
    says: str,
) -> None:
    """One field of one record says something else."""
    assert says in found(book, with_changed(world, topic, fits, change))


@pytest.mark.parametrize(
    ("fits", "change", "says"),
    [
        (has(type="REFERRAL"), put(user_id="stranger"), "no REFERRAL for"),
        (has(type="CODE_LOOKUP"), put(data={"referred_user": "x"}), "is nobody's"),
    ],
)
def test_changed_derived_actions_are_found(
    world: Topics, fits: Callable[[Said], object], change: Change, says: str
) -> None:
    """A derived action says something else than what it comes from."""
    assert says in recounted(with_changed(world, INTERNAL, fits, change))


EVERYWHERE = [
    ("rewards.earned", EARN),
    ("rewards.earned", MOVE),
    ("actions.accepted", anything),
    ("actions.declined", has(reason="cooling_down")),
    ("actions.declined", has(reason="duplicate")),
    ("actions.rejected", anything),
    ("tier.changed", anything),
    ("achievements.unlocked", anything),
    ("periods.closed", anything),
    ("notifications.send", anything),
]


@pytest.mark.parametrize(("topic", "fits"), EVERYWHERE)
def test_lost_results_are_found(
    book: Book, world: Topics, topic: str, fits: Callable[[Said], object]
) -> None:
    """A result that is not there."""
    records = list(world[topic])
    del records[place_of(records, fits)]
    assert found(book, world | {topic: records})


@pytest.mark.parametrize(("topic", "fits"), EVERYWHERE)
def test_doubled_results_are_found(
    book: Book, world: Topics, topic: str, fits: Callable[[Said], object]
) -> None:
    """A result that is there twice."""
    records = list(world[topic])
    at = place_of(records, fits)
    assert found(book, world | {topic: [*records[: at + 1], *records[at:]]})


def test_tier_changes_in_another_order_are_found(book: Book, world: Topics) -> None:
    """A member's changes stand on tier.changed as they happened."""
    records = world["tier.changed"]
    users = [json.loads(record.value or b"")["user_id"] for record in records]
    twice = next(user for user in users if users.count(user) > 1)
    mine = [at for at, user in enumerate(users) if user == twice]
    swapped = list(records)
    for at, other in zip(mine, reversed(mine), strict=True):
        swapped[at] = records[other]
    assert f"{twice} has its changes in another order" in found(
        book, world | {"tier.changed": swapped}
    )


def test_a_lost_derived_action_is_found(world: Topics) -> None:
    """A credit that never arrived, though the journal passes the place where it would stand."""
    records = list(world[INTERNAL])
    del records[place_of(records, has(type="REFERRAL"))]
    assert "actions.internal: no REFERRAL for" in recounted(world | {INTERNAL: records})


def test_a_misrouted_record_that_never_came_again_is_found(world: Topics) -> None:
    """A record on a wrong partition whose re-keyed copy is lost."""
    records = [r for r in world[INTERNAL] if r[:3] != rekeyed(world)[:3]]
    assert "was not re-keyed" in recounted(world | {INTERNAL: records})


def test_a_copy_of_nothing_is_found(world: Topics) -> None:
    """A re-keyed copy of a record that nobody sent."""
    copy = rekeyed(world)
    body = json.loads(copy.value or b"") | {"id": "forged"}
    records = [
        r if r != copy else r._replace(value=json.dumps(body).encode()) for r in world[INTERNAL]
    ]
    assert "was never on a wrong partition" in recounted(world | {INTERNAL: records})


def rekeyed(world: Topics) -> Record:
    """A re-keyed record that counts where it came."""
    user_ids = {record.key for record in world["rewards.earned"]}
    return next(r for r in world[INTERNAL] if r.headers and r.key in user_ids)


def test_a_lost_turn_is_found(world: Topics) -> None:
    """The journal leaves records out."""
    journal = [r for r in world["scoring.journal"] if r.offset != 3]
    with pytest.raises(JournalError):
        book_of(world | {"scoring.journal": journal}, PARTITIONS)


def test_records_that_wait_are_told(world: Topics) -> None:
    """What lies behind the last turn was not decided yet."""
    last = world["actions"][-1]
    waiting = last._replace(offset=last.offset + 1)
    assert undecided([*world["actions"], waiting], []) != []
    assert "was not decided" in undecided([waiting], [])[0]


async def test_results_may_be_read_after_their_turn(world: Topics) -> None:
    """A turn whose results were not read yet is no difference: reading goes on until nothing comes."""
    reader = Late(world, "rewards.earned")
    assert await _settled(reader, "", patience=60) == []
    assert reader.records == world


class Late(TopicReader):
    """Reads one topic only after all others."""

    def __init__(self, world: Topics, late: str) -> None:
        self.records = {topic: [] for topic in world}
        self._to_come = [world | {late: []}, world]

    async def catch_up(self) -> None:
        """Read as far as one reading comes."""
        self.records = self._to_come.pop(0) if self._to_come else self.records
