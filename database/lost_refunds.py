"""Which refunds nobody follows, and of which Stripe says what we do not know."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from database.models import PaymentRow, RefundRow
from database.refunds import refund_of
from domain.refund import UNDER_WAY, Refund, RefundReport


async def abandoned_refunds(
    connection: AsyncConnection, made_before: datetime, asked_before: datetime, most: int
) -> list[Refund]:
    """Return the refunds under way that Stripe was not asked for since these times (UTC).

    The first is for those that Stripe was to make, the second for those it has made.
    """
    unmade = and_(RefundRow.stripe_id.is_(None), RefundRow.updated_at < made_before)
    statement = (
        select(RefundRow.__table__)
        .where(RefundRow.status.in_(UNDER_WAY), or_(unmade, RefundRow.updated_at < asked_before))
        .order_by(RefundRow.updated_at)
        .limit(most)
    )
    return [refund_of(row) for row in await connection.execute(statement)]


async def unheard_intents(
    connection: AsyncConnection, reports: Sequence[RefundReport]
) -> list[str]:
    """Return the payment intents that our orders were paid by, and whose refunds have news."""
    known = select(RefundRow.stripe_id, RefundRow.status).where(
        RefundRow.stripe_id.in_([report.stripe_id for report in reports])
    )
    statuses = {row.stripe_id: row.status for row in await connection.execute(known)}
    news = {
        report.payment_intent
        for report in reports
        if statuses.get(report.stripe_id) != report.status
    }
    ours = select(PaymentRow.payment_intent).where(PaymentRow.payment_intent.in_(news))
    return [intent for intent in (await connection.execute(ours)).scalars() if intent]
