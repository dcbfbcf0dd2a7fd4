"""The accounts of the owned partitions: plain dictionaries, and the compacted topic behind them.

A row is bytes under a bytes key. Rows change only after the transaction that wrote them to the
changelog was committed. Keys that begin with NUL are this package's own: where a partition stands.
"""

from collections.abc import Iterable, Iterator, Mapping
from time import monotonic
from typing import Any, cast

import aiokafka
import msgspec
from aiokafka.structs import TopicPartition
from faust.stores import memory
from faust.tables.table import Table

from processors.stream.records import lean

Rows = dict[bytes, bytes]

POSITION_KEY = b"\0position"
ATTEMPTS_KEY = b"\0attempts"


class Position(msgspec.Struct, array_like=True):
    """Where a partition stands: the next offset of each input, and the worker who wrote so."""

    internal: int
    actions: int
    worker: str


class Attempts(msgspec.Struct, array_like=True):
    """How often in a row a worker began at this position."""

    internal: int
    actions: int
    times: int


def position_of(rows: Mapping[bytes, bytes]) -> Position | None:
    """Where the partition stands; None when nothing was ever committed for it."""
    found = rows.get(POSITION_KEY)
    return msgspec.json.decode(found, type=Position) if found else None


def attempts_at(rows: Mapping[bytes, bytes], internal: int, actions: int) -> int:
    """How often in a row workers have begun at this position."""
    found = rows.get(ATTEMPTS_KEY)
    attempts = msgspec.json.decode(found, type=Attempts) if found else Attempts(-1, -1, 0)
    return attempts.times if (attempts.internal, attempts.actions) == (internal, actions) else 0


def apply_rows(rows: Rows, changes: Iterable[tuple[bytes, bytes | None]]) -> None:
    """Put changed rows in their place; None deletes."""
    for key, value in changes:
        if value is None:
            rows.pop(key, None)
        else:
            rows[key] = value


class PartitionedRows(Mapping[bytes, bytes]):
    """Every row a worker owns, as one read-only mapping."""

    def __init__(self) -> None:
        self.partitions: dict[int, Rows] = {}

    def __getitem__(self, key: bytes) -> bytes:
        for rows in self.partitions.values():
            if key in rows:
                return rows[key]
        raise KeyError(key)

    def __iter__(self) -> Iterator[bytes]:
        return (key for rows in self.partitions.values() for key in rows)

    def __len__(self) -> int:
        return sum(map(len, self.partitions.values()))


class AccountStore(memory.Store[bytes, bytes]):
    """What Faust sees of the accounts: a store that reads and cannot write."""

    def __post_init__(self) -> None:
        self.data = PartitionedRows()  # type: ignore[assignment]  # read-only on purpose


class AccountTable(Table[bytes, bytes]):
    """The accounts as a Faust table: keyed by subject, loaded and written by their owner."""

    @property
    def owned(self) -> dict[int, Rows]:
        """The rows of each owned partition number; the owner puts and takes whole partitions."""
        return cast("PartitionedRows", self.data.data).partitions

    def _new_store(self) -> AccountStore:
        return AccountStore("memory://", self.app, self, table_name=self.name)

    async def on_start(self) -> None:
        """Start the store; topics are declared from topics.yaml, never by a worker."""
        await self.add_runtime_dependency(self.data)


class StuckChangelogError(Exception):
    """An open transaction holds back the end of the changelog; `workers` wrote there last."""

    def __init__(self, workers: set[str]) -> None:
        super().__init__(f"an open transaction, probably of {', '.join(sorted(workers)) or '?'}")
        self.workers = workers


async def load(
    topic: str, partitions: Iterable[int], *, patience: float, connection: Mapping[str, Any]
) -> dict[int, Rows]:
    """Read the changelog of `partitions` to its end as it stands now, committed records only.

    The end is the high watermark: whatever a former owner wrote lies below it, so the accounts are
    complete once every record below it is decided. Raises StuckChangelogError when that takes
    longer than `patience` seconds without a record.
    """
    wanted = [TopicPartition(topic, number) for number in sorted(partitions)]
    loaded: dict[int, Rows] = {tp.partition: {} for tp in wanted}
    async with aiokafka.AIOKafkaConsumer(enable_auto_commit=False, **connection) as watcher:
        ends = await watcher.end_offsets(wanted)
    reader = aiokafka.AIOKafkaConsumer(
        isolation_level="read_committed",
        enable_auto_commit=False,
        max_partition_fetch_bytes=4 << 20,
        fetch_max_wait_ms=50,
        **connection,
    )
    async with lean(reader):
        reader.assign(wanted)
        await reader.seek_to_beginning()
        heard_at = monotonic()
        while behind := [tp for tp in wanted if await reader.position(tp) < ends[tp]]:
            fetched = await reader.getmany(*behind, timeout_ms=100)
            for tp, records in fetched.items():
                apply_rows(loaded[tp.partition], ((r.key, r.value) for r in records))
            if fetched:
                heard_at = monotonic()
            elif monotonic() - heard_at > patience:
                stands = (position_of(loaded[tp.partition]) for tp in behind)
                raise StuckChangelogError({position.worker for position in stands if position})
    return loaded
