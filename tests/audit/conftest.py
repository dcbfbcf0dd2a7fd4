"""A small world in which the engine and the book agree, for planting differences in."""

import pytest

from audit.book import Book
from audit.records import Record
from audit.results import NOTIFICATIONS
from audit.verify import TOPICS, book_of
from tests.simulation.play import play
from tests.simulation.world import PARTITIONS

Topics = dict[str, list[Record]]


@pytest.fixture(scope="session")
def world() -> Topics:
    """The topics of a small world in which the engine and the book agree."""
    logs = play(seed=26, actions=3_000, members=60, days=20).world.logs
    return {topic: logs.of(topic) for topic in (*TOPICS, NOTIFICATIONS)}


@pytest.fixture(scope="session")
def book(world: Topics) -> Book:
    """The book of that world."""
    return book_of(world, PARTITIONS)
