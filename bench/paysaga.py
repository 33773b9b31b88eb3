"""The product itself, started as `run.py` starts it, on its durable embedded parts."""

from sqlalchemy import insert

from bench.buyers import BUYER
from bench.variants import Processes, Variant
from database.engine import Database
from database.models import OrderItemRow, OrderRow, TicketTypeRow
from domain.ids import new_id
from onebox import product
from onebox.site import Site
from onebox.supervisor import Supervisor
from onebox.temporal import temporal, temporal_ready_url

PRICE_CENTS, CURRENCY, TICKET = 4500, "eur", "Concert, standing"


async def _prepare(supervisor: Supervisor, site: Site) -> None:
    await supervisor.run(product.migrations(site))


async def _start(supervisor: Supervisor, site: Site) -> Processes:
    engine, worker, api = temporal(site), product.worker(site), product.api(site)
    supervisor.start(engine)
    await supervisor.ready(engine, temporal_ready_url(site))
    supervisor.start(worker)
    supervisor.start(api)
    await supervisor.ready(worker, lambda: "worker ready" in worker.last_lines(1000))
    await supervisor.ready(api, f"{site.api_url}/readyz")
    return {"api": [api], "worker": [worker], "temporal": [engine]}


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


PAYSAGA = Variant("paysaga", _prepare, _start, add_orders)
