"""The scoring worker put together: ownership of partitions, rules that follow their topic, turns."""

from functools import partial
from time import time

import structlog
from aiokafka import AIOKafkaConsumer

from processors import scoring
from processors.app import App, make_app, work
from processors.engine import RuleBook
from processors.outputs import Topics
from processors.pages import add_pages
from processors.rulebook import RulesFollower
from processors.scoring import Scoring
from processors.settings import Settings
from processors.status import Status
from processors.stream.changelog import AccountTable
from processors.stream.ownership import Ownership
from processors.stream.turns import Pace
from schemas.envelopes import Rejection
from schemas.programs import read_published

PACE = Pace(turns=0.01, fetches=0.002)
"""Oftener would take the processor from whoever reads the results, and they would not be there sooner."""

log = structlog.get_logger("laurel")


def scoring_app(settings: Settings) -> App:
    """Return the app of a scoring worker."""
    connection = settings.kafka_connection
    inputs = (settings.topic("actions.internal"), settings.topic("actions"))
    ownership = Ownership(
        worker=f"{settings.group('scoring')}-{settings.worker_id}",
        inputs=inputs,
        changelog_topic=settings.changelog,
        group_id=settings.group("scoring"),
        connection=connection,
    )
    app = make_app("scoring", settings)
    app.turns.owner, app.turns.pace = ownership, PACE
    accounts = AccountTable(app, name="accounts")
    app.tables.add(accounts)
    ownership.accounts = accounts.owned
    ownership.beginnings = app.turns.earliest_offsets
    ownership.tell_group = app.turns.commit_positions

    rules = RuleBook()
    status = app.status
    follower = RulesFollower(
        settings.topic("rules"), partial(book_version, rules, status), connection=connection
    )
    status.details["rows of accounts held"] = lambda: len(accounts)
    status.details["rules in force"] = lambda: versions_in_force(rules, int(time() * 1000))
    status.obstacles.append(lambda: follower.obstacle)

    topics = topics_of(settings)
    worker = Scoring(ownership, follower, rules, status, topics)

    async def prepare() -> None:
        topics.partitions = await count_partitions(inputs[1], settings)
        await ownership.producers.start()

    app.preparations.append(prepare)
    app.background.append(follower.follow())
    work(app, list(inputs), lambda turn: scoring.score(worker, turn))
    add_pages(app, status)
    return app


def topics_of(settings: Settings) -> Topics:
    """Name the topics of scoring in full."""
    return Topics(
        internal=settings.topic("actions.internal"),
        actions=settings.topic("actions"),
        earned=settings.topic("rewards.earned"),
        accepted=settings.topic("actions.accepted"),
        declined=settings.topic("actions.declined"),
        rejected=settings.topic("actions.rejected"),
        tiers=settings.topic("tier.changed"),
        achievements=settings.topic("achievements.unlocked"),
        periods=settings.topic("periods.closed"),
        notifications=settings.topic("notifications.send"),
        journal=settings.topic("scoring.journal"),
        changelog=settings.changelog,
    )


def book_version(rules: RuleBook, status: Status, value: bytes | None, append_time: int) -> None:
    """Add a record of the topic `rules` to the rule book.

    A record that is no version is passed over, by every worker alike, and shown in red.
    """
    try:
        rules.add(read_published(value or b""), append_time)
    except ValueError as error:
        status.went_wrong(f"a record of the topic `rules` is no version of a program: {error}")
        log.exception("a record of the topic `rules` is passed over")


def versions_in_force(rules: RuleBook, now: int) -> list[str]:
    """Name the version of each program that an action sees which happens and arrives now."""
    programs = dict.fromkeys(booked.published.program for booked in rules.versions())
    found = (rules.in_force(program, now, now) for program in programs)
    return [each.version for each in found if not isinstance(each, Rejection)]


async def count_partitions(topic: str, settings: Settings) -> int:
    """Ask the broker how many partitions a topic has."""
    async with AIOKafkaConsumer(topic, **settings.kafka_connection) as client:
        return len(client.partitions_for_topic(topic) or ())
