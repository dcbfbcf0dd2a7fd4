"""Ports that are free now and will still be free after a restart."""

import random
import socket
from pathlib import Path

_OWN_RANGE = range(20_000, 30_000)


def free(count: int) -> list[int]:
    """Give that many different free TCP ports of 127.0.0.1.

    They lie below the range from which systems take the ports of outgoing connections: while a
    server is down, a client that tries to reach it again could otherwise be given its very port.
    """
    held: list[socket.socket] = []
    lowest = _lowest_outgoing()
    ports = [port for port in _OWN_RANGE if port < lowest] or list(_OWN_RANGE)
    try:
        while len(held) < count:
            port = random.choice(ports)  # noqa: S311 - any port will do
            if (bound := _bind(port)) is not None:
                held.append(bound)
        return [bound.getsockname()[1] for bound in held]
    finally:
        for bound in held:
            bound.close()


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this port of 127.0.0.1 now."""
    bound = _bind(port)
    if bound is not None:
        bound.close()
    return bound is not None


def _bind(port: int) -> socket.socket | None:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(("127.0.0.1", port))
    except OSError:
        bound.close()
        return None
    return bound


def _lowest_outgoing() -> int:
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except FileNotFoundError:
        return 32_768
