"""What refunds do to a payment and its order: how much has gone back, and whether that is all."""

from sqlalchemy import case, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from database import holds, tickets
from database.history import record
from database.models import OrderRow, PaymentRow, RefundRow
from domain.ids import OrderId, PaymentId
from domain.order import OrderStatus
from domain.payment import SETTLED_STATUSES, PaymentStatus
from domain.refund import RefundStatus

_GIVEN_BACK_CENTS = select(func.coalesce(func.sum(RefundRow.amount_cents), 0)).where(
    RefundRow.status == RefundStatus.SUCCEEDED
)
_OF_PAYMENT = (
    _GIVEN_BACK_CENTS.where(
        RefundRow.order_id == PaymentRow.order_id, RefundRow.payment_id == PaymentRow.id
    )
    .correlate(PaymentRow)
    .scalar_subquery()
)
_OF_ORDER = (
    _GIVEN_BACK_CENTS.where(RefundRow.order_id == OrderRow.id).correlate(OrderRow).scalar_subquery()
)


async def settle_payment(
    connection: AsyncConnection, order_id: OrderId, payment_id: PaymentId, *, is_late: bool
) -> None:
    """Bring a payment and its order in line with the refunds that have succeeded.

    The caller holds the order's lock.
    """
    if is_late:
        await _settle_late_payment(connection, order_id, payment_id)
    else:
        await _settle_own_payment(connection, order_id, payment_id)


async def _settle_own_payment(
    connection: AsyncConnection, order_id: OrderId, payment_id: PaymentId
) -> None:
    status = case(
        (_OF_PAYMENT == 0, PaymentStatus.SUCCEEDED),
        (PaymentRow.captured_cents > _OF_PAYMENT, PaymentStatus.PARTIALLY_REFUNDED),
        else_=PaymentStatus.REFUNDED,
    )
    settled = await connection.execute(
        update(PaymentRow)
        .where(PaymentRow.id == payment_id, PaymentRow.status.in_(SETTLED_STATUSES))
        .values(status=status, updated_at=func.now())
        .returning(_OF_PAYMENT)
    )
    await connection.execute(
        update(OrderRow)
        .where(OrderRow.id == order_id)
        .values(amount_refunded_cents=settled.scalar_one())
    )
    await _end_what_is_given_back(connection, order_id)


async def _end_what_is_given_back(connection: AsyncConnection, order_id: OrderId) -> None:
    """Move an order of which nothing is left to REFUNDED, void its tickets, free its seats: once.

    There is no way back: a refund that fails after that leaves the order REFUNDED, with an amount
    that can be given back anew.
    """
    ended = await connection.execute(
        update(OrderRow)
        .where(
            OrderRow.id == order_id,
            OrderRow.status == OrderStatus.PAID,
            OrderRow.amount_refunded_cents == OrderRow.total_cents,
        )
        .values(status=OrderStatus.REFUNDED)
        .returning(OrderRow.id)
    )
    if ended.one_or_none() is None:
        return
    await record(connection, order_id, "order_refunded", actor="stripe")
    if await tickets.void(connection, order_id):
        await holds.release(connection, order_id)


async def _settle_late_payment(
    connection: AsyncConnection, order_id: OrderId, payment_id: PaymentId
) -> None:
    status = case(
        (PaymentRow.captured_cents <= _OF_PAYMENT, PaymentStatus.REFUNDED),
        (PaymentRow.status == PaymentStatus.REFUNDED, PaymentStatus.FAILED),
        else_=PaymentRow.status,
    )
    await connection.execute(
        update(PaymentRow)
        .where(PaymentRow.id == payment_id)
        .values(status=status, updated_at=func.now())
    )
    await connection.execute(
        update(OrderRow)
        .where(OrderRow.id == order_id, OrderRow.status == OrderStatus.CANCELLED)
        .values(amount_refunded_cents=func.least(_OF_ORDER, OrderRow.total_cents))
    )
