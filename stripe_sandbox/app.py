"""The sandbox as an application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from stripe_sandbox import admin, pages, stripe_api
from stripe_sandbox.account import Account
from stripe_sandbox.delivery import Courier
from stripe_sandbox.errors import StripeError
from stripe_sandbox.idempotency import Idempotency
from stripe_sandbox.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """Return a sandbox; its lifespan delivers the webhooks."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        account = Account(settings)
        app.state.account = account
        app.state.idempotency = Idempotency(account)
        app.state.courier = Courier(account)
        delivering = asyncio.create_task(app.state.courier.run())
        yield
        delivering.cancel()
        with suppress(asyncio.CancelledError):
            await delivering
        account.store.close()

    app = FastAPI(
        title="Stripe sandbox",
        description="A stand-in for Stripe. No real money, no real cards.",
        lifespan=lifespan,
    )

    @app.exception_handler(StripeError)
    async def on_error(_: Request, error: StripeError) -> JSONResponse:
        return JSONResponse(error.body, error.status)

    for module in (stripe_api, admin, pages):
        app.include_router(module.router)
    return app
