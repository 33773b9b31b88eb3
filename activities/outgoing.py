"""Telling other systems what happened: written with the change, announced behind its commit."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from database.engine import Database
from database.orders import mark_for_attention
from database.outbox import add_event, has_waiting, orders_with_waiting_events
from domain.ids import OrderId
from domain.outgoing import OutgoingType

# What is younger may still be on its way to its announcement.
GRACE = timedelta(minutes=2)
MOST_ORDERS = 100  # what is more comes next time


class Announcer(Protocol):
    """Has the events of an order delivered, by something that outlives this process."""

    async def announce(self, order_id: OrderId) -> None:
        """Have delivered whatever has been written for the order until now."""

    async def resume(self, order_id: OrderId) -> bool:
        """The same, unless a delivery is under way; False where one is."""


class Outbox:
    """Transactions that tell other systems of an order; without an announcer, nobody is told."""

    def __init__(self, database: Database, announcer: Announcer | None) -> None:
        self._database = database
        self._announcer = announcer

    @asynccontextmanager
    async def transaction(self, order_id: OrderId) -> AsyncIterator[AsyncConnection]:
        """Run the block in one transaction, then have announced what was written for the order.

        What an earlier execution has written is announced, too: it may have died in between.
        """
        async with self._database.transaction() as connection:
            yield connection
            waits = self._announcer is not None and await has_waiting(connection, order_id)
        if self._announcer and waits:
            await self._announcer.announce(order_id)

    async def tell(
        self, connection: AsyncConnection, order_id: OrderId, event_type: OutgoingType
    ) -> None:
        """Write an event, behind the change it tells of; `connection` holds the order's lock."""
        if self._announcer:
            await add_event(connection, order_id, event_type)

    async def ask_for_attention(self, connection: AsyncConnection, order_id: OrderId) -> None:
        """Mark the order for a person to look at; tell of it where it was not marked before."""
        if await mark_for_attention(connection, order_id):
            await self.tell(connection, order_id, OutgoingType.ORDER_NEEDS_ATTENTION)

    @activity.defn
    async def resume_deliveries(self, now: datetime) -> list[OrderId]:
        """Have events delivered that nobody delivers a while after they were written.

        Returns their orders. A worker died before it announced them and nobody repeated its
        work, or somebody has terminated their delivery.
        """
        if self._announcer is None:
            return []
        async with self._database.transaction() as connection:
            waiting = await orders_with_waiting_events(connection, now - GRACE, MOST_ORDERS)
        return [order_id for order_id in waiting if await self._announcer.resume(order_id)]
