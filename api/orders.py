"""Orders: making them, and seeing what became of them."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from api.auth import CallerOf
from api.bodies import Id, ListOf, PageOf
from api.documentation import FOR_USERS, KEYED, ONCE_A_KEY, problems
from api.idempotency import IdempotentRoute, ResourceSuffix
from api.schemas import HistoryEntry, NewOrder, OrderView, PaymentView, TicketView
from api.services import ServicesOf
from database.catalogue import ticket_types_by_id
from database.history import history_of
from database.orders import add_order, order_of, orders_of
from database.payments import payments_of
from database.tickets import tickets_of
from domain.ids import OrderId
from domain.order import Order
from domain.pricing import price

router = APIRouter(tags=["orders"], route_class=IdempotentRoute)
SEEING = problems(*FOR_USERS, "order_not_found")


@router.post(
    "/orders",
    status_code=201,
    responses=problems(*ONCE_A_KEY, "invalid_order"),
    openapi_extra=KEYED,
)
async def order_tickets(
    wanted: NewOrder, caller: CallerOf, services: ServicesOf, suffix: ResourceSuffix
) -> OrderView:
    """Order tickets at the catalogue's prices. Nothing is held before the checkout."""
    order_id = OrderId(f"ord_{suffix}")
    async with services.database.transaction() as connection:
        quantities = wanted.quantities()
        priced = price(quantities, await ticket_types_by_id(connection, quantities))
        await add_order(connection, order_id, caller.user_id, priced)
        return OrderView.of(await order_of(connection, order_id))


@router.get("/orders", responses=problems(*FOR_USERS))
async def list_orders(
    caller: CallerOf,
    services: ServicesOf,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    starting_after: Annotated[Id | None, Query()] = None,
) -> PageOf[OrderView]:
    """List the caller's orders, newest first."""
    after = OrderId(starting_after) if starting_after else None
    async with services.database.statement() as connection:
        found = await orders_of(connection, caller.user_id, limit + 1, after)
    views = [OrderView.of(order) for order in found[:limit]]
    return PageOf(data=views, has_more=len(found) > limit)


async def _visible(order_id: Id, caller: CallerOf, services: ServicesOf) -> Order:
    async with services.database.statement() as connection:
        return await order_of(connection, OrderId(order_id), caller.owner)


VisibleOrder = Annotated[Order, Depends(_visible)]


@router.get("/orders/{order_id}", responses=SEEING)
async def see_order(order: VisibleOrder) -> OrderView:
    """See an order. A foreign order and an unknown one get the same answer."""
    return OrderView.of(order)


@router.get("/orders/{order_id}/payments", responses=SEEING)
async def see_payments(order: VisibleOrder, services: ServicesOf) -> ListOf[PaymentView]:
    """See the attempts to pay an order, oldest first."""
    async with services.database.statement() as connection:
        found = await payments_of(connection, order.id)
    return ListOf(data=[PaymentView.model_validate(row) for row in found])


@router.get("/orders/{order_id}/tickets", responses=SEEING)
async def see_tickets(order: VisibleOrder, services: ServicesOf) -> ListOf[TicketView]:
    """See the tickets of an order: issued with its payment, in the order of its lines."""
    async with services.database.statement() as connection:
        found = await tickets_of(connection, order.id)
    return ListOf(data=[TicketView.model_validate(row) for row in found])


@router.get("/orders/{order_id}/history", responses=SEEING)
async def see_history(order: VisibleOrder, services: ServicesOf) -> ListOf[HistoryEntry]:
    """See everything that happened to an order, oldest first."""
    async with services.database.statement() as connection:
        found = await history_of(connection, order.id)
    return ListOf(data=[HistoryEntry.model_validate(row) for row in found])


@router.get("/orders/{order_id}/events", response_class=EventSourceResponse, responses=SEEING)
async def watch_order(order: VisibleOrder, services: ServicesOf) -> AsyncIterator[ServerSentEvent]:
    """Watch an order: it comes at once and after each change, until it is final."""
    async for changed in services.watch.changes(order.id):
        yield ServerSentEvent(event="order", data=OrderView.of(changed))
