"""Connections that the broker resets, as it does when it is killed."""

import asyncio
import socket
import struct
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import uvloop
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from processors.app import make_app
from processors.settings import Settings
from processors.stream import connections

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
ROUNDS = 5
"""Rounds of a loop after a reset; aiokafka knows of it in the third."""


@pytest.fixture
def mended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mend the connections of this test."""
    for name, send in connections._SENDS.items():
        monkeypatch.setattr(AIOKafkaConnection, name, send)
    connections.survive_resets()


async def connected() -> tuple[AIOKafkaConnection, socket.socket]:
    """Give a connection that asked for no versions, and its other end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address, port = server.getsockname()
        connection = AIOKafkaConnection(address, port, request_timeout_ms=5_000)
        connection._do_version_lookup = lambda: asyncio.sleep(0)
        connection._versions = {MetadataRequest.API_KEY: (0, 5)}
        await connection.connect()
        return connection, server.accept()[0]


async def errors_after_reset() -> list[type[BaseException] | None]:
    """Reset a connection; give what a request raises in each round of the loop from then on."""
    connection, peer = await connected()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    errors: list[type[BaseException] | None] = []
    for _ in range(ROUNDS):
        try:
            asyncio.ensure_future(connection.send(MetadataRequest([]))).add_done_callback(
                lambda answer: answer.exception()
            )
        except Exception as error:  # noqa: BLE001 - whatever it is
            errors.append(type(error))
        else:
            errors.append(None)
        await asyncio.sleep(0)
    return errors


def run(loop: Callable[[], asyncio.AbstractEventLoop]) -> set[type[BaseException] | None]:
    """Give all that was raised on this kind of loop."""
    with asyncio.Runner(loop_factory=loop) as runner:
        return set(runner.run(errors_after_reset()))


def test_uvloop_raises_what_aiokafka_does_not_expect() -> None:
    """The reason for the mend: without it a request fails with a RuntimeError for a moment."""
    assert RuntimeError in run(uvloop.new_event_loop)


@pytest.mark.usefixtures("mended")
@pytest.mark.parametrize("loop", LOOPS)
def test_a_reset_connection_is_a_broken_one(loop: str) -> None:
    """A request is taken, or refused as on any connection that is closed."""
    assert run(LOOPS[loop]) <= {None, KafkaConnectionError}


@pytest.mark.parametrize("which", ["_coordination_task", "_sync_task"])
async def test_a_worker_whose_client_died_has_left_its_group(which: str) -> None:
    """Whatever else ends the task that keeps membership or metadata: the watchdog is to see it."""
    app = make_app("ledger", Settings(kafka="127.0.0.1:1"))
    thread = app.turns._thread
    thread.thread_loop.close()  # that thread never runs
    assert not app.turns.left_group()
    ended = asyncio.get_running_loop().create_future()
    tasks = {"_coordination_task": None, "_sync_task": None, which: ended}
    thread._consumer = SimpleNamespace(
        _coordinator=SimpleNamespace(_coordination_task=tasks["_coordination_task"]),
        _client=SimpleNamespace(_sync_task=tasks["_sync_task"]),
    )
    assert not app.turns.left_group()
    ended.set_result(None)
    assert app.turns.left_group()
