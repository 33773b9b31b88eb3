"""Which ports the pieces listen on. Everything listens on this machine's loopback address only."""

import secrets
import socket
from contextlib import ExitStack
from dataclasses import astuple, dataclass

HOST = "127.0.0.1"
# Below what systems give to outgoing connections (Linux: 32768 and up): one of those could take a
# port between its choice and the start of its server.
NOT_EPHEMERAL = range(10_000, 32_000)


@dataclass(frozen=True)
class Ports:
    """One port for each piece that listens. 0: any free one."""

    api: int = 4000
    stripe_sandbox: int = 4010
    temporal: int = 7233
    temporal_ui: int = 8233
    postgres: int = 15432


ANY = Ports(0, 0, 0, 0, 0)


def choose(wanted: Ports) -> Ports:
    """Return the wanted ports, each that is taken replaced by a free one."""
    with ExitStack() as held:  # held together, so that none is given out twice
        return Ports(*(_bind(held, port) for port in astuple(wanted)))


def free_port() -> int:
    """Return a port that nobody listens on."""
    with ExitStack() as held:
        return _bind(held, 0)


def _bind(held: ExitStack, port: int) -> int:
    """Hold a port, another one if it is taken."""
    while not (port and _holds(held, port)):
        port = secrets.choice(NOT_EPHEMERAL)
    return port


def _holds(held: ExitStack, port: int) -> bool:
    probe = held.enter_context(socket.socket())
    # As servers do: connections of an earlier run that linger in TIME_WAIT do not take a port.
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((HOST, port))
    except OSError:
        return False
    return True
