"""One box from start to stop: what is started when, and what ends it."""

import asyncio
import signal
import sys
import time
from pathlib import Path

import aiohttp

from onebox import product
from onebox.demonstration import CHECKOUT_TIMEOUT_SECONDS, begin, finish
from onebox.ports import HOST, Ports, choose
from onebox.postgres import PostgresError, PostgresServer
from onebox.processes import Process
from onebox.report import say, say_ports, say_ready, say_where
from onebox.shop import SHOP_TROUBLE
from onebox.site import Site
from onebox.state import load_secrets
from onebox.supervisor import ProcessFailed, Supervisor
from onebox.temporal import temporal, temporal_ready_url

_DATABASE = "paysaga"
_INTERRUPTED = 130


async def run_box(directory: Path, wanted: Ports, *, once: bool) -> int:
    """Bring everything up, sell the two orders, stay up unless `once`; return the exit code."""
    exit_code = 0
    task = asyncio.current_task()
    assert task, "a coroutine runs in a task"
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    async with aiohttp.ClientSession() as http:
        supervisor = Supervisor(http)
        try:
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(supervisor.watch())
                exit_code = await _run(supervisor, http, directory, wanted, once)
                watch.cancel()
        except* (ProcessFailed, PostgresError) as failures:
            print("\nrun.py:", *failures.exceptions, file=sys.stderr)
            exit_code = 1
        except* asyncio.CancelledError:
            say("\nStopping …")
            exit_code = _INTERRUPTED if once else 0
        finally:
            supervisor.stop_all()
    return exit_code


async def _run(
    supervisor: Supervisor, http: aiohttp.ClientSession, directory: Path, wanted: Ports, once: bool
) -> int:
    site = _start_postgres(supervisor, directory, wanted)
    await _start_temporal_and_stripe(supervisor, site)
    worker = product.worker(site, CHECKOUT_TIMEOUT_SECONDS=CHECKOUT_TIMEOUT_SECONDS)
    api = product.api(site)
    supervisor.start(worker)
    supervisor.start(api)
    await _worker_ready(supervisor, worker)
    say_ready("api", site.api_url, await supervisor.ready(api, f"{site.api_url}/readyz"))
    try:
        all_right = await _sell(supervisor, http, site, worker)
    except SHOP_TROUBLE as trouble:
        say(f"\nThe demonstration came to no end: {trouble!r}")
        all_right = False
    if once:
        return 0 if all_right else 1
    say_where(site)
    await asyncio.Event().wait()
    return 0


async def _sell(
    supervisor: Supervisor, http: aiohttp.ClientSession, site: Site, worker: Process
) -> bool:
    sales = await begin(site, http)
    say(
        f"\nTwo orders are on their way, CHECKOUT_TIMEOUT_SECONDS={CHECKOUT_TIMEOUT_SECONDS}.\n"
        "The worker now starts again with the usual 1800, or yours; orders in flight do not notice."
    )
    supervisor.stop(worker)
    worker = product.worker(site)
    supervisor.start(worker)
    await _worker_ready(supervisor, worker)
    return all([await finish(site, http, sale) for sale in sales])


def _start_postgres(supervisor: Supervisor, directory: Path, wanted: Ports) -> Site:
    ports = choose(wanted)
    say_ports(wanted, ports)
    began = time.monotonic()
    server = PostgresServer(directory / "postgres", ports.postgres)
    supervisor.adopt(server.start())
    server.create_database(_DATABASE)
    address = f"postgresql://{HOST}:{ports.postgres}/{_DATABASE}"
    say_ready("postgres", address, time.monotonic() - began)
    return Site(directory, ports, load_secrets(directory), server.url(_DATABASE))


async def _start_temporal_and_stripe(supervisor: Supervisor, site: Site) -> None:
    engine, stripe = temporal(site), product.stripe_sandbox(site)
    supervisor.start(engine)
    supervisor.start(stripe)
    migrated_in = await supervisor.run(product.migrations(site))
    say_ready("migrations", "alembic upgrade head", migrated_in)
    say_ready(
        "temporal",
        f"{HOST}:{site.ports.temporal}, UI {site.temporal_ui_url}",
        await supervisor.ready(engine, temporal_ready_url(site)),
    )
    say_ready(
        "stripe sandbox",
        site.stripe_sandbox_url,
        await supervisor.ready(stripe, f"{site.stripe_sandbox_url}/_sandbox/health"),
    )


async def _worker_ready(supervisor: Supervisor, worker: Process) -> None:
    seconds = await supervisor.ready(worker, lambda: "worker ready" in worker.last_lines(1000))
    say_ready("worker", "polls the task queue checkout", seconds)
