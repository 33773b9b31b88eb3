"""Checkout: starting to pay for an order, and giving it up."""

from fastapi import APIRouter

from api import engine
from api.auth import CallerOf
from api.bodies import Id
from api.documentation import KEYED, ONCE_A_KEY, problems
from api.idempotency import IdempotentRoute
from api.metrics import CHECKOUTS
from api.problems import Problem
from api.schemas import CheckoutSessionView, OrderView
from api.services import ServicesOf
from database.orders import order_of
from database.payability import checkout_target
from domain.checkout import CancelRequest
from domain.errors import AlreadyPaid, DomainError
from domain.ids import OrderId
from domain.order import OrderStatus

router = APIRouter(tags=["checkout"], route_class=IdempotentRoute)


@router.post(
    "/orders/{order_id}/checkout",
    responses=problems(
        *ONCE_A_KEY, "order_not_found", "order_not_payable", "sold_out", "session_refused"
    ),
    openapi_extra=KEYED,
)
async def start_checkout(
    order_id: Id, caller: CallerOf, services: ServicesOf
) -> CheckoutSessionView:
    """Start paying for an order, or return the session that is already open."""
    async with services.database.statement() as connection:
        target, obstacle = await checkout_target(connection, OrderId(order_id), caller.owner)
    try:
        if obstacle:
            raise obstacle
        session = await engine.checkout_session(services, target)
    except (DomainError, Problem) as refusal:
        CHECKOUTS.labels(refusal.code).inc()
        raise
    CHECKOUTS.labels("session").inc()
    return CheckoutSessionView.model_validate(session)


@router.post(
    "/orders/{order_id}/cancel",
    responses=problems(*ONCE_A_KEY, "order_not_found", "already_paid", "payment_processing"),
    openapi_extra=KEYED,
)
async def give_up(order_id: Id, caller: CallerOf, services: ServicesOf) -> OrderView:
    """Give an order up: its session is closed at Stripe first. Too late if the buyer has paid."""
    async with services.database.transaction() as connection:
        order = await order_of(connection, OrderId(order_id), caller.owner)
        target, _ = await checkout_target(connection, order.id, None)
    if order.status is OrderStatus.CANCELLED:
        return OrderView.of(order)
    if order.status is not OrderStatus.CREATED:
        raise AlreadyPaid
    reason = "the buyer gave up" if caller.user_id == order.user_id else "on behalf of the buyer"
    await engine.cancel(services, target, CancelRequest(caller.user_id, reason))
    async with services.database.transaction() as connection:
        return OrderView.of(await order_of(connection, order.id))
