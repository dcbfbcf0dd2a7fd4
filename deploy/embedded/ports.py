"""Ports that are free now and will still be free after a restart."""

import random
import socket
from itertools import islice
from pathlib import Path

_OWN_RANGE = range(20_000, 30_000)


def free(count: int) -> list[int]:
    """Give that many different free TCP ports of 127.0.0.1.

    They lie below the range from which systems take the ports of outgoing connections: while a
    server is down, a client that tries to reach it again could otherwise be given its very port.
    """
    lowest = _lowest_outgoing()
    ports = [port for port in _OWN_RANGE if port < lowest] or list(_OWN_RANGE)
    # None is drawn twice: two sockets that only hold a port, and do not listen, may share it.
    drawn = random.sample(ports, len(ports))
    return list(islice((port for port in drawn if is_free(port)), count))


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _lowest_outgoing() -> int:
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except FileNotFoundError:
        return 32_768
