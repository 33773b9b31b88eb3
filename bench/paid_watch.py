"""Notices when orders are PAID in PostgreSQL: one query for all that wait, whoever wrote it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg

QUESTION = "SELECT id FROM orders WHERE id = ANY($1) AND status = 'PAID'"


class PaidWatch:
    """Looks every so many seconds while somebody waits; that is how fine its times are."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.look_every_seconds = 0.02
        self._connection = connection
        self._waiting: dict[str, asyncio.Future[float]] = {}
        self._somebody = asyncio.Event()

    def wait_for(self, order_id: str) -> asyncio.Future[float]:
        """Return a future: when the order was seen to be PAID, by time.perf_counter()."""
        future = asyncio.get_running_loop().create_future()
        self._waiting[order_id] = future
        self._somebody.set()
        return future

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self._somebody.wait()
            paid = await self._connection.fetch(QUESTION, list(self._waiting))
            now = time.perf_counter()
            for row in paid:
                self._waiting.pop(row["id"]).set_result(now)
            if not self._waiting:
                self._somebody.clear()
            await asyncio.sleep(self.look_every_seconds)


@asynccontextmanager
async def watching(database_url: str) -> AsyncIterator[PaidWatch]:
    """Watch the orders of a database, by its SQLAlchemy address, while the block runs."""
    connection = await asyncpg.connect(plain_address(database_url))
    watch = PaidWatch(connection)
    task = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await connection.close()


def plain_address(database_url: str) -> str:
    """Return the address that libpq and asyncpg know, of the one that SQLAlchemy knows."""
    return database_url.replace("+asyncpg", "")
