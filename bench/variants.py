"""What is measured: the product and its peers, each as processes on a site of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bench.stage import Stage
from onebox.processes import Process
from onebox.site import Site
from onebox.supervisor import Supervisor

Processes = Mapping[str, Sequence[Process]]


@dataclass(frozen=True)
class Started:
    """What is ready: where its APIs are, and its processes by the name their CPU time goes by."""

    api_urls: tuple[str, ...]
    processes: Processes


@dataclass(frozen=True)
class Variant:
    """One way to build the shop.

    `prepare` makes the tables; `start` returns when all is ready; `add_orders` puts that many
    orders in and returns their ids. `obstacle` says why it cannot run here, if it cannot.
    """

    name: str
    prepare: Callable[[Supervisor, Site], Awaitable[None]]
    start: Callable[[Supervisor, Site], Awaitable[Started]]
    add_orders: Callable[[Site, int], Awaitable[list[str]]]
    obstacle: Callable[[], str | None] = lambda: None


@dataclass(frozen=True)
class Shop:
    """A variant that runs: where it is, and all processes that work for it."""

    variant: Variant
    site: Site
    api_urls: tuple[str, ...]
    processes: Processes


@asynccontextmanager
async def running(stage: Stage, variant: Variant) -> AsyncIterator[Shop]:
    """Run a variant while the block runs, alone on the stage; its state is kept for the next time.

    Raises ProcessFailed.
    """
    site = stage.site(variant.name)
    supervisor = Supervisor(stage.http)
    try:
        await variant.prepare(supervisor, site)
        started = await variant.start(supervisor, site)
        yield Shop(variant, site, started.api_urls, {**started.processes, **stage.processes})
    finally:
        supervisor.stop_all()
