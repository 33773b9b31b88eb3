"""What PostgreSQL knows that Stripe and Temporal can be held against."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from database.models import OrderHistoryRow, OrderRow, PaymentRow
from database.payments import IS_OPEN
from domain.ids import OrderId
from domain.order import OrderStatus
from domain.payment import SETTLED_STATUSES, PaymentStatus


async def overdue_orders(connection: AsyncConnection, before: datetime) -> list[OrderId]:
    """Return the orders whose open attempt should have been closed before a time (UTC)."""
    statement = (
        select(PaymentRow.order_id)
        .where(IS_OPEN, PaymentRow.expires_at < before)
        .order_by(PaymentRow.expires_at)
        .limit(1000)
    )
    return [OrderId(order_id) for order_id in (await connection.execute(statement)).scalars()]


async def our_orders(connection: AsyncConnection, order_ids: Collection[OrderId]) -> set[OrderId]:
    """Return those of these orders that exist here; an account may serve other shops, too."""
    statement = select(OrderRow.id).where(OrderRow.id.in_(order_ids))
    return {OrderId(order_id) for order_id in (await connection.execute(statement)).scalars()}


async def settled_sessions(connection: AsyncConnection, sessions: Collection[str]) -> set[str]:
    """Return those of these sessions whose payment was taken, given back, or set aside."""
    settled = select(PaymentRow.provider_ref).where(
        PaymentRow.provider_ref.in_(sessions), PaymentRow.status.in_(SETTLED_STATUSES)
    )
    session = OrderHistoryRow.stripe_ids["session"].astext
    aside = select(session).where(
        OrderHistoryRow.action == "payment_set_aside", session.in_(sessions)
    )
    found = (await connection.execute(settled.union(aside))).scalars()
    return {session_id for session_id in found if session_id}


async def paid_sessions(
    connection: AsyncConnection, since: datetime, until: datetime
) -> dict[str, OrderId]:
    """Return the sessions that PAID orders rest on, of attempts begun between two times (UTC)."""
    statement = (
        select(PaymentRow.provider_ref, PaymentRow.order_id)
        .join(OrderRow, OrderRow.id == PaymentRow.order_id)
        .where(
            OrderRow.status == OrderStatus.PAID,
            OrderRow.needs_attention.is_(False),
            PaymentRow.status == PaymentStatus.SUCCEEDED,
            PaymentRow.created_at.between(since, until),
        )
    )
    rows = await connection.execute(statement)
    return {str(row.provider_ref): OrderId(row.order_id) for row in rows}
