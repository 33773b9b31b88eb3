"""The product itself, started as `run.py` starts it, on its durable embedded parts."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from sqlalchemy import insert

from bench.buyers import BUYER
from bench.variants import Started, Variant
from database.engine import Database
from database.models import OrderItemRow, OrderRow, TicketTypeRow
from domain.ids import new_id
from onebox import product
from onebox.ports import free_port
from onebox.processes import Process
from onebox.site import Site
from onebox.supervisor import Supervisor
from onebox.temporal import temporal, temporal_ready_url

PRICE_CENTS, CURRENCY, TICKET = 4500, "eur", "Concert, standing"


async def _prepare(supervisor: Supervisor, site: Site) -> None:
    await supervisor.run(product.migrations(site))


def _start(
    workers: int, apis: int, hold_seconds: int
) -> Callable[[Supervisor, Site], Awaitable[Started]]:
    async def start(supervisor: Supervisor, site: Site) -> Started:
        engine = temporal(site)
        supervisor.start(engine)
        await supervisor.ready(engine, temporal_ready_url(site))
        working = [
            product.worker(twin, CHECKOUT_TIMEOUT_SECONDS=hold_seconds)
            for twin in _twins(site, workers)
        ]
        sites = _twins(site, apis)
        serving = [product.api(twin) for twin in sites]
        for process in (*working, *serving):
            supervisor.start(process)
        for worker in working:
            await supervisor.ready(worker, partial(_says_ready, worker))
        for twin, api in zip(sites, serving, strict=True):
            await supervisor.ready(api, f"{twin.api_url}/readyz")
        return Started(
            tuple(twin.api_url for twin in sites),
            {"api": serving, "worker": working, "temporal": [engine]},
        )

    return start


def _says_ready(worker: Process) -> bool:
    return "worker ready" in worker.last_lines(1000)


def _twins(site: Site, count: int) -> list[Site]:
    """Return the site, and others like it with a port for the API and a place for logs."""
    twins = [site]
    for number in range(2, count + 1):
        directory = site.directory / f"twin-{number}"
        directory.mkdir(exist_ok=True)
        ports = replace(site.ports, api=free_port())
        twins.append(replace(site, directory=directory, ports=ports))
    return twins


async def add_orders(site: Site, count: int, capacity: int | None = None) -> list[str]:
    """Put in that many orders of one ticket each, of a new type with tickets for all of them."""
    tickets = count if capacity is None else capacity
    type_id = new_id("tkt")
    price = {"unit_price_cents": PRICE_CENTS, "name": TICKET}
    ids = [new_id("ord") for _ in range(count)]
    order = {"user_id": BUYER, "currency": CURRENCY, "total_cents": PRICE_CENTS}
    item = price | {"ticket_type_id": type_id, "position": 0, "quantity": 1}
    database = Database(site.database_url)
    async with database.transaction() as connection:
        await connection.execute(
            insert(TicketTypeRow).values(
                **price, id=type_id, currency=CURRENCY, capacity=tickets, available=tickets
            )
        )
        await connection.execute(insert(OrderRow), [order | {"id": id_} for id_ in ids])
        await connection.execute(insert(OrderItemRow), [item | {"order_id": id_} for id_ in ids])
    await database.close()
    return ids


def paysaga(workers: int = 1, apis: int = 1, hold_seconds: int = 1800) -> Variant:
    """Return the product with so many processes; tickets are held for `hold_seconds`."""
    return Variant("paysaga", _prepare, _start(workers, apis, hold_seconds), add_orders)


PAYSAGA = paysaga()
