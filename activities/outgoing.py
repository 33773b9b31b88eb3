"""Telling other systems what happened: written with the change, announced behind its commit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from database.engine import Database
from database.outbox import (
    add_event,
    has_waiting,
    locked_state,
    orders_with_waiting_events,
)
from domain.ids import OrderId
from domain.outgoing import news
from domain.reconciliation import GRACE

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
        """Run the block in one transaction; what it changes of the order is told behind its commit.

        What an earlier execution has written is announced, too: it may have died in between.
        """
        if self._announcer is None:
            async with self._database.transaction() as connection:
                yield connection
            return
        async with self._database.transaction() as connection:
            before = await locked_state(connection, order_id)
            yield connection
            after = await locked_state(connection, order_id)
            for event_type in news(before, after):
                await add_event(connection, order_id, event_type)
            waits = await has_waiting(connection, order_id)
        if waits:
            await self._announcer.announce(order_id)

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
        resumed = await asyncio.gather(*map(self._announcer.resume, waiting))
        return [order_id for order_id, is_begun in zip(waiting, resumed, strict=True) if is_begun]
