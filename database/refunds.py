"""Refunds: the row first, then Stripe, then what Stripe says.

What is left of a payment is what was captured, less all that has gone back or is on its way.
"""

from typing import Any

from sqlalchemy import ColumnElement, Row, exists, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from database.models import OrderRow, PaymentRow, RefundRow
from domain.errors import AmountTooLarge, NothingToRefund, PaymentDisputed
from domain.ids import OrderId, RefundId, new_id
from domain.money import Cents, Currency, display
from domain.payment import PaymentReport
from domain.refund import TAKEN_FROM_THE_REST, Refund, RefundRequest, RefundStatus

LATE = "late payment"
# Late money is what nobody waited for; its refund is opened as soon as that is known.
IS_LATE: ColumnElement[bool] = exists().where(
    RefundRow.idempotency_key == literal("late-") + PaymentRow.payment_intent
)
LEFT_CENTS: ColumnElement[int] = PaymentRow.captured_cents - (
    select(func.coalesce(func.sum(RefundRow.amount_cents), 0))
    .where(
        RefundRow.order_id == PaymentRow.order_id,
        RefundRow.payment_id == PaymentRow.id,
        RefundRow.status.in_(TAKEN_FROM_THE_REST),
    )
    .correlate(PaymentRow)
    .scalar_subquery()
)


def late_key(payment_intent: str) -> str:
    """Return the idempotency key under which a late payment goes back: once, whoever asks."""
    return f"late-{payment_intent}"


def refund_of(row: Row[Any]) -> Refund:
    """Return what a workflow and a client know of a row of `refunds`."""
    return Refund(
        id=RefundId(row.id),
        order_id=OrderId(row.order_id),
        payment_intent=row.payment_intent,
        amount_cents=Cents(row.amount_cents),
        currency=Currency(row.currency),
        status=RefundStatus(row.status),
        reason=row.reason,
        stripe_id=row.stripe_id,
        failure_reason=row.failure_reason,
        created_at=row.created_at,
    )


async def refund_by_id(connection: AsyncConnection, refund_id: RefundId) -> Refund | None:
    """Return a refund, if it was ever opened."""
    statement = select(RefundRow.__table__).where(RefundRow.id == refund_id)
    row = (await connection.execute(statement)).one_or_none()
    return refund_of(row) if row else None


async def refunds_of(connection: AsyncConnection, order_id: OrderId) -> list[Refund]:
    """Return all refunds of an order, oldest first."""
    statement = (
        select(RefundRow.__table__).where(RefundRow.order_id == order_id).order_by(RefundRow.id)
    )
    return [refund_of(row) for row in await connection.execute(statement)]


async def is_late(connection: AsyncConnection, payment_intent: str) -> bool:
    """Say whether a payment came too late to pay for its order."""
    late = exists().where(RefundRow.idempotency_key == late_key(payment_intent))
    return bool((await connection.execute(select(late))).scalar_one())


async def open_refund(connection: AsyncConnection, request: RefundRequest) -> Refund:
    """Write down that money goes back: of the order's own payment, else of late money kept.

    The caller holds the order's lock. Raises NothingToRefund, PaymentDisputed or AmountTooLarge.
    """
    statement = (
        select(PaymentRow.__table__, LEFT_CENTS.label("left_cents"), OrderRow.disputed)
        .join(OrderRow, OrderRow.id == PaymentRow.order_id)
        .where(PaymentRow.order_id == request.order_id, PaymentRow.captured_cents > 0)
        .order_by(IS_LATE, PaymentRow.id)
    )
    payments = (await connection.execute(statement)).all()
    payment = next((row for row in payments if row.left_cents > 0), None)
    if payment is None:
        raise NothingToRefund
    if payment.disputed:
        raise PaymentDisputed
    if request.amount_cents and request.amount_cents > payment.left_cents:
        left = display(Cents(payment.left_cents), Currency(payment.currency))
        raise AmountTooLarge(f"Only {left} is left of the payment.")
    opened = await connection.execute(
        insert(RefundRow)
        .values(
            id=request.id,
            order_id=request.order_id,
            payment_id=payment.id,
            payment_intent=payment.payment_intent,
            idempotency_key=request.id,
            amount_cents=request.amount_cents or payment.left_cents,
            currency=payment.currency,
            reason=request.reason,
        )
        .returning(RefundRow.__table__)
    )
    return refund_of(opened.one())


async def open_late_refund(
    connection: AsyncConnection, report: PaymentReport
) -> tuple[Refund, bool]:
    """Write down that a captured payment goes back in full, and whether that is news."""
    assert report.payment_intent is not None
    await connection.execute(
        update(PaymentRow)
        .where(PaymentRow.provider_ref == report.session_id, PaymentRow.payment_intent.is_(None))
        .values(
            payment_intent=report.payment_intent,
            captured_cents=report.amount_total,
            updated_at=func.now(),
        )
    )
    payment = select(PaymentRow.id).where(PaymentRow.provider_ref == report.session_id)
    key = late_key(report.payment_intent)
    opened = await connection.execute(
        upsert(RefundRow)
        .values(
            id=new_id("re"),
            order_id=report.order_id,
            payment_id=payment.scalar_subquery(),
            payment_intent=report.payment_intent,
            idempotency_key=key,
            amount_cents=report.amount_total,
            currency=report.currency,
            reason=LATE,
        )
        .on_conflict_do_nothing(index_elements=[RefundRow.idempotency_key])
        .returning(RefundRow.id)
    )
    is_new = opened.one_or_none() is not None
    statement = select(RefundRow.__table__).where(RefundRow.idempotency_key == key)
    return refund_of((await connection.execute(statement)).one()), is_new
