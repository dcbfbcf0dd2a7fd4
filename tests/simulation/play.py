"""One seeded run: members of every program live for a year in a world that dies, beside the book."""

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from audit.partitions import partition_of
from audit.records import INTERNAL, Record
from audit.results import NOTIFICATIONS, RESULTS
from audit.verify import TOPICS, book_of, compare_topics
from schemas import results
from schemas.actions import Action
from schemas.moments import DAY, HOUR
from schemas.results import AcceptedAction, DeclinedAction, Posting
from schemas.wire import read_action
from tests.simulation.lives.crowd import SHARES, Crowd, Mix
from tests.simulation.lives.life import SETTLING
from tests.simulation.world import PARTITIONS, World, replayed
from tests.support.allowances import Allowances
from tests.support.engine import Document
from tests.support.laws import Happened, Laws
from tests.support.programs import first_version, second_version

LEAD_MS: Final = 2_000
YEAR: Final = 365
MEMBERS: Final = 1_000

Progress = Callable[[int], None]
"""Hears how many records were played so far."""


class Run:
    """A world, the versions of its programs, and whoever lives in it."""

    def __init__(self, seed: int, actions: int, members: int, days: float) -> None:
        self.random = random.Random(seed)
        start = datetime(2025, 8, 1, tzinfo=UTC) + timedelta(hours=self.random.randrange(24 * 60))
        self.world = World(seed, int(start.timestamp() * 1000))
        self.crowd = Crowd(SHARES, members, Mix())
        self.actions = actions
        self.pace = days * DAY / actions
        self.versions: dict[str, Document] = {}
        self.looked = self.world.now
        for program in SHARES:
            self._publish(_varied(first_version(program), self.random))

    @property
    def programs(self) -> list[str]:
        """The names of all programs."""
        return [life.program for life in self.crowd.lives]

    def play(self, progress: Progress) -> World:
        """Play every record; second versions come when half of them are through."""
        world, rng = self.world, self.random
        for number in range(self.actions):
            world.now += int(rng.expovariate(1 / self.pace))
            if number == self.actions // 2:
                self._change()
            world.offer(self.crowd.next(rng, world.now))
            if rng.random() < 0.0005:
                self._stray()
            if world.now - self.looked > 6 * HOUR:
                self._look_for_due()
            if rng.random() < 0.1:
                world.take_turn(rng.randrange(PARTITIONS))
            progress(number)
        world.drain()
        return world

    def _publish(self, document: Document) -> None:
        self.versions[f"{document['program']}@{document['effective_from']}"] = document
        self.world.publish(document, LEAD_MS)

    def _change(self) -> None:
        """Publish second versions, in force a day later, half of them for a while only."""
        day = datetime.fromtimestamp(self.world.now / 1000, UTC).date()
        begin, until = day + timedelta(days=1), day + timedelta(days=9)
        for document in list(self.versions.values()):
            self._publish(second_version(document, begin.isoformat(), until.isoformat()))

    def _look_for_due(self) -> None:
        """Let the jobs send what is due, most of it."""
        world, self.looked = self.world, self.world.now
        due = [(name, at) for name, at in world.due.items() if at <= world.now]
        for (program, subject), at in due:
            if self.random.random() < 0.6:
                del world.due[program, subject]  # Said once, until the account changes.
                kind = self.random.choice(self._settling(program))
                body = {
                    "id": f"due-{at}",
                    "program": program,
                    "user_id": subject,
                    "type": kind,
                    "occurred_at": at,
                    "data": {},
                }
                world.say(subject, json.dumps(body).encode(), [])

    def _settling(self, program: str) -> list[str]:
        """Return the types of a program by which jobs settle."""
        latest = max(name for name in self.versions if name.startswith(f"{program}@"))
        return [kind for kind in SETTLING if kind in self.versions[latest]["actions"]]

    def _stray(self) -> None:
        """Let a copy of a misrouted record come again where it does not belong."""
        user, world = f"u-{self.random.randrange(5):04d}", self.world
        body = {
            "id": f"stray-{world.now}",
            "program": "loyalty",
            "user_id": user,
            "type": "LOGIN",
            "occurred_at": world.now,
            "data": {},
        }
        home = partition_of(user, PARTITIONS)
        stray = next(n for n in range(100) if partition_of(f"m{n}", PARTITIONS) != home)
        headers = [("laurel-rekeyed", str(world.now).encode())]
        world.say(f"m{stray}", json.dumps(body).encode(), headers)


def play(
    seed: int,
    actions: int,
    members: int = MEMBERS,
    days: float = YEAR,
    progress: Progress = lambda _: None,
) -> Run:
    """Play a seed, and return the run with its world."""
    run = Run(seed, actions, members, days)
    run.play(progress)
    return run


def differences(world: World) -> Iterator[str]:
    """What the book says otherwise than the world's topics."""
    topics = {topic: world.logs.of(topic) for topic in (*TOPICS, NOTIFICATIONS)}
    yield from compare_topics(book_of(topics, PARTITIONS), topics)


def _varied(document: Document, rng: random.Random) -> Document:
    """Let a program have another zone, and accept what is later or not so late."""
    document["timezone"] = rng.choice(("UTC", "UTC", "America/New_York", "Asia/Kolkata"))
    if document["program"] != "waitlist-alpha":
        document["accept_late"] = rng.choice(("7 days", "7 days", "3 days", "unlimited"))
    return document


READERS: Final[dict[str, Any]] = {
    topic: msgspec.json.Decoder(kind).decode
    for topic, kind in (
        ("rewards.earned", Posting),
        ("actions.accepted", AcceptedAction),
        ("actions.declined", DeclinedAction),
        ("actions.rejected", results.RejectedRecord),
    )
}


def obey(run: Run, progress: Progress = lambda _: None) -> Laws:
    """Score every record anew: the same rows come of it, and they keep every law."""
    laws, allowances = Laws(), Allowances()
    written = {place: iter(run.world.said(place)) for place in run.world.logs.records}
    for number, (record, rows) in enumerate(replayed(run.world)):
        for topic, partition, row in rows:
            assert next(written[topic, partition]) == row, f"{topic}: not the same bytes: {row}"
        _judge(run, laws, allowances, record, [(topic, row[1]) for topic, _, row in rows])
        progress(number)
    for place, left in written.items():
        if place[0] in (*RESULTS, INTERNAL):
            assert next(left, None) is None, f"{place}: not written again"
    laws.close()
    return laws


def _judge(
    run: Run,
    laws: Laws,
    allowances: Allowances,
    record: Record,
    rows: list[tuple[str, bytes | None]],
) -> None:
    """Check what came of one record."""
    internal = record.topic == INTERNAL
    action = read_action(record.value, record.headers, record.append_time, internal)
    said = [READERS[topic](value) for topic, value in rows if topic in READERS]
    if not isinstance(action, Action) or not said:
        return
    postings = [each for each in said if isinstance(each, Posting)]
    outcome = "posted" if postings else getattr(said[0], "reason", "accepted")
    happened = Happened(action, outcome, postings)
    laws.see(happened)
    if outcome in ("posted", "accepted"):
        version = said[0].rule.rpartition("/")[0]
        allowances.see(happened, run.versions[version])
