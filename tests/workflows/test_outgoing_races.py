"""Announcements that meet a delivery as it ends, or never come: nothing is left behind."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from temporalio.client import Client

from activities.outgoing import Announcer, Outbox
from database.engine import Database
from database.outbox import add_event
from domain.ids import OrderId, outgoing_workflow_id
from domain.outgoing import OutgoingType
from domain.reconciliation import GRACE
from settings import WorkerSettings
from tests.orders import Orders
from tests.receiver import SECRET, Receiver, tell
from worker import delivering
from workflows.announcer import TemporalAnnouncer

TASK_QUEUE = "races"
PAID, DISPUTED = OutgoingType.ORDER_PAID, OutgoingType.ORDER_DISPUTED


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def orders(database_url: str, temporal: Client, receiver: Receiver) -> AsyncIterator[Orders]:
    """Orders, and a worker that delivers what is told of them."""
    settings = WorkerSettings.model_validate(
        {
            "database_url": database_url,
            "stripe_secret_key": "sk_test_none",
            "temporal_task_queue": TASK_QUEUE,
            "outgoing_webhook_url": receiver.url,
            "outgoing_webhook_secret": SECRET,
        }
    )
    database = Database(database_url)
    async with delivering(temporal, database, settings):
        yield Orders(database)
    await database.close()


@pytest.fixture
def outbox(orders: Orders, temporal: Client) -> Outbox:
    return Outbox(orders.database, TemporalAnnouncer(temporal, TASK_QUEUE))


async def test_what_is_announced_while_a_delivery_ends_is_delivered(
    orders: Orders, outbox: Outbox, receiver: Receiver
) -> None:
    """Each event is told of as soon as the one before has come: as its delivery is ending."""
    order = await orders.order()
    async with receiver.up():
        for number in range(100):
            await tell(outbox, order, (PAID, DISPUTED)[number % 2])
            await receiver.until_came(number + 1)
    assert receiver.told_of(order) == [PAID, DISPUTED] * 50
    assert len({delivery.id for delivery in receiver.taken}) == 100


async def test_what_nobody_delivers_is_taken_up_by_the_reconciler(
    orders: Orders, outbox: Outbox, receiver: Receiver, temporal: Client
) -> None:
    terminated, running, lost = [await orders.order() for _ in range(3)]
    for order in (terminated, running):
        await tell(outbox, order, PAID)
    await temporal.get_workflow_handle(outgoing_workflow_id(terminated)).terminate()
    async with orders.database.transaction() as connection:
        await add_event(connection, lost, PAID)
    now = datetime.now(UTC)
    assert await outbox.resume_deliveries(now) == []
    assert set(await outbox.resume_deliveries(now + 2 * GRACE)) == {terminated, lost}
    assert await outbox.resume_deliveries(now + 2 * GRACE) == []
    async with receiver.up():
        for order in (terminated, running, lost):
            await temporal.get_workflow_handle(outgoing_workflow_id(order)).result()
    for order in (terminated, running, lost):
        assert receiver.told_of(order) == [PAID]


class Together(Announcer):
    """Takes a delivery up when all others are asked for as well."""

    def __init__(self, deliveries: int) -> None:
        self._asked_for = asyncio.Barrier(deliveries)

    async def announce(self, order_id: OrderId) -> None:
        """Nobody delivers it for now."""

    async def resume(self, order_id: OrderId) -> bool:
        """Wait for the others."""
        await self._asked_for.wait()
        return True


async def test_many_deliveries_are_taken_up_at_once(orders: Orders) -> None:
    """One after the other, they would take longer than the activity may."""
    waiting = [await orders.order() for _ in range(20)]
    outbox = Outbox(orders.database, Together(20))
    for order in waiting:
        await tell(outbox, order, PAID)
    long_after = datetime.now(UTC) + 2 * GRACE
    assert set(await outbox.resume_deliveries(long_after)) == set(waiting)
