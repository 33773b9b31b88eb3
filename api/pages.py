"""The pages a buyer comes back to from Stripe. The session's id is the key to the first one."""

import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from fastapi.templating import Jinja2Templates

from api import engine
from api.bodies import Id
from api.documentation import problems
from api.problems import Problem
from api.services import ServicesOf
from database.orders import order_of_session
from domain.money import display
from domain.order import Order, OrderStatus
from domain.payment import PaymentStatus

OF_A_SESSION = problems("session_not_found", "invalid_request", "temporarily_unavailable")

router = APIRouter(tags=["pages"])
templates = Jinja2Templates(Path(__file__).parent / "templates")
templates.env.filters["money"] = display


async def _sold(
    session_id: Annotated[Id, Query()], services: ServicesOf
) -> tuple[Order, PaymentStatus]:
    async with services.database.transaction() as connection:
        sold = await order_of_session(connection, session_id)
    if sold is None:
        raise Problem("session_not_found", "There is no such checkout session.")
    return sold


Sold = Annotated[tuple[Order, PaymentStatus], Depends(_sold)]


@router.get("/return", response_class=HTMLResponse, responses=OF_A_SESSION)
async def come_back(
    request: Request, session_id: Id, sold: Sold, services: ServicesOf
) -> HTMLResponse:
    """Show a buyer his order, and have the checkout ask Stripe: a webhook may be lost."""
    order, payment = sold
    if order.status is OrderStatus.CREATED:
        with suppress(Problem):  # without Temporal the page still shows what is known
            await engine.look_at_stripe(services, order.id)
    return _page(request, "return.html", order=order, payment=payment, session_id=session_id)


@router.get("/return/events", response_class=EventSourceResponse, responses=OF_A_SESSION)
async def watch(sold: Sold, services: ServicesOf) -> AsyncIterator[ServerSentEvent]:
    """Tell the return page when the order last changed: at once and after each change."""
    order, _ = sold
    async for now in services.watch.changes(order.id):
        yield ServerSentEvent(event="changed", data=now.updated_at.isoformat())


@router.get("/cancelled", response_class=HTMLResponse, responses=problems("invalid_request"))
async def come_back_unpaid(request: Request, order_id: Id) -> HTMLResponse:
    """Tell a buyer who left Stripe's page that nothing was paid."""
    return _page(request, "cancelled.html", order_id=order_id)


def _page(request: Request, name: str, **context: Any) -> HTMLResponse:
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return templates.TemplateResponse(
        request,
        name,
        context | {"nonce": nonce},
        headers={
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )
