"""Which ports the pieces listen on. Everything listens on this machine's loopback address only."""

import socket

HOST = "127.0.0.1"


def free_port() -> int:
    """Return a port that nobody listens on, the system's choice."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
