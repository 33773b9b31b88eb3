"""Refunds: the row first, then Stripe, then what Stripe said."""

from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from database.models import PaymentRow, RefundRow
from domain.ids import new_id
from domain.payment import PaymentReport
from domain.refund import RefundStatus


def late_key(payment_intent: str) -> str:
    """Return the idempotency key under which a late payment goes back: once, whoever asks."""
    return f"late-{payment_intent}"


async def open_late_refund(connection: AsyncConnection, report: PaymentReport) -> bool:
    """Write down that a captured payment goes back in full; False when it stands there already."""
    assert report.payment_intent is not None
    payment = select(PaymentRow.id).where(PaymentRow.provider_ref == report.session_id)
    statement = (
        upsert(RefundRow)
        .values(
            id=new_id("re"),
            order_id=report.order_id,
            payment_id=payment.scalar_subquery(),
            payment_intent=report.payment_intent,
            idempotency_key=late_key(report.payment_intent),
            amount_cents=report.amount_total,
            currency=report.currency,
            reason="late payment",
        )
        .on_conflict_do_nothing(index_elements=[RefundRow.idempotency_key])
        .returning(RefundRow.id)
    )
    return (await connection.execute(statement)).one_or_none() is not None


async def refund_by_key(connection: AsyncConnection, key: str) -> Row[Any]:
    """Return the refund of an idempotency key, locked."""
    statement = select(RefundRow.__table__).where(RefundRow.idempotency_key == key)
    return (await connection.execute(statement.with_for_update())).one()


async def store_answer(
    connection: AsyncConnection, refund_id: str, status: RefundStatus, stripe_id: str | None
) -> None:
    """Write down what Stripe said of a refund."""
    await connection.execute(
        update(RefundRow)
        .where(RefundRow.id == refund_id)
        .values(status=status, stripe_id=stripe_id, updated_at=func.now())
    )
