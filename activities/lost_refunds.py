"""Refunds that fell between the owners of the truth; the reconciler asks for them."""

from collections.abc import AsyncIterator
from datetime import datetime

import stripe
from temporalio import activity

from activities.stripe_client import pages, undelivered
from database.engine import Database
from database.lost_refunds import abandoned_refunds, unheard_refunds
from domain.reconciliation import GRACE, WINDOW
from domain.refund import Refund, RefundReport, refund_report_of
from domain.stripe_event import REFUND_EVENTS

# https://docs.stripe.com/api/events/types; the event of the charge comes beside one of the others.
EVENTS_WITH_REFUNDS = REFUND_EVENTS - {"charge.refunded"}
MOST = 1000  # what is more comes next time


class LostRefunds:
    """Finds refunds that nobody follows, and those that Stripe has and we do not."""

    def __init__(self, client: stripe.StripeClient, database: Database) -> None:
        self._client = client
        self._database = database

    @activity.defn
    async def abandoned_refunds(self, now: datetime) -> list[Refund]:
        """Return the refunds that should have been made, or asked after, a while ago.

        Where a workflow is running for one all the same, it is Stripe that is slow.
        """
        async with self._database.transaction() as connection:
            return await abandoned_refunds(connection, now - GRACE, now - WINDOW, MOST)

    @activity.defn
    async def unheard_refunds(self, now: datetime) -> list[RefundReport]:
        """Return what Stripe says of our payments' refunds and we do not know, one a refund.

        That is what the events say that were not delivered, and the refunds of the last day.
        """
        found: dict[str, RefundReport] = {}
        async for reports in self._reports(now):
            async with self._database.transaction() as connection:
                unheard = await unheard_refunds(connection, reports)
            found |= {report.stripe_id: report for report in unheard}
            if len(found) >= MOST:
                break
        return list(found.values())

    async def _reports(self, now: datetime) -> AsyncIterator[list[RefundReport]]:
        since, until = int((now - WINDOW).timestamp()), int((now - GRACE).timestamp())
        async for events in undelivered(self._client, EVENTS_WITH_REFUNDS, now - GRACE):
            yield [refund_report_of(event["data"]["object"]) for event in events]
        made = await self._client.v1.refunds.list_async(
            {"created": {"gte": since, "lte": until}, "limit": 100}
        )
        async for refunds in pages(made):
            yield [refund_report_of(refund.to_dict()) for refund in refunds]
