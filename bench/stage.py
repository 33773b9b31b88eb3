"""What all variants share: one PostgreSQL, one stand-in for Stripe, one place for their state."""

import os
import shutil
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp

from onebox.nobody import account_for_postgres, home_for
from onebox.ports import ANY, HOST, choose, free_port
from onebox.postgres import PostgresServer
from onebox.processes import Process
from onebox.site import Site
from onebox.state import ROOT, load_secrets
from onebox.supervisor import Supervisor


@dataclass(frozen=True)
class Stage:
    """The parts that run from the first variant to the last. `http` is the buyers' client."""

    directory: Path
    http: aiohttp.ClientSession
    postgres: PostgresServer
    stripe: Process
    stripe_port: int

    def site(self, name: str) -> Site:
        """Return a variant's own site: directory, database, secrets, ports; Stripe is shared.

        Called again with the same name it returns the same site, on other ports.
        """
        directory = self.directory / name
        directory.mkdir(exist_ok=True)
        self.postgres.create_database(name)
        ports = replace(choose(ANY), postgres=self.postgres.port, stripe_sandbox=self.stripe_port)
        return Site(directory, ports, load_secrets(directory), self.postgres.url(name))

    async def set_latency(self, milliseconds: float) -> None:
        """Let every call of Stripe's API take that long from now on."""
        url = f"http://{HOST}:{self.stripe_port}/latency/{milliseconds}"
        async with self.http.put(url) as answer:
            answer.raise_for_status()

    @property
    def processes(self) -> Mapping[str, Sequence[Process]]:
        """What runs under every variant, by the name its CPU time goes by."""
        assert self.postgres.process
        return {"postgres": [self.postgres.process], "stripe": [self.stripe]}


@asynccontextmanager
async def set_up(directory: Path) -> AsyncIterator[Stage]:
    """Run PostgreSQL, durable, and the stand-in while the block runs; delete all state behind it.

    What the block raises leaves the state, with all logs, in `directory`.
    """
    # As many connections as buyers; none is used again when uvicorn may be closing it (after 5 s).
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=2)
    async with aiohttp.ClientSession(connector=connector) as http:
        port = free_port()
        server, stripe = PostgresServer(directory / "postgres"), _stand_in(directory, port)
        supervisor = Supervisor(http)
        try:
            supervisor.adopt(server.start())
            supervisor.start(stripe)
            await supervisor.ready(stripe, f"http://{HOST}:{port}/health")
            yield Stage(directory, http, server, stripe, port)
        finally:
            supervisor.stop_all()
    shutil.rmtree(home_for(account_for_postgres(), directory / "postgres"))
    shutil.rmtree(directory)


def _stand_in(directory: Path, port: int) -> Process:
    return Process(
        "stripe",
        [sys.executable, "-m", "bench.stripe_stand_in", "--port", str(port)],
        directory,
        environment=os.environ,
        working_directory=ROOT,
    )
