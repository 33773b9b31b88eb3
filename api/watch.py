"""Watching orders change, whichever process changes them: one query for all watchers together."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from database.engine import Database
from database.orders import changed_at, order_of
from domain.ids import OrderId
from domain.order import Order, OrderStatus

LOOK_EVERY_SECONDS = 0.25


class OrderWatch:
    """Tells watchers that an order may have changed; nothing is asked while nobody watches."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bells: defaultdict[OrderId, set[asyncio.Event]] = defaultdict(set)
        self._seen: dict[OrderId, datetime] = {}
        self._somebody = asyncio.Event()
        self._stopped = False

    async def changes(self, order_id: OrderId) -> AsyncIterator[Order]:
        """Yield an order at once and after each change, until it is final or we stop."""
        last = None
        with self._bell(order_id) as bell:
            while not self._stopped:
                bell.clear()
                async with self._database.transaction() as connection:
                    order = await order_of(connection, order_id)
                if order != last:
                    yield order
                if order.status is not OrderStatus.CREATED:
                    return
                last = order
                await bell.wait()

    async def run(self) -> None:
        """Look for changes until cancelled."""
        while True:
            await self._somebody.wait()
            with suppress(SQLAlchemyError, OSError):  # a database that is down is asked again
                await self._look()
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    def stop(self) -> None:
        """End every stream, so that the process can stop."""
        self._stopped = True
        for bells in self._bells.values():
            for bell in bells:
                bell.set()

    async def _look(self) -> None:
        async with self._database.transaction() as connection:
            now = await changed_at(connection, list(self._bells))
        for order_id, at in now.items():
            if self._seen.get(order_id) != at:
                for bell in self._bells.get(order_id, ()):
                    bell.set()
        self._seen = now

    @contextmanager
    def _bell(self, order_id: OrderId) -> Iterator[asyncio.Event]:
        bell = asyncio.Event()
        self._bells[order_id].add(bell)
        self._somebody.set()
        try:
            yield bell
        finally:
            self._bells[order_id].discard(bell)
            if not self._bells[order_id]:
                del self._bells[order_id]
            if not self._bells:
                self._somebody.clear()
