"""The application: routes, errors and connections put together."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from types import FrameType
from typing import Any

from fastapi import FastAPI, Request, Response

from api import catalogue, checkout, health, orders, pages, problems, webhook
from api.auth import Tokens
from api.metrics import REQUESTS
from api.services import Services
from api.watch import OrderWatch
from database.engine import Database
from settings import ApiSettings
from workflows.client import connect

MAXIMUM_BODY_BYTES = 1024 * 1024
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
        _end_streams_on_signals(watch)
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
        max_body_size=MAXIMUM_BODY_BYTES,
    )
    app.state.tokens = Tokens(settings)
    problems.install(app)
    app.middleware("http")(_measured)
    for module in (catalogue, orders, checkout, webhook, pages, health):
        app.include_router(module.router)
    return app


def _end_streams_on_signals(watch: OrderWatch) -> None:
    """End open event streams when the server is told to stop: it waits for every response."""
    for number in (signal.SIGINT, signal.SIGTERM):
        stop_server = signal.getsignal(number)

        def stop(number: int, frame: FrameType | None, stop_server: Any = stop_server) -> None:
            watch.stop()
            if callable(stop_server):
                stop_server(number, frame)

        with suppress(ValueError):  # only the main thread may: a test's server has none
            signal.signal(number, stop)


async def _measured(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    started = time.perf_counter()
    response = await call_next(request)
    route = request.scope.get("route")
    REQUESTS.labels(
        request.method, getattr(route, "path", "unknown"), str(response.status_code)
    ).observe(time.perf_counter() - started)
    return response
