"""The connection to PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine


class Database:
    """A pool of connections. Made once a process; `close` it when the process ends."""

    def __init__(self, url: str, pool_size: int = 10) -> None:
        self._engine = create_async_engine(
            url, pool_size=pool_size, max_overflow=pool_size, pool_timeout=5
        )
        event.listen(self._engine.sync_engine.pool, "checkout", _refuse_closed)
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Run the block in one transaction; an exception rolls it back."""
        async with self._engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[AsyncConnection]:
        """Run the block's one statement, which is a transaction by itself: one round trip."""
        async with self._autocommit.connect() as connection:
            yield connection

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


def _refuse_closed(connection: Any, *_: object) -> None:
    """Have the pool open another connection for one that PostgreSQL has left.

    The driver knows that at once; SQLAlchemy's own `pool_pre_ping` costs three round trips.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError
