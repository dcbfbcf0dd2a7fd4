"""Published rule versions: read from the topic `rules`, which is the truth, and written to it."""

import contextlib
import getpass
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from aiokafka.errors import ProducerFenced

from cli import kafka
from cli.addresses import Place
from cli.refusals import Refusal
from processors.stream.transaction import TRANSACTION_SECONDS
from schemas import moments
from schemas.programs import PublishedVersion, encode_published, read_published
from schemas.programs import publish as make_version

LEAD_MS = 60_000
EMBEDDED_LEAD_MS = 2_000
"""From publishing on, so long until actions see a version, where nobody says otherwise."""


class Logged(NamedTuple):
    """A version as it lies on the topic, with the broker's time of it in epoch milliseconds."""

    version: PublishedVersion
    append_time: int

    @property
    def seen_from(self) -> int:
        """When it begins to count: for actions appended at or after this."""
        return self.append_time + self.version.lead_ms


def default_lead_ms(place: Place) -> int:
    """Give how long a version waits where nobody says otherwise."""
    return EMBEDDED_LEAD_MS if place.settings.profile == "embedded" else LEAD_MS


def version_of(document: dict[str, Any], lead_ms: int) -> PublishedVersion:
    """Make the published form of a checked document, by whoever runs this process, now."""
    return make_version(
        document, lead_ms=lead_ms, published_at=now_ms(), published_by=getpass.getuser()
    )


def stopping(program: str, from_ms: int, lead_ms: int) -> PublishedVersion:
    """Make the version that stops a program for what happens from a moment on."""
    text = moments.write(from_ms)
    return PublishedVersion(
        program=program,
        version=f"{program}@{text}",
        effective_from=from_ms,
        lead_ms=lead_ms,
        document=None,
        published_at=text,
        published_by=getpass.getuser(),
    )


def now_ms() -> int:
    """Epoch milliseconds."""
    return time.time_ns() // 1_000_000


async def read_versions(place: Place) -> dict[str, Logged]:
    """Give every published version by its name `program@effective_from`, oldest first.

    As for the workers, a record that is no version does not count, nor does a name's second record.
    """
    wanted = await kafka.partitions(place, place.settings.topic("rules"))
    found: dict[str, Logged] = {}
    async with kafka.consumer(place) as client:
        async for record in kafka.read_all(client, wanted):
            with contextlib.suppress(msgspec.DecodeError):
                version = read_published(record.value or b"")
                found.setdefault(version.version, Logged(version, record.timestamp))
    return found


def in_force(
    versions: Mapping[str, Logged], program: str, occurred_at: int, appended_at: int
) -> Logged | None:
    """Give the version that decides an action of these two times, by the rule all workers follow."""
    seen = [
        logged
        for logged in versions.values()
        if logged.version.program == program
        and logged.seen_from <= appended_at
        and logged.version.effective_from <= occurred_at
    ]
    return max(seen, key=lambda logged: logged.version.effective_from, default=None)


async def publish(place: Place, *wanted: PublishedVersion) -> list[PublishedVersion]:
    """Publish versions that are not on the topic yet; give those that were written.

    A version that is there with the same document is left as it is. Raises Refusal when one is
    there with another document, and when somebody else publishes at this moment.
    """
    topic = place.settings.topic("rules")
    # Whoever starts a producer of this name later ends this one: two never write after one reading.
    name = place.settings.group("rules")
    # Workers decide nothing while one has written and not committed, so a dead one ends soon.
    patience = TRANSACTION_SECONDS * 1000
    async with kafka.producer(
        place, transactional_id=name, transaction_timeout_ms=patience
    ) as producer:
        there = await read_versions(place)
        new = [one for one in wanted if not _is_there(one, there)]
        if new:
            try:
                async with producer.transaction():
                    for one in new:
                        await producer.send(topic, encode_published(one), one.version.encode())
            except ProducerFenced as error:
                raise Refusal(
                    "somebody else published rules at the same moment, so nothing was written",
                    "look at `laurel rules show`, then try again",
                ) from error
        return new


def _is_there(wanted: PublishedVersion, there: Mapping[str, Logged]) -> bool:
    found = there.get(wanted.version)
    if found is None:
        return False
    if found.version.document != same_as_read(wanted.document):
        raise Refusal(
            f"{wanted.version} was published at {found.version.published_at} with another content, "
            "and a published version never changes",
            "give the file a later `effective_from`: that makes a new version",
        )
    return True


def same_as_read(document: object) -> Any:  # noqa: ANN401 - JSON
    """Give a document as it comes back from the topic."""
    return msgspec.json.decode(msgspec.json.encode(document))
