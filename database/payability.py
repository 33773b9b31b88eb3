"""May this order be paid for? One look that spares Temporal the hopeless cases."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from database.models import OrderItemRow, OrderRow, PaymentRow, TicketTypeRow
from database.payments import IS_OPEN
from domain.errors import OrderNotFound, OrderNotPayable, SoldOut
from domain.ids import OrderId, UserId
from domain.money import Cents, Currency
from domain.order import OrderStatus
from domain.payment import PaymentStatus

_ATTEMPT = (
    select(PaymentRow.status)
    .where(PaymentRow.order_id == OrderRow.id, IS_OPEN)
    .correlate(OrderRow)
    .scalar_subquery()
)
_TICKETS = (
    select(func.sum(OrderItemRow.quantity))
    .where(OrderItemRow.order_id == OrderRow.id)
    .correlate(OrderRow)
    .scalar_subquery()
)
_SOLD_OUT = exists().where(
    OrderItemRow.order_id == OrderRow.id,
    TicketTypeRow.id == OrderItemRow.ticket_type_id,
    TicketTypeRow.available < OrderItemRow.quantity,
)
_LOOK = select(
    OrderRow.user_id,
    OrderRow.status,
    OrderRow.total_cents,
    OrderRow.currency,
    OrderRow.updated_at,
    _ATTEMPT.label("attempt"),
    _TICKETS.label("tickets"),
    _SOLD_OUT.label("sold_out"),
).where(OrderRow.id == bindparam("order_id"))


@dataclass(frozen=True)
class CheckoutTarget:
    """What a checkout is started with. `updated_at` (UTC) changes with the order's state."""

    order_id: OrderId
    user_id: UserId
    total_cents: Cents
    currency: Currency
    tickets: int
    updated_at: datetime


async def checkout_target(
    connection: AsyncConnection, order_id: OrderId, owner: UserId | None
) -> tuple[CheckoutTarget, OrderNotPayable | SoldOut | None]:
    """Return the order of a checkout, and why it cannot be paid at the moment, if it cannot.

    `owner` None finds everybody's orders. Raises OrderNotFound.
    """
    row = (await connection.execute(_LOOK, {"order_id": order_id})).one_or_none()
    if row is None or owner not in (None, row.user_id):
        raise OrderNotFound
    target = CheckoutTarget(
        order_id=order_id,
        user_id=UserId(row.user_id),
        total_cents=Cents(row.total_cents),
        currency=Currency(row.currency),
        tickets=row.tickets,
        updated_at=row.updated_at,
    )
    if row.status != OrderStatus.CREATED:
        return target, OrderNotPayable(f"The order is {row.status}.")
    if row.attempt == PaymentStatus.PROCESSING:
        return target, OrderNotPayable("A payment for this order is being processed.")
    return target, SoldOut() if row.sold_out and row.attempt is None else None
