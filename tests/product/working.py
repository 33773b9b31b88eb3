"""A worker that comes and goes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from temporalio.client import Client

from database.engine import Database
from settings import WorkerSettings
from worker import build_worker


@asynccontextmanager
async def working(
    temporal: Client, database: Database, settings: WorkerSettings
) -> AsyncIterator[None]:
    """Run a worker during the block."""
    async with (
        aiohttp.ClientSession() as http,
        build_worker(temporal, database, http, settings),
    ):
        yield
