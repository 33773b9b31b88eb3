"""The connection to PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry


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
        """Run the block in one transaction; an exception rolls it back.

        Raises ConnectionError, another OSError or DBAPIError while PostgreSQL is away.
        """
        with _loss_of_connection():
            async with self._engine.begin() as connection:
                yield connection

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[AsyncConnection]:
        """Run the block's one statement, which is a transaction by itself: one round trip.

        Raises the same.
        """
        with _loss_of_connection():
            async with self._autocommit.connect() as connection:
                yield connection

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


@contextmanager
def _loss_of_connection() -> Iterator[None]:
    """Name what happens when PostgreSQL leaves while a new connection is prepared.

    The driver's own errors come through there: SQLAlchemy wraps those of statements only.
    """
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as lost:
        raise ConnectionResetError("PostgreSQL left while it was being connected") from lost


def _refuse_closed(connection: Any, record: ConnectionPoolEntry, _: object) -> None:
    """Have the pool open another connection for one that PostgreSQL has left.

    The driver knows that at once; SQLAlchemy's own `pool_pre_ping` costs three round trips. One
    that is new is not replaced: after a few, the pool would call that a mistake of ours.
    """
    if not connection.driver_connection.is_closed():
        record.info["is_known"] = True
    elif "is_known" in record.info:
        raise DisconnectionError
    else:
        raise ConnectionResetError("PostgreSQL left as soon as it was connected")
