"""Which ports the pieces listen on. Everything listens on this machine's loopback address only."""

import socket
from contextlib import ExitStack
from dataclasses import astuple, dataclass

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """One port for each piece that listens. 0: any free one."""

    api: int = 4000
    stripe_sandbox: int = 4010
    temporal: int = 7233
    temporal_ui: int = 8233
    postgres: int = 54320


ANY = Ports(0, 0, 0, 0, 0)


def choose(wanted: Ports) -> Ports:
    """Return the wanted ports, each that is taken replaced by a free one."""
    with ExitStack() as held:  # held together, so that none is given out twice
        return Ports(*(_bind(held, port) for port in astuple(wanted)))


def free_port() -> int:
    """Return a port that nobody listens on, the system's choice."""
    with ExitStack() as held:
        return _bind(held, 0)


def _bind(held: ExitStack, port: int) -> int:
    probe = held.enter_context(socket.socket())
    # As servers do: connections of an earlier run that linger in TIME_WAIT do not take a port.
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((HOST, port))
    except OSError:
        return _bind(held, 0)
    chosen: int = probe.getsockname()[1]
    return chosen
