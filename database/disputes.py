"""Disputes: each once, by Stripe's id, and what they mean for their order."""

from typing import Any

from sqlalchemy import Row, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from database import tickets
from database.models import DisputeRow, OrderRow
from domain.dispute import IN_OUR_FAVOUR, Dispute
from domain.ids import OrderId, PaymentId


async def dispute_by_id(connection: AsyncConnection, dispute_id: str) -> Row[Any] | None:
    """Return what is known of a dispute."""
    statement = select(DisputeRow.__table__).where(DisputeRow.id == dispute_id)
    return (await connection.execute(statement)).one_or_none()


async def disputes_of(connection: AsyncConnection, order_id: OrderId) -> list[Row[Any]]:
    """Return all disputes of an order, oldest first."""
    statement = (
        select(DisputeRow.__table__)
        .where(DisputeRow.order_id == order_id)
        .order_by(DisputeRow.created_at)
    )
    return list((await connection.execute(statement)).all())


async def add_dispute(
    connection: AsyncConnection, dispute: Dispute, order_id: OrderId, payment_id: PaymentId
) -> None:
    """Store a dispute that was not known yet."""
    await connection.execute(
        insert(DisputeRow).values(
            id=dispute.id,
            order_id=order_id,
            payment_id=payment_id,
            amount_cents=dispute.amount_cents,
            currency=dispute.currency,
            reason=dispute.reason,
            status=dispute.status,
        )
    )


async def move_dispute(connection: AsyncConnection, dispute: Dispute) -> None:
    """Store the status that Stripe now says a dispute has."""
    await connection.execute(
        update(DisputeRow)
        .where(DisputeRow.id == dispute.id)
        .values(status=dispute.status, amount_cents=dispute.amount_cents, updated_at=func.now())
    )


async def follow_disputes(connection: AsyncConnection, order_id: OrderId) -> bool | None:
    """Bring the order's flag and its tickets in line with its disputes.

    Returns the flag where it has changed, else None.
    """
    against_us = exists().where(
        DisputeRow.order_id == order_id, DisputeRow.status.not_in(IN_OUR_FAVOUR)
    )
    flag = (
        update(OrderRow)
        .where(OrderRow.id == order_id, OrderRow.disputed != against_us)
        .values(disputed=against_us, updated_at=func.now())
        .returning(OrderRow.disputed)
    )
    disputed: bool | None = (await connection.execute(flag)).scalar_one_or_none()
    if disputed is not None:
        await (tickets.freeze if disputed else tickets.restore)(connection, order_id)
    return disputed
