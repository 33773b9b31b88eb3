"""What PostgreSQL knows that Stripe and Temporal can be held against."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Row, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from database.history import record
from database.models import OrderHistoryRow, OrderRow, PaymentRow
from database.payments import IS_OPEN
from domain.ids import OrderId
from domain.order import OrderStatus
from domain.payment import PaymentReport, PaymentStatus
from domain.reconciliation import Drift, DriftKind

DRIFT_FOUND = "drift_found"
TO_THE_SECOND = "%Y-%m-%d %H:%M:%S"


async def abandoned_checkouts(
    connection: AsyncConnection, due_before: datetime, looked_before: datetime
) -> list[Drift]:
    """Return the orders whose open attempt nobody minds, the longest abandoned first.

    Those that should have been closed before a time (UTC), and those with a delayed payment that
    nobody has asked Stripe about since another; 1000 of them at the most.
    """
    looked_at = func.coalesce(PaymentRow.looked_at, PaymentRow.created_at)
    overdue = PaymentRow.expires_at < due_before
    unwatched = and_(PaymentRow.status == PaymentStatus.PROCESSING, looked_at < looked_before)
    statement = (
        select(
            PaymentRow.order_id,
            PaymentRow.expires_at,
            looked_at.label("looked_at"),
            overdue.label("is_overdue"),
        )
        .where(IS_OPEN, or_(overdue, unwatched))
        .order_by(func.least(PaymentRow.expires_at, looked_at))
        .limit(1000)
    )
    return [_abandoned(row) for row in await connection.execute(statement)]


def _abandoned(row: Row[str, datetime, datetime, bool]) -> Drift:
    if row.is_overdue:
        kind, what = DriftKind.OVERDUE_CHECKOUT, f"due {row.expires_at:{TO_THE_SECOND}} UTC"
    else:
        kind, what = DriftKind.UNWATCHED_PAYMENT, f"looked at {row.looked_at:{TO_THE_SECOND}} UTC"
    return Drift(OrderId(row.order_id), kind, what)


async def our_orders(
    connection: AsyncConnection, reports: Collection[PaymentReport]
) -> set[OrderId]:
    """Return the orders of reports that exist here; an account may serve other shops, too."""
    statement = select(OrderRow.id).where(OrderRow.id.in_({report.order_id for report in reports}))
    return {OrderId(order_id) for order_id in (await connection.execute(statement)).scalars()}


async def attempt_statuses(
    connection: AsyncConnection, reports: Collection[PaymentReport]
) -> dict[str, PaymentStatus]:
    """Return how far the attempts are whose sessions are reported, by session."""
    statement = select(PaymentRow.provider_ref, PaymentRow.status).where(
        PaymentRow.provider_ref.in_({report.session_id for report in reports})
    )
    rows = await connection.execute(statement)
    return {str(row.provider_ref): PaymentStatus(row.status) for row in rows}


async def sessions_set_aside(
    connection: AsyncConnection, reports: Collection[PaymentReport]
) -> set[str]:
    """Return the sessions of reports whose payment was set aside for a person to look at."""
    session = OrderHistoryRow.stripe_ids["session"].astext
    statement = select(session).where(
        OrderHistoryRow.order_id.in_({report.order_id for report in reports}),
        OrderHistoryRow.action == "payment_set_aside",
        session.in_({report.session_id for report in reports}),
    )
    return set((await connection.execute(statement)).scalars())


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


async def record_drift(connection: AsyncConnection, drift: Drift) -> bool:
    """Append a finding to the order's history; False when the same one stands there already."""
    reason = f"{drift.kind}: {drift.what}"
    seen = exists().where(
        OrderHistoryRow.order_id == drift.order_id,
        OrderHistoryRow.action == DRIFT_FOUND,
        OrderHistoryRow.reason == reason,
    )
    if (await connection.execute(select(seen))).scalar_one():
        return False
    await record(connection, drift.order_id, DRIFT_FOUND, actor="reconciler", reason=reason)
    return True
