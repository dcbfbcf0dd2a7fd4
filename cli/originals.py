"""Records that were rejected, as they were before: what was told of them, and where they stand."""

from base64 import b64decode
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from aiokafka import ConsumerRecord, TopicPartition

from schemas import moments
from schemas.results import RejectedRecord
from schemas.wire import REKEYED

_decode = msgspec.json.Decoder(RejectedRecord).decode


class Again(NamedTuple):
    """What is to be sent again."""

    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    is_exact: bool
    """Whether it is what came, and not what was told of it."""


class Original(NamedTuple):
    """A rejected record with the key it came with; what is needed to send it again."""

    said: RejectedRecord
    key: bytes | None

    @property
    def value(self) -> bytes:
        """The bytes it came with."""
        if self.said.value_base64 is not None:
            return b64decode(self.said.value_base64)
        return (self.said.value or "").encode()

    @property
    def place(self) -> TopicPartition:
        """The partition it came in."""
        return TopicPartition(self.said.topic, self.said.partition)

    @property
    def is_cut(self) -> bool:
        """Tell whether its bytes were too many to be repeated, so that there is nothing to send."""
        return self.said.value is None and self.said.value_base64 is None

    @property
    def is_whole(self) -> bool:
        """Tell whether all of it was told: it had no header, and its value was not empty.

        Of headers each name is told once, with a text; and no value looks like an empty one.
        """
        return not self.said.headers and bool(self.value)

    def is_ours(self, internal_topic: str) -> bool:
        """Tell whether Laurel itself said it, so that it does not belong on `actions`."""
        return self.said.topic == internal_topic and REKEYED not in self.said.headers

    def again(self, stands: ConsumerRecord | None) -> Again:
        """Give what to send: the record that stands in its place, if it is still the same one."""
        if stands is None or not self._is_of(stands):
            headers = [(name, text.encode()) for name, text in self.said.headers.items()]
            return Again(self.value, _theirs(headers), self.is_whole)
        # A record needs a value or a key; to Laurel no value is an empty one.
        value = self.value if self.key is None else stands.value
        return Again(value, _theirs(stands.headers), is_exact=True)

    def _is_of(self, record: ConsumerRecord) -> bool:
        """Tell whether it is the record that was rejected: its topic may have been made anew."""
        return (
            moments.write(record.timestamp) == self.said.append_time
            and record.key == self.key
            and (record.value or b"") == self.value
        )


def told(record: ConsumerRecord) -> Original:
    """Read a record of `actions.rejected`."""
    return Original(_decode(record.value), record.key)


def _theirs(headers: Sequence[tuple[str, bytes | None]]) -> list[tuple[str, bytes | None]]:
    """Leave the mark of a re-keyed record out, which is Laurel's own."""
    return [(name, value) for name, value in headers if name != REKEYED]
