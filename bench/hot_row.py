"""How many tickets a second one row of `ticket_types` gives out."""

import time
from datetime import UTC, datetime, timedelta

from activities.attempts import Attempts
from bench.buyers import crowd
from bench.paysaga import add_orders
from database.engine import Database
from domain.checkout import HoldTickets
from domain.ids import OrderId
from onebox.site import Site

_AT_A_TIME = 10


async def holds_per_second(site: Site, orders: int) -> float:
    """Hold tickets of one type for that many orders, as the worker does, but without Temporal."""
    order_ids = await add_orders(site, orders)
    database = Database(site.database_url)
    attempts = Attempts(database, hold=timedelta(minutes=30), base_url=site.api_url, livemode=False)

    async def hold(order_id: str) -> None:
        await attempts.hold_tickets(HoldTickets(OrderId(order_id), datetime.now(UTC)))

    began = time.perf_counter()
    await crowd(hold, order_ids, _AT_A_TIME)
    seconds = time.perf_counter() - began
    await database.close()
    return orders / seconds
