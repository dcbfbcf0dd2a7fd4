"""Connections of aiokafka under uvloop: one that its broker has just reset is broken, and no more than that.

A loop learns of a reset one or two rounds before aiokafka does. Who writes to the connection in between
gets a RuntimeError from uvloop, where asyncio takes the bytes and drops them; aiokafka expects OSError
alone. The task that keeps the metadata then ended without a word, and with it whatever waits for
metadata: a worker looked for the coordinator of its group for ever after its broker had been killed.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from aiokafka.conn import AIOKafkaConnection, CloseReason

_Answer = TypeVar("_Answer")


def _unless_reset(send: Callable[..., _Answer]) -> Callable[..., _Answer]:
    @wraps(send)
    def closed_first(self: Any, *args: Any, **kwargs: Any) -> _Answer:
        if self._writer is not None and self._writer.transport.is_closing():
            self.close(reason=CloseReason.CONNECTION_BROKEN)
        return send(self, *args, **kwargs)  # Raises KafkaConnectionError when it is closed.

    return closed_first


def survive_resets() -> None:
    """Let every connection of this process be closed before anything is written into a reset one."""
    for name, send in _SENDS.items():
        setattr(AIOKafkaConnection, name, _unless_reset(send))


_SENDS = {name: getattr(AIOKafkaConnection, name) for name in ("send", "_send_sasl_token")}
