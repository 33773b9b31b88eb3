"""The processes of a kill run: the real ones, each started again whenever it dies."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp

from onebox import product
from onebox.ports import ANY, choose, free_port
from onebox.postgres import PostgresServer
from onebox.processes import Process
from onebox.report import say
from onebox.site import Site
from onebox.state import load_secrets
from onebox.supervisor import Supervisor
from onebox.temporal import temporal, temporal_ready_url
from trials.kill.points import EXIT_CODE

_DATABASE = "paysaga"
_START_AGAIN_AFTER_SECONDS = 0.5
_TICK_SECONDS = 0.05

StartWorker = Callable[[Site], Process]


@dataclass
class Part:
    """A process that may be killed. `start` starts it and returns it."""

    kind: str
    start: Callable[[], Process]
    process: Process
    start_at: float | None = None  # by time.monotonic(); None while it has not been seen dead


class Machine:
    """Everything that runs: `site` is for the first worker and API, `twin` for the second."""

    def __init__(self, site: Site, twin: Site, sandbox: Process, postgres: Part) -> None:
        self.site = site
        self._twin = twin
        self.api_urls = (site.api_url, twin.api_url)
        self.killed: Counter[str] = Counter()
        self.fell: Counter[str] = Counter()
        self._sandbox = sandbox
        self._parts = [postgres]
        self._of_use_after_seconds = 0.0
        self._last_words: set[str] = set()

    async def start(self, supervisor: Supervisor, start_worker: StartWorker) -> None:
        """Start the rest, each when what it needs is ready. Raises ProcessFailed."""
        engine = self._start("temporal", temporal(self.site))
        self._sandbox.start()
        await supervisor.run(product.migrations(self.site))
        await supervisor.ready(engine, temporal_ready_url(self.site))
        await supervisor.ready(self._sandbox, f"{self.site.stripe_sandbox_url}/_sandbox/health")
        for site in (self.site, self._twin):
            self._start("worker", start_worker(site))
            api = self._start("api", product.api(site))
            self._of_use_after_seconds = await supervisor.ready(api, f"{site.api_url}/readyz")

    def kill(self, kind: str, chance: random.Random, down_seconds: float) -> None:
        """Kill one of the kind, unless none is up and of use; it stays down for a while.

        On a slow machine nothing would ever be done if processes died while they start.
        """
        up = [
            part
            for part in self._parts
            if part.kind == kind
            and part.process.exit_code is None
            and part.process.age_seconds > self._of_use_after_seconds
        ]
        if up:
            part = chance.choice(up)
            part.start_at = time.monotonic() + down_seconds
            os.kill(part.process.pid, signal.SIGKILL)
            self.killed[kind] += 1

    async def keep_up(self) -> None:
        """Start whatever has died; what was not killed by us is counted in `fell`."""
        while True:
            for part in self._parts:
                if part.process.exit_code is not None:
                    self._revive(part)
            await asyncio.sleep(_TICK_SECONDS)

    def _start(self, kind: str, process: Process) -> Process:
        def start() -> Process:
            process.start()
            return process

        self._parts.append(Part(kind, start, start()))
        return process

    def _revive(self, part: Part) -> None:
        if part.start_at is None:
            at_point = part.process.exit_code == EXIT_CODE
            (self.killed if at_point else self.fell)[part.kind] += 1
            if not at_point:
                self._say_last_words(part.process)
            part.start_at = time.monotonic() + _START_AGAIN_AFTER_SECONDS
        if time.monotonic() >= part.start_at:
            _keep_log(part.process)
            part.process = part.start()
            part.start_at = None

    def _say_last_words(self, process: Process) -> None:
        words = f"{process.name} ended by itself with {process.exit_code}:\n{process.last_lines()}"
        if words not in self._last_words:
            say(f"\n{words}\n")
        self._last_words.add(words)

    def stop(self) -> None:
        """Stop everything, the last one first."""
        for part in reversed(self._parts):
            part.process.stop()
        self._sandbox.stop()


def _keep_log(process: Process) -> None:
    """Put what a process has said behind what those before it said: a start keeps only one."""
    with process.log.with_suffix(".before.log").open("ab") as before:
        before.write(process.log.read_bytes())


@asynccontextmanager
async def running_machine(
    directory: Path, http: aiohttp.ClientSession, start_worker: StartWorker
) -> AsyncIterator[Machine]:
    """Run PostgreSQL, Temporal, the sandbox, two workers and two APIs while the block runs."""
    ports = choose(ANY)
    server = PostgresServer(directory / "postgres", ports.postgres)
    postgres = Part("postgres", server.start, server.start())
    server.create_database(_DATABASE)
    site = Site(directory, ports, load_secrets(directory), server.url(_DATABASE))
    machine = Machine(site, _twin(site), product.stripe_sandbox(site), postgres)
    try:
        await machine.start(Supervisor(http), start_worker)
        yield machine
    finally:
        machine.stop()


def _twin(site: Site) -> Site:
    """Return the same site with another port for the API and another place for logs."""
    directory = site.directory / "second"
    directory.mkdir()
    return replace(site, directory=directory, ports=replace(site.ports, api=free_port()))
