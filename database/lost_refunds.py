"""Which refunds nobody follows, and of which Stripe says what we do not know."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from database.models import RefundRow
from database.payments import our_intents
from database.refunds import refund_of
from domain.reconciliation import goes_further
from domain.refund import UNDER_WAY, Refund, RefundReport, RefundStatus


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


async def unheard_refunds(
    connection: AsyncConnection, reports: Sequence[RefundReport]
) -> list[RefundReport]:
    """Return those refunds of our payments that have gone further at Stripe than here."""
    known = select(RefundRow.stripe_id, RefundRow.status).where(
        RefundRow.stripe_id.in_([report.stripe_id for report in reports])
    )
    statuses = {row.stripe_id: RefundStatus(row.status) for row in await connection.execute(known)}
    ours = await our_intents(connection, (report.payment_intent for report in reports))
    return [
        report
        for report in reports
        if report.payment_intent in ours
        and goes_further(report.status, statuses.get(report.stripe_id))
    ]
