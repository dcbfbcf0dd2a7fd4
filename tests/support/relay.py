"""A relay in front of a server, which can reset its clients' connections as a proxy or a dying host does."""

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

_RESETS = struct.pack("ii", 1, 0)
"""A socket that lingers for no time is not closed but reset."""


class Relay:
    """Hands on what clients and the server say. It runs on a loop of its own, in a thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, address: str) -> None:
        self.address = ""
        """Where clients come instead."""
        self._loop = loop
        self._server = urlsplit(address)
        self._ends: set[asyncio.StreamWriter] = set()

    async def start(self) -> asyncio.Server:
        """Listen, on a port of any number."""
        listening = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        credentials = self._server.netloc.rpartition("@")[0]
        there = self._server._replace(netloc=f"{credentials}@127.0.0.1:{port}")
        self.address = urlunsplit(there)
        return listening

    def reset(self) -> None:
        """Reset every connection there is; when this returns it is done."""
        asyncio.run_coroutine_threadsafe(self._reset(), self._loop).result()

    async def _relay(self, said: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        answered, server = await asyncio.open_connection(self._server.hostname, self._server.port)
        self._ends |= {client, server}
        await asyncio.gather(_hand_on(said, server), _hand_on(answered, client))
        self._ends -= {client, server}

    async def _reset(self) -> None:
        for end in self._ends:
            if end.is_closing():
                continue
            end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESETS)
            end.transport.abort()
        await asyncio.sleep(0)  # Now they are.


async def _hand_on(said: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    try:
        while some := await said.read(1 << 16):
            to.write(some)
    except ConnectionError:
        return
    finally:
        to.close()


@contextmanager
def relaying(address: str) -> Iterator[Relay]:
    """Give a relay to the server of an address."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    relay = Relay(loop, address)
    listening = asyncio.run_coroutine_threadsafe(relay.start(), loop).result()
    try:
        yield relay
    finally:
        loop.call_soon_threadsafe(listening.close)
        relay.reset()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def failures_of(
    ask: Callable[[], Awaitable[Any]], relay: Relay, rounds: int
) -> list[Exception]:
    """Give what asking raises when the connection is reset so many rounds of the loop before, and fewer.

    It is asked once more after each failure, on whatever connection there is then.
    """
    found = []
    for passed in range(rounds):
        await ask()
        relay.reset()
        for _ in range(passed):
            await asyncio.sleep(0)
        try:
            await ask()
        except Exception as error:  # noqa: BLE001 - whatever it is
            found.append(error)
    return found
