"""The application: routes, errors and connections put together."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from types import FrameType
from typing import Any

from fastapi import FastAPI

from api import (
    catalogue,
    checkout,
    documentation,
    health,
    orders,
    outgoing,
    pages,
    problems,
    refunds,
    webhook,
)
from api.auth import Tokens
from api.limits import BodyLimit
from api.metrics import Measured
from api.ops import acting, page, seeing
from api.services import Services
from api.watch import OrderWatch
from database.engine import Database
from settings import ApiSettings
from workflows.client import connect

DESCRIPTION = """
Order event tickets and pay for them through Stripe. Every checkout is a durable Temporal workflow.
Money is an integer in the currency's minor unit; times are RFC 3339 in UTC; every POST takes an
`Idempotency-Key`; errors are `application/problem+json` with a stable `code`.
"""


def create_app(settings: ApiSettings) -> FastAPI:
    """Return the application; its lifespan connects to PostgreSQL and Temporal."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = Database(settings.database_url)
        watch = OrderWatch(database)
        app.state.services = Services(settings, database, await connect(lazy=True), watch)
        watching = asyncio.create_task(watch.run())
        with _ending_streams_on_signals(watch):
            yield
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        await database.close()

    app = FastAPI(
        title="Paysaga",
        version="0.1.0",
        description=DESCRIPTION,
        lifespan=lifespan,
    )
    app.state.tokens = Tokens(settings)
    problems.install(app)
    documentation.install(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(Measured)
    for module in (catalogue, orders, checkout, refunds, outgoing, webhook, pages, health):
        app.include_router(module.router)
    for module in (seeing, acting, page):
        app.include_router(module.router)
    app.mount("/ops/assets", page.assets)
    return app


@contextmanager
def _ending_streams_on_signals(watch: OrderWatch) -> Iterator[None]:
    """End open event streams when the server is told to stop: it waits for every response."""
    with ExitStack() as stack:
        for number in (signal.SIGINT, signal.SIGTERM):
            stop_server = signal.getsignal(number)

            def stop(number: int, frame: FrameType | None, stop_server: Any = stop_server) -> None:
                watch.stop()
                if callable(stop_server):
                    stop_server(number, frame)

            with suppress(ValueError):  # only the main thread may
                signal.signal(number, stop)
                stack.callback(signal.signal, number, stop_server)
        yield
