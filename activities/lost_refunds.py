"""Refunds that fell between the owners of the truth; the reconciler asks for them."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import stripe
from temporalio import activity

from database.engine import Database
from database.lost_refunds import abandoned_refunds, unheard_intents
from domain.refund import Refund, RefundReport, refund_report_of

WINDOW = timedelta(hours=25)
# What is younger may still be on its way by the webhook or the workflow that runs.
GRACE = timedelta(minutes=2)
MOST = 1000  # what is more comes next time


class LostRefunds:
    """Finds refunds that nobody follows, and those that Stripe has and we do not."""

    def __init__(self, client: stripe.StripeClient, database: Database) -> None:
        self._refunds = client.v1.refunds
        self._database = database

    @activity.defn
    async def abandoned_refunds(self, now: datetime) -> list[Refund]:
        """Return the refunds that should have been made, or asked after, a while ago.

        Where a workflow is running for one all the same, it is Stripe that is slow.
        """
        async with self._database.transaction() as connection:
            return await abandoned_refunds(connection, now - GRACE, now - WINDOW, MOST)

    @activity.defn
    async def unheard_refunds(self, now: datetime) -> list[str]:
        """Return the payment intents of ours of whose refunds in the last day Stripe says more."""
        found: dict[str, None] = {}
        async for reports in self._made_since(now - WINDOW, until=now - GRACE):
            async with self._database.transaction() as connection:
                found |= dict.fromkeys(await unheard_intents(connection, reports))
            if len(found) >= MOST:
                break
        return list(found)

    async def _made_since(
        self, since: datetime, *, until: datetime
    ) -> AsyncIterator[list[RefundReport]]:
        page = await self._refunds.list_async(
            {
                "created": {"gte": int(since.timestamp()), "lte": int(until.timestamp())},
                "limit": 100,
            }
        )
        while not page.is_empty:
            activity.heartbeat()
            yield [refund_report_of(refund.to_dict()) for refund in page.data]
            page = await page.next_page_async()
