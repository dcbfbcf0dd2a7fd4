"""One Kafka transaction: a turn's results and its offsets, all of it or nothing.

Two producers take turns, so that one begins while the broker still writes the commit markers of
the other. A worker of a past generation is fenced twice: its producers' transactional ids belong
to the worker that started last under its name, and its offsets are refused by the group's
generation (KIP-447), which aiokafka 0.14 does not send: the request is spelt out here.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from typing import Any

import aiokafka
from aiokafka.producer import sender
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)
from aiokafka.structs import TopicPartition
from faust.types import TP

from processors.stream.turns import Membership

TRANSACTION_SECONDS = 10
"""The broker aborts a transaction left open for longer; a turn takes far less than one second."""

MAX_BATCH_BYTES = 900_000
"""Bytes of one batch on the wire; the broker's usual limit is 1 MiB."""

Sent = Awaitable[Any]
"""A batch on its way; awaiting it raises what the broker had against it."""

Row = tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]
"""(key, value, headers) of a record to be sent."""


class _OffsetCommitResponse(Response):
    API_KEY = 28
    API_VERSION = 3
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "errors",
            CompactArray(
                ("topic", CompactString("utf-8")),
                (
                    "partition_errors",
                    CompactArray(
                        ("partition", Int32), ("error_code", Int16), ("tags", TaggedFields)
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _OffsetCommit(RequestStruct):
    API_KEY = 28
    API_VERSION = 3
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _OffsetCommitResponse
    SCHEMA = Schema(
        ("transactional_id", CompactString("utf-8")),
        ("group_id", CompactString("utf-8")),
        ("producer_id", Int64),
        ("producer_epoch", Int16),
        ("generation_id", Int32),
        ("member_id", CompactString("utf-8")),
        ("group_instance_id", CompactString("utf-8")),
        (
            "topics",
            CompactArray(
                ("topic", CompactString("utf-8")),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("offset", Int64),
                        ("leader_epoch", Int32),
                        ("metadata", CompactString("utf-8")),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class FencedOffsetCommit(Request[_OffsetCommit]):
    """TxnOffsetCommit version 3: refused by the broker unless `membership` is the group's present."""

    API_KEY = 28

    def __init__(
        self,
        producer: "sender.TransactionManager",
        group_id: str,
        membership: Membership,
        offsets: Mapping[TopicPartition, int],
    ) -> None:
        self._producer = producer
        self._group_id = group_id
        self._membership = membership
        self._offsets = offsets

    def build(self, request_struct_class: type[_OffsetCommit]) -> _OffsetCommit:
        """Lay the request out in wire order."""
        topics: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for tp, offset in sorted(self._offsets.items()):
            topics[tp.topic].append((tp.partition, offset, -1, "", {}))
        return request_struct_class(
            self._producer.transactional_id,
            self._group_id,
            self._producer.producer_id,
            self._producer.producer_epoch,
            self._membership.generation,
            self._membership.member_id,
            self._membership.instance_id,
            [(topic, partitions, {}) for topic, partitions in topics.items()],
            {},
        )


class _FencedOffsetCommitHandler(sender.TxnOffsetCommitHandler):
    def create_request(self) -> FencedOffsetCommit:
        offsets = {tp: metadata.offset for tp, metadata in self._offsets.items()}
        return FencedOffsetCommit(
            self._sender._txn_manager, self._group_id, self._sender.membership, offsets
        )

    def handle_response(self, response: Any) -> float | None:
        # aiokafka reads pairs; version 3 ends each entry with tagged fields.
        response.errors = [
            (topic, [(partition, code) for partition, code, _ in partitions])
            for topic, partitions, _ in response.errors
        ]
        return super().handle_response(response)  # type: ignore[no-any-return]


class _FencedSender(sender.Sender):
    membership: Membership

    async def _do_txn_offset_commit(self, offsets: Any, group_id: str) -> None:
        node_id = await self._find_coordinator(sender.CoordinationType.GROUP, group_id)
        await _FencedOffsetCommitHandler(self, offsets, group_id).do(node_id)


class Producer(aiokafka.AIOKafkaProducer):
    """A transactional producer whose offsets are fenced by the group's generation."""

    def __init__(self, transactional_id: str, **connection: Any) -> None:
        super().__init__(
            transactional_id=transactional_id,
            transaction_timeout_ms=TRANSACTION_SECONDS * 1000,
            max_batch_size=MAX_BATCH_BYTES,
            retry_backoff_ms=20,
            **connection,
        )
        self._group_added: asyncio.Future[None]
        plain: Any = self._sender
        self._sender: Any = _FencedSender(
            plain.client,
            acks=plain._acks,
            txn_manager=plain._txn_manager,
            message_accumulator=plain._message_accumulator,
            retry_backoff_ms=20,
            request_timeout_ms=plain._request_timeout_ms,
        )

    async def send_rows(self, topic: str, partition: int, rows: Iterable[Row]) -> list[Sent]:
        """Queue rows as whole batches; answer a future for each batch, to be awaited by the caller."""
        await self._group_added
        return [
            await self.send_batch(batch, topic, partition=partition)
            for batch in self._batches(rows)
        ]

    def _batches(self, rows: Iterable[Row]) -> Iterator[Any]:
        """Fill batches through aiokafka's builder itself: its wrapper costs as much again."""
        now = int(time.time() * 1000)
        batch, count = self.create_batch(), 0
        append = batch._builder.append
        for key, value, headers in rows:
            if append(count, now, key, value, headers) is None:
                batch._relative_offset = count
                yield batch
                batch, count = self.create_batch(), 0
                append = batch._builder.append
                append(count, now, key, value, headers)
            count += 1
        if count:
            batch._relative_offset = count
            yield batch

    async def begin(self, group_id: str) -> None:
        """Begin a transaction that will hold offsets of `group_id`.

        The group joins first: its round trip, and the wait for the commit markers of this
        producer's last transaction, pass while the turn is being decided.
        """
        await self.begin_transaction()
        self._group_added = asyncio.ensure_future(self._add_group(group_id))
        await asyncio.sleep(0)  # It asks now, and not when the turn first waits for something.

    async def _add_group(self, group_id: str) -> None:
        while not await self._sender._do_add_offsets_to_txn(group_id):
            pass

    async def commit(
        self,
        group_id: str,
        membership: Membership,
        offsets: Mapping[TP, int],
        sent: Iterable[Sent],
    ) -> None:
        """End the transaction with `offsets`; any error means that nothing of it may be believed.

        Every batch is awaited first: aiokafka commits a transaction one of whose batches failed.
        And only after that the offsets: whoever takes a partition over reads up to the end of the
        log as it stands then, so a record must not be able to arrive behind an accepted offset.
        """
        await self._group_added
        await asyncio.gather(*sent)
        self._sender.membership = membership
        await self.send_offsets_to_transaction(
            {TopicPartition(*tp): offset for tp, offset in offsets.items()}, group_id
        )
        await self.commit_transaction()


class ProducerPair:
    """Two producers of one worker, used in turn."""

    def __init__(self, worker: str, **connection: Any) -> None:
        self.ids = (f"{worker}-a", f"{worker}-b")
        self._connection = connection
        self._producers: list[Producer] = []

    async def start(self) -> None:
        """Start both: whatever an earlier process of this name left open is aborted now."""
        self._producers = [Producer(name, **self._connection) for name in self.ids]
        await asyncio.gather(*(producer.start() for producer in self._producers))

    async def stop(self) -> None:
        """Close the connections; an open transaction is left for the broker to abort."""
        await asyncio.gather(*(producer.stop() for producer in self._producers))

    def next(self) -> Producer:
        """The producer whose last transaction ended longer ago."""
        self._producers.reverse()
        return self._producers[0]
