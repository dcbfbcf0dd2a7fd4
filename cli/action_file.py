"""Sends a file of actions, one JSON object a line."""

import asyncio
import os
from collections.abc import Callable
from io import UnsupportedOperation
from time import monotonic
from typing import BinaryIO

import msgspec
from aiokafka import AIOKafkaProducer

from cli.delivery import Delivery
from cli.refusals import Refusal


class _Keyed(msgspec.Struct, gc=False):
    user_id: str


_read_key = msgspec.json.Decoder(_Keyed).decode

_BURST = 200
"""Most lines sent between two looks at the clock."""


async def send_lines(
    producer: AIOKafkaProducer,
    topic: str,
    lines: BinaryIO,
    rate: float | None,
    progress: Callable[[int, int], None],
) -> int:
    """Send each line as it stands, keyed by its `user_id`, at most `rate` a second; give their number.

    `progress` hears how many lines and bytes were read. Raises Refusal at the first line without a
    `user_id`, those before it are sent; and at the first that does not reach the broker.
    """
    delivery = Delivery(producer, topic)
    began, sent, size = monotonic(), 0, 0
    for number, line in enumerate(lines, 1):
        size += len(line)
        if line.isspace():
            continue
        try:
            key = _read_key(line).user_id.encode()
        except msgspec.DecodeError as error:
            raise _no_action(number, await delivery.arrived(), error) from error
        await delivery.send(f"line {number}", line.strip(), key)
        sent += 1
        if sent % _BURST == 0 or rate:
            progress(sent, size)
            await asyncio.sleep(max(0.0, began + sent / rate - monotonic()) if rate else 0)
    await delivery.arrived()
    progress(sent, size)
    return sent


def _no_action(number: int, sent: int, error: msgspec.DecodeError) -> Refusal:
    return Refusal(
        f"line {number} is no action: {error}",
        f"{sent} lines before it were sent. Correct it and send the whole file again: what was "
        "sent already is declined as `duplicate`",
    )


def size_of(lines: BinaryIO) -> int | None:
    """Give the size of a regular file in bytes, None of anything else."""
    try:
        return os.fstat(lines.fileno()).st_size or None
    except UnsupportedOperation:
        return None
