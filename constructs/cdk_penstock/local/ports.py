"""Ports on the loopback interface."""

from __future__ import annotations

import socket
from typing import Final

from cdk_penstock.local.errors import PortInUseError

LOOPBACK: Final = "127.0.0.1"
_MAX_PORT: Final = 65_535


def free_ports(count: int) -> tuple[int, ...]:
    """Pick ports that nobody listens on at this moment, all different."""
    listeners: list[socket.socket] = []
    try:
        for _ in range(count):
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            listeners.append(listener)
            listener.bind((LOOPBACK, 0))
        return tuple(int(listener.getsockname()[1]) for listener in listeners)
    finally:
        for listener in listeners:
            listener.close()


def require_free_port(port: int, *, owner: str) -> int:
    """Return a port that is free: the wanted one, or any if the wanted one is 0.

    Raises PortInUseError, which names the owner, for a wanted port that is taken, and for a number that is no port.
    """
    if not 0 <= port <= _MAX_PORT:
        raise PortInUseError(f"port {port}, wanted for {owner}, is no port: expected 0, for any, to {_MAX_PORT}")
    if port == 0:
        return free_ports(1)[0]
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError as error:
            raise PortInUseError(
                f"port {port} on {LOOPBACK}, wanted for {owner}, cannot be used ({error.strerror}); "
                "stop the process that listens on it, or ask for port 0 to get a free one"
            ) from error
    return port
