"""The peers as variants: their tables, their orders, their processes."""

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import create_async_engine

from bench.paysaga import BUYER, CURRENCY, PRICE_CENTS, TICKET
from bench.peers.tables import metadata, orders, ticket_types
from bench.variants import Processes, Variant
from domain.ids import new_id
from onebox.ports import HOST
from onebox.site import Site
from onebox.supervisor import Supervisor


async def _prepare(_: Supervisor, site: Site) -> None:
    engine = create_async_engine(site.database_url)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()


async def _add_orders(site: Site, count: int) -> list[str]:
    ids = [new_id("ord") for _ in range(count)]
    ticket_type = {"id": new_id("tkt"), "available": count}
    order = {
        "user_id": BUYER,
        "currency": CURRENCY,
        "total_cents": PRICE_CENTS,
        "ticket_type_id": ticket_type["id"],
        "name": TICKET,
        "quantity": 1,
        "unit_price_cents": PRICE_CENTS,
    }
    engine = create_async_engine(site.database_url)
    async with engine.begin() as connection:
        await connection.execute(insert(ticket_types).values(**ticket_type))
        await connection.execute(insert(orders), [order | {"id": id_} for id_ in ids])
    await engine.dispose()
    return ids


async def _start_plain(supervisor: Supervisor, site: Site) -> Processes:
    api = site.python(
        "api",
        [
            *("-m", "uvicorn", "bench.peers.plain.app:app"),
            *("--host", HOST, "--port", site.ports.api),
        ],
        site.environment(),
    )
    supervisor.start(api)
    await supervisor.ready(api, f"{site.api_url}/docs")
    return {"api": [api]}


PLAIN = Variant("plain", "calls Stripe, updates the row", _prepare, _start_plain, _add_orders)
PEERS = (PLAIN,)
