"""Verifies a whole installation: recounts the inputs and compares everything that came of them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from time import monotonic
from typing import Any

from rich.table import Table
from rich.text import Text

from audit.book import Book, Position
from audit.compare import compare_notifications, compare_outcomes, compare_results
from audit.compare_accounts import accounts_of, compare_accounts
from audit.compare_boards import compare_boards, without_carried
from audit.postgres import compare_balances, read_ledger
from audit.reader import TopicReader
from audit.records import ACTIONS, INTERNAL, JournalError, Record, Turn
from audit.redis_boards import carried_boards, gone_boards, read_boards, wrong_sums
from audit.results import JOURNAL, NOTIFICATIONS, RESULTS, read_journal, read_results
from audit.standings import Boards

CHANGELOG = "laurel-scoring-accounts-changelog"
RULES = "rules"
TOPICS = (
    *(ACTIONS, INTERNAL, RULES, JOURNAL, CHANGELOG),
    # Notifications are kept for a week: most of what was ever told is no longer there.
    *(topic for topic in RESULTS if topic != NOTIFICATIONS),
)
POLL_SECONDS = 0.5
FIRST = 100
QUARANTINED = "engine_failure"


@dataclass(frozen=True)
class Addresses:
    """Where everything is; a sink without an address is not looked at.

    `kafka` holds the arguments of aiokafka's clients: `bootstrap_servers`, TLS, SASL.
    """

    kafka: Mapping[str, Any]
    redis: str | None = None
    postgres: str | None = None
    topic_prefix: str = ""


async def verify(
    addresses: Addresses,
    *,
    patience: float = 60.0,
    first: int = FIRST,
    progress: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Recount everything from the inputs; give the first differences, none when all agree.

    Waits up to `patience` seconds until scoring has decided every record, and as long again until
    the sinks say the same; what differs then is the answer. Raises reader.TopicGoneError when the
    topics no longer begin at their beginning, TimeoutError when they cannot be read to their end.
    """
    prefix = addresses.topic_prefix
    async with TopicReader([prefix + topic for topic in TOPICS], addresses.kafka) as reader:
        progress("reading the topics")
        left = await _settled(reader, prefix, patience)
        topics = {topic: _unprefixed(reader.records[prefix + topic], topic) for topic in TOPICS}
        partitions = reader.partitions[prefix + ACTIONS]
    if left:
        return left[:first]
    progress("recounting")
    try:
        book = book_of(topics, partitions, prefix)
    except JournalError as broken:
        return [f"scoring.journal: {broken}"]
    progress("comparing")
    found = list(islice(compare_topics(book, topics, prefix), first))
    if addresses.redis is not None:
        found += await _agreed(partial(_boards, book, addresses.redis), patience, first)
    if addresses.postgres is not None:
        found += await _agreed(partial(_ledger, book, addresses.postgres), patience, first)
    return found[:first]


def book_of(topics: Mapping[str, list[Record]], partitions: int, prefix: str = "") -> Book:
    """Recount the topics' inputs. Records in quarantine were rejected undecided, so they count so.

    Raises records.JournalError when the journal leaves records out or decides them twice.
    """
    rejected = read_results(topics, prefix).rejected
    quarantined = {
        Position(said["topic"], said["partition"], said["offset"])
        for said in rejected
        if said["reason"] == QUARANTINED
    }
    inputs = [*topics[ACTIONS], *topics[INTERNAL]]
    return Book.of(inputs, read_journal(topics[JOURNAL]), topics[RULES], partitions, quarantined)


def compare_topics(
    book: Book, topics: Mapping[str, list[Record]], prefix: str = ""
) -> Iterator[str]:
    """Every difference between the book and what scoring wrote to these topics of Kafka."""
    results = read_results(topics, prefix)
    yield from compare_results(book, results)
    if NOTIFICATIONS in topics:
        yield from compare_notifications(book, results)
    yield from compare_accounts(book, accounts_of(topics[CHANGELOG]), "accounts changelog")


def as_table(differences: list[str]) -> Table:
    """Show differences, one a row, numbered."""
    table = Table("", "difference", title="The book disagrees", title_justify="left")
    for number, difference in enumerate(differences, start=1):
        table.add_row(str(number), Text(difference))
    return table


async def _settled(reader: TopicReader, prefix: str, patience: float) -> list[str]:
    """Read until every record of both inputs is decided; gives those that were not in time.

    Topics are read side by side while scoring works, so the journal may be ahead of the results of
    its turns. They are complete once reading on brings nothing new.
    """
    deadline = monotonic() + patience
    before = -1
    while True:
        await reader.catch_up()
        inputs = [*reader.records[prefix + ACTIONS], *reader.records[prefix + INTERNAL]]
        left = undecided(inputs, read_journal(reader.records[prefix + JOURNAL]), prefix)
        now = sum(map(len, reader.records.values()))
        if monotonic() > deadline or (not left and now == before):
            return left
        before = now
        if left:
            await asyncio.sleep(POLL_SECONDS)


def undecided(inputs: list[Record], journal: list[Turn], prefix: str = "") -> list[str]:
    """Records of the inputs that lie behind the last turn of their partition."""
    reached: dict[tuple[str, int], int] = {}
    for turn in journal:
        reached[prefix + ACTIONS, turn.partition] = turn.actions[1]
        reached[prefix + INTERNAL, turn.partition] = turn.internal[1]
    return [
        f"{record.topic}/{record.partition}/{record.offset} was not decided"
        for record in inputs
        if record.offset >= reached.get((record.topic, record.partition), 0)
    ]


async def _agreed(
    compare: Callable[[], Awaitable[list[str]]], patience: float, first: int
) -> list[str]:
    """Compare a sink until it says the same as the book; gives what differs when time is up."""
    deadline = monotonic() + patience
    while True:
        found = await compare()
        if not found or monotonic() > deadline:
            return found[:first]
        await asyncio.sleep(POLL_SECONDS)


async def _boards(book: Book, redis: str) -> list[str]:
    """Compare the boards that are still kept, and the sums kept beside them."""
    expected, sums, found, wrong = book.boards(), book.sums(), dict[str, Boards](), list[str]()
    for program, boards in expected.items():
        gone = await gone_boards(redis, program)
        expected[program] = {name: each for name, each in boards.items() if name not in gone}
        carried = await carried_boards(redis, program)
        found[program] = without_carried(await read_boards(redis, program), boards, carried)
        wrong += await wrong_sums(redis, program, found[program], sums[program], gone)
    return [*compare_boards(expected, found, "Redis"), *wrong]


async def _ledger(book: Book, postgres: str) -> list[str]:
    ledger = await read_ledger(postgres)
    return [
        *compare_outcomes(book, ledger.results, "PostgreSQL"),
        *compare_balances(book, ledger),
        *compare_accounts(book, ledger.accounts, "PostgreSQL accounts"),
    ]


def _unprefixed(records: list[Record], topic: str) -> list[Record]:
    return [record._replace(topic=topic) for record in records]
