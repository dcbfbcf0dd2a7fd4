"""Taking partitions over on a real broker: where to go on, what to keep, whom to suspect."""

from collections.abc import AsyncIterator
from time import monotonic
from typing import Any

import aiokafka
import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import TopicPartition
from faust.types import TP

from deploy.stack import Stack
from processors.stream import changelog
from processors.stream.ownership import (
    ATTEMPTS_BEFORE_CARE,
    ATTEMPTS_BEFORE_VERDICT,
    Ownership,
)
from processors.stream.transaction import TRANSACTION_SECONDS, Row
from processors.stream.turns import Membership
from tests.stream.conftest import MakeTopic, Member
from tests.support.kafka import Sent, consume, produce

NUMBERS = (0, 1)


class Scene:
    """Two inputs and a changelog of two partitions, and workers that own them one after another."""

    def __init__(self, stack: Stack, member: Member, topics: dict[str, str], prefix: str) -> None:
        self.stack = stack
        self.member = member
        self.topics = topics
        self.prefix = prefix
        self.connection = {"bootstrap_servers": stack.kafka}
        self.owners: list[Ownership] = []
        self.group_hears = True
        self.told: list[dict[TP, int]] = []

    async def worker(self, name: str = "one") -> Ownership:
        """A worker process as it starts."""
        owner = Ownership(
            worker=self.prefix + name,
            inputs=(self.topics["internal"], self.topics["actions"]),
            changelog_topic=self.topics["changelog"],
            group_id=self.member.group_id,
            connection=self.connection,
        )
        owner.beginnings, owner.tell_group = self.beginnings, self.tell_group
        self.owners.append(owner)
        await owner.producers.start()
        return owner

    async def beginnings(self, *partitions: TP) -> dict[TP, int]:
        """The first offset of each partition."""
        wanted = [TopicPartition(*tp) for tp in partitions]
        async with aiokafka.AIOKafkaConsumer(**self.connection) as client:
            found = await client.beginning_offsets(wanted)
        return {TP(*tp): offset for tp, offset in found.items()}

    async def tell_group(self, stands: dict[TP, int]) -> bool:
        """Hear where partitions stand, unless the group is about to assign them anew."""
        self.told.append(stands)
        return self.group_hears

    def inputs(self, *numbers: int) -> set[TP]:
        """Both inputs of some partition numbers."""
        return {TP(self.topics[name], n) for n in numbers for name in ("internal", "actions")}

    def membership(self, later: int = 0) -> Membership:
        """The membership so many generations after the present one."""
        now = self.member.membership
        return now._replace(generation=now.generation + later)

    async def take_over(self, owner: Ownership, *numbers: int, later: int = 0) -> dict[TP, int]:
        """Give a worker some partitions."""
        positions = await owner.take_over(self.inputs(*numbers), self.membership(later))
        return dict(positions)

    async def turn(self, owner: Ownership, number: int, actions: int) -> None:
        """Let a worker decide one partition's actions up to an offset."""
        await owner.mark_attempt({number}, self.membership())
        offsets = {TP(self.topics["actions"], number): actions}
        row = owner.position_row(number, offsets)
        producer = await owner.producer()
        sent = await producer.send_rows(self.topics["changelog"], number, [(*row, [])])
        await producer.commit(self.member.group_id, self.membership(), offsets, sent)
        changelog.apply_rows(owner.accounts[number], [row])
        owner.positions |= offsets


@pytest.fixture
async def scene(
    stack: Stack, member: Member, make_topic: MakeTopic, prefix: str
) -> AsyncIterator[Scene]:
    topics = {
        "internal": await make_topic("inputs.internal", partitions=2),
        "actions": await make_topic("inputs.actions", partitions=2),
        "changelog": await make_topic("changelog", partitions=2, cleanup_policy="compact"),
    }
    scene = Scene(stack, member, topics, prefix)
    yield scene
    for owner in scene.owners:
        await owner.producers.stop()


async def started(scene: Scene, name: str = "one") -> Ownership:
    """A worker that has just taken both partitions over."""
    owner = await scene.worker(name)
    await scene.take_over(owner, *NUMBERS)
    return owner


async def test_a_first_owner_begins_at_the_beginning(scene: Scene) -> None:
    """Partitions that nobody decided yet are read from their first record."""
    owner = await scene.worker()
    assert await scene.take_over(owner, *NUMBERS) == dict.fromkeys(scene.inputs(*NUMBERS), 0)
    assert {number: dict(rows) for number, rows in owner.accounts.items()} == {0: {}, 1: {}}


async def test_a_later_owner_goes_on(scene: Scene) -> None:
    """A new owner goes on where the last committed turn ended, input by input."""
    await scene.turn(await started(scene, "one"), number=1, actions=7)
    positions = await scene.take_over(await scene.worker("two"), *NUMBERS)
    assert positions == dict.fromkeys(scene.inputs(*NUMBERS), 0) | {
        TP(scene.topics["actions"], 1): 7
    }


async def test_the_next_generation_keeps_accounts(scene: Scene) -> None:
    """A partition kept into the very next generation is not loaded again; one that left is dropped."""
    owner = await started(scene)
    owner.accounts[0][b"only in memory"] = owner.accounts[1][b"only in memory"] = b"1"
    await scene.take_over(owner, 0, later=1)
    assert owner.accounts == {0: {b"only in memory": b"1"}}
    await scene.take_over(owner, *NUMBERS, later=2)
    assert owner.accounts == {0: {b"only in memory": b"1"}, 1: {}}


async def test_the_group_is_told_where_new_partitions_stand(scene: Scene) -> None:
    """Until it has heard; a group about to assign partitions anew does not, and is told after that."""
    owner = await started(scene)
    scene.group_hears = False
    await scene.take_over(owner, 0, later=1)
    await scene.take_over(owner, *NUMBERS, later=2)
    scene.group_hears = True
    await scene.take_over(owner, *NUMBERS, later=3)
    await scene.take_over(owner, *NUMBERS, later=4)
    told = [{tp.partition for tp in stands} for stands in scene.told]
    assert told == [{0, 1}, {1}, {1}]


@pytest.mark.parametrize("later", [0, 2])
async def test_a_missed_generation_loads_anew(scene: Scene, later: int) -> None:
    """Who was out for a generation forgets everything: somebody else may have decided meanwhile."""
    owner = await started(scene)
    owner.accounts[0][b"stale"] = b"1"
    await scene.take_over(owner, *NUMBERS, later=later)
    assert owner.accounts == {0: {}, 1: {}}


async def test_idle_starts_count_nothing(scene: Scene) -> None:
    """However often workers start while there is nothing to decide, nobody is suspected."""
    for _ in range(ATTEMPTS_BEFORE_VERDICT + 2):
        owner = await started(scene)
        assert (owner.suspects, owner.hopeless) == (set(), set())


async def test_deaths_at_one_position(scene: Scene) -> None:
    """Who dies at one position again and again is suspected after three times, refused after six."""
    found = []
    for _ in range(ATTEMPTS_BEFORE_VERDICT + 1):
        owner = await started(scene)
        found.append((set(owner.suspects), set(owner.hopeless)))
        await owner.mark_attempt({1}, scene.membership())
    care, verdict = ATTEMPTS_BEFORE_CARE, ATTEMPTS_BEFORE_VERDICT
    assert found[:care] == [(set(), set())] * care
    assert found[care:verdict] == [({1}, set())] * (verdict - care)
    assert found[verdict:] == [({1}, {1})]
    assert "6 workers" in owner.verdict(1)
    assert (owner.verdict(1), owner.verdict(0)) == ("", "")


async def test_an_attempt_is_written_once(scene: Scene) -> None:
    """Only the first turn after a take-over writes the attempt down."""
    owner = await started(scene)
    for _ in range(3):
        await owner.mark_attempt({0}, scene.membership())
    rows = await changelog.load(
        scene.topics["changelog"], [0], patience=1.0, connection=scene.connection
    )
    assert changelog.attempts_at(rows[0], 0, 0) == 1
    assert len(await consume(scene.stack, scene.topics["changelog"])) == 1


async def test_suspicion_outlives_a_worker(scene: Scene) -> None:
    """A worker that dies while it goes with care leaves its suspicion to the next one, there too."""
    for _ in range(ATTEMPTS_BEFORE_CARE):
        await (await started(scene)).mark_attempt({1}, scene.membership())
    owner = await started(scene)
    await scene.turn(owner, number=1, actions=1)
    await owner.mark_attempt({1}, scene.membership())
    heir = await started(scene)
    assert (heir.suspects, heir.hopeless) == ({1}, set())


async def test_progress_clears_the_suspicion(scene: Scene) -> None:
    """A turn that was committed ends the count: the next deaths are counted from one again."""
    for _ in range(ATTEMPTS_BEFORE_CARE):
        await (await started(scene)).mark_attempt({1}, scene.membership())
    owner = await started(scene)
    assert owner.suspects == {1}
    await scene.turn(owner, number=1, actions=1)
    assert (await started(scene)).suspects == set()


async def test_suspicion_stays_with_its_partition(scene: Scene) -> None:
    """Who loses a suspected partition and gets it back after others made progress suspects nothing."""
    for _ in range(ATTEMPTS_BEFORE_VERDICT):
        await (await started(scene)).mark_attempt({1}, scene.membership())
    owner = await started(scene)
    assert owner.hopeless == {1}
    await scene.take_over(owner, 0, later=1)
    assert (owner.suspects, owner.hopeless) == (set(), set())
    await scene.turn(await started(scene, "two"), number=1, actions=1)
    await scene.take_over(owner, *NUMBERS, later=2)
    assert (owner.suspects, owner.hopeless) == (set(), set())


async def test_a_dead_owner_is_fenced(scene: Scene) -> None:
    """An open transaction of the last owner is ended by the next one, long before the broker would."""
    dead = await started(scene, "dead")
    await scene.turn(dead, number=0, actions=3)
    producer = await dead.producer()
    rows: list[Row] = [(b"never", b"committed", [])]
    await (await producer.send_rows(scene.topics["changelog"], 0, rows))[0]
    owner = await scene.worker("next")
    began = monotonic()
    positions = await scene.take_over(owner, *NUMBERS)
    assert monotonic() - began < TRANSACTION_SECONDS / 2
    assert positions[TP(scene.topics["actions"], 0)] == 3
    assert b"never" not in owner.accounts[0]


async def test_records_that_are_gone(scene: Scene, connection: dict[str, Any]) -> None:
    """Where the log begins behind the position, the owner goes on with the first record there is."""
    actions = scene.topics["actions"]
    await produce(scene.stack, actions, [Sent(b"u", b"{}", partition=0)] * 5)
    await scene.turn(await started(scene), number=0, actions=2)
    admin = AIOKafkaAdminClient(**connection)
    await admin.start()
    await admin.delete_records({TopicPartition(actions, 0): RecordsToDelete(4)})
    await admin.close()
    positions = await scene.take_over(await scene.worker("two"), 0)
    assert positions[TP(actions, 0)] == 4
