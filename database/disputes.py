"""Disputes: each once, by Stripe's id, and what they mean for their order."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from database import tickets
from database.models import DisputeRow, OrderRow
from database.payments import our_intents
from domain.dispute import DECIDED, IN_OUR_FAVOUR, Dispute, DisputeReport, DisputeStatus
from domain.ids import OrderId, PaymentId
from domain.reconciliation import goes_further


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


async def follow_disputes(connection: AsyncConnection, order_id: OrderId) -> None:
    """Bring the order's flag and its tickets in line with its disputes, and touch it."""
    against_us = exists().where(
        DisputeRow.order_id == order_id, DisputeRow.status.not_in(IN_OUR_FAVOUR)
    )
    flag = (
        update(OrderRow)
        .where(OrderRow.id == order_id)
        .values(disputed=against_us, updated_at=func.now())
        .returning(OrderRow.disputed)
    )
    disputed = (await connection.execute(flag)).scalar_one()
    await (tickets.freeze if disputed else tickets.restore)(connection, order_id)


async def undecided_disputes(connection: AsyncConnection, *, asked_before: datetime) -> list[str]:
    """Return the disputes without an end that Stripe was last asked for before a time (UTC)."""
    statement = select(DisputeRow.id).where(
        DisputeRow.status.not_in(DECIDED), DisputeRow.updated_at < asked_before
    )
    return list((await connection.execute(statement)).scalars())


async def note_that_stripe_was_asked(connection: AsyncConnection, dispute_ids: list[str]) -> None:
    """Note that these disputes were looked at just now."""
    await connection.execute(
        update(DisputeRow).where(DisputeRow.id.in_(dispute_ids)).values(updated_at=func.now())
    )


async def unheard_disputes(
    connection: AsyncConnection, reports: Sequence[DisputeReport]
) -> list[DisputeReport]:
    """Return those disputes of our payments that have gone further at Stripe than here."""
    known = select(DisputeRow.id, DisputeRow.status).where(
        DisputeRow.id.in_([report.id for report in reports])
    )
    statuses = {row.id: DisputeStatus(row.status) for row in await connection.execute(known)}
    ours = await our_intents(connection, (report.payment_intent for report in reports))
    return [
        report
        for report in reports
        if report.payment_intent in ours and goes_further(report.status, statuses.get(report.id))
    ]
