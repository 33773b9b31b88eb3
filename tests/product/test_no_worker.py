"""No worker runs for a day: what has happened meanwhile is seen to by the first that comes."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.client import Client

from database.engine import Database
from settings import WorkerSettings
from tests.orders import Orders
from tests.product.operator import Operator
from tests.product.shop import Shop
from tests.product.working import working

HOLD_SECONDS = 3
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def worker() -> None:
    """No worker, unless a test begins one."""


@pytest.fixture(scope="module")
def short_hold(worker_settings: WorkerSettings) -> WorkerSettings:
    """The environment of a worker that does not hold tickets for long."""
    return worker_settings.model_copy(update={"checkout_timeout_seconds": HOLD_SECONDS})


async def test_all_orders_are_right_when_a_worker_comes_back_after_a_day(
    shop: Shop, operator: Operator, temporal: Client, database: Database, short_hold: WorkerSettings
) -> None:
    tickets = await shop.ticket_type(capacity=10)
    orders = [await shop.order(tickets) for _ in range(4)]
    paid, told, unpaid, terminated = orders
    async with working(temporal, database, short_hold):
        sessions = {order: await shop.checkout(order) for order in orders}
    await operator.terminate(terminated)
    await shop.deliver_webhooks("drop")
    await shop.pay(sessions[paid])
    await shop.until_sent(paid)
    await shop.deliver_webhooks()
    await shop.pay(sessions[told])
    await shop.pay(sessions[terminated])
    await shop.until_sent(told)
    await shop.until_sent(terminated)
    for order in (paid, told, unpaid):
        await operator.until_timer_fired(order)
    await shop.set_clock(ahead=DAY)
    assert {await shop.status(order) for order in orders} == {"CREATED"}
    async with working(temporal, database, short_hold):
        assert await shop.final_status(paid) == "PAID"
        assert await shop.final_status(told) == "PAID"
        assert await shop.final_status(terminated) == "PAID"
        assert await shop.final_status(unpaid) == "CANCELLED"
        await asyncio.gather(*(operator.checkout(order).result() for order in (paid, told, unpaid)))
    left = (await shop.call("GET", f"/ticket-types/{tickets}")).json()
    assert left["available"] == 10 - 2 * 3
    await Orders(database).assert_no_seat_twice()
    await shop.set_clock(ahead=timedelta())
