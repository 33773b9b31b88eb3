"""The peers as variants: their tables, their orders, their processes."""

from collections.abc import Awaitable, Callable

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import create_async_engine

from bench import restate
from bench.buyers import BUYER
from bench.paysaga import CURRENCY, PRICE_CENTS, TICKET
from bench.peers.tables import metadata, orders, ticket_types
from bench.variants import Started, Variant
from domain.ids import new_id
from onebox.ports import HOST
from onebox.processes import Process
from onebox.site import Site
from onebox.supervisor import Supervisor
from onebox.temporal import temporal, temporal_ready_url

_PEERS = "bench.peers"


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


def _one_process(peer: str) -> Callable[[Supervisor, Site], Awaitable[Started]]:
    async def start(supervisor: Supervisor, site: Site) -> Started:
        api = await _serve(supervisor, site, peer)
        return Started((site.api_url,), {"api": [api]})

    return start


def _on_temporal(peer: str) -> Callable[[Supervisor, Site], Awaitable[Started]]:
    async def start(supervisor: Supervisor, site: Site) -> Started:
        engine = temporal(site)
        supervisor.start(engine)
        await supervisor.ready(engine, temporal_ready_url(site))
        worker = site.python("worker", ["-m", f"{_PEERS}.{peer}.worker"], site.environment())
        supervisor.start(worker)
        api = await _serve(supervisor, site, peer)
        await supervisor.ready(worker, lambda: "worker ready" in worker.last_lines(1000))
        return Started((site.api_url,), {"api": [api], "worker": [worker], "temporal": [engine]})

    return start


async def _serve(supervisor: Supervisor, site: Site, peer: str) -> Process:
    """Start a peer's API as the product's is started; return it when it is ready."""
    words = ["-m", "uvicorn", f"{_PEERS}.{peer}.app:app", "--host", HOST, "--port", site.ports.api]
    api = site.python("api", words, site.environment())
    supervisor.start(api)
    await supervisor.ready(api, f"{site.api_url}/docs")
    return api


PLAIN = Variant("plain", _prepare, _one_process("plain"), _add_orders)
SAMPLES_STYLE = Variant("samples_style", _prepare, _on_temporal("samples_style"), _add_orders)
DBOS = Variant("dbos", _prepare, _one_process("dbos"), _add_orders)
RESTATE = Variant("restate", _prepare, restate.start, _add_orders, restate.obstacle)
# No peer, but a limit: nothing on Temporal can cost less.
BARE_WORKFLOW = Variant("bare_workflow", _prepare, _on_temporal("bare_workflow"), _add_orders)
PEERS = (PLAIN, BARE_WORKFLOW, SAMPLES_STYLE, DBOS, RESTATE)
