"""Holding Stripe and PostgreSQL against each other, both ways."""

from datetime import datetime, timedelta

import stripe
from temporalio import activity

from database.engine import Database
from database.history import record
from database.reconciliation import (
    our_orders,
    overdue_orders,
    paid_sessions,
    settled_sessions,
)
from domain.ids import OrderId
from domain.payment import PaymentReport, SessionStatus
from domain.reconciliation import Drift
from domain.reports import report_of

# A session is open for a day at the most; a payment that is delayed longer keeps its workflow.
WINDOW = timedelta(hours=25)
# What is younger may still be on its way by the webhook or the workflow that runs.
GRACE = timedelta(minutes=2)


class Reconciliation:
    """Finds what fell between the owners of the truth."""

    def __init__(self, client: stripe.StripeClient, database: Database) -> None:
        self._sessions = client.v1.checkout.sessions
        self._database = database

    @activity.defn
    async def unsettled_payments(self, now: datetime) -> list[PaymentReport]:
        """Return the paid sessions of our orders that no order has taken yet."""
        paid = await self._paid_at_stripe(now - WINDOW)
        async with self._database.transaction() as connection:
            settled = await settled_sessions(connection, list(paid))
            ours = await our_orders(connection, {report.order_id for report in paid.values()})
        return [
            report
            for session_id, report in paid.items()
            if session_id not in settled and report.order_id in ours
        ]

    @activity.defn
    async def unbacked_orders(self, now: datetime) -> list[OrderId]:
        """Return the PAID orders whose session Stripe does not say to be paid."""
        paid = await self._paid_at_stripe(now - WINDOW)
        async with self._database.transaction() as connection:
            ours = await paid_sessions(connection, now - WINDOW + GRACE, now - GRACE)
        return [order_id for session_id, order_id in ours.items() if session_id not in paid]

    @activity.defn
    async def overdue_checkouts(self, now: datetime) -> list[OrderId]:
        """Return the orders that hold tickets though their deadline has passed a while ago."""
        async with self._database.transaction() as connection:
            return await overdue_orders(connection, now - GRACE)

    @activity.defn
    async def record_drift(self, drift: Drift) -> None:
        """Write a finding into the order's history."""
        async with self._database.transaction() as connection:
            await record(
                connection, drift.order_id, "drift_found", actor="reconciler", reason=drift.what
            )

    async def _paid_at_stripe(self, since: datetime) -> dict[str, PaymentReport]:
        sessions = await self._sessions.list_async(
            {"created": {"gte": int(since.timestamp())}, "status": "complete", "limit": 100}
        )
        found: dict[str, PaymentReport] = {}
        async for session in sessions.auto_paging_iter():
            report = report_of(session.to_dict())
            if report and report.status is SessionStatus.PAID:
                found[report.session_id] = report
        return found
