"""What other systems still have to be told, for Prometheus: read when it asks."""

import asyncio
from contextlib import suppress
from math import nan

from prometheus_client import Gauge

from api.problems import DATABASE_TROUBLE
from database.engine import Database
from database.outbox import backlog

WITHIN_SECONDS = 2
WAITING = Gauge("paysaga_outgoing_events_waiting", "Outgoing events that the receiver has to take")
OLDEST = Gauge("paysaga_outgoing_events_oldest_seconds", "Since when the oldest of them exists")


async def measure_backlog(database: Database) -> None:
    """Set the gauges to what PostgreSQL says now: the same in each process, so never add them up.

    Both are NaN while it does not answer.
    """
    waiting = oldest_seconds = nan
    with suppress(*DATABASE_TROUBLE):
        async with asyncio.timeout(WITHIN_SECONDS), database.transaction() as connection:
            found = await backlog(connection)
        waiting, oldest_seconds = found.events, found.oldest_seconds
    WAITING.set(waiting)
    OLDEST.set(oldest_seconds)
