"""Disputes of which Stripe says more than we have heard; the reconciler asks for them."""

from datetime import datetime, timedelta

import stripe
from temporalio import activity

from database.disputes import news_of_disputes, note_that_stripe_was_asked, undecided_disputes
from database.engine import Database

# A new dispute is found by its time; one that we know is asked after once a day until it ends.
WINDOW = timedelta(hours=25)
# What is younger may still be on its way by the webhook.
GRACE = timedelta(minutes=2)


class LostDisputes:
    """Finds disputes whose events never reached us."""

    def __init__(self, client: stripe.StripeClient, database: Database) -> None:
        self._disputes = client.v1.disputes
        self._database = database

    @activity.defn
    async def unheard_disputes(self, now: datetime) -> list[str]:
        """Return the disputes of our payments that stand otherwise at Stripe than here."""
        found = {dispute.id: dispute for dispute in await self._opened(now - WINDOW, now - GRACE)}
        async with self._database.statement() as connection:
            undecided = await undecided_disputes(connection, asked_before=now - WINDOW)
        for dispute_id in undecided:
            activity.heartbeat()
            found[dispute_id] = await self._disputes.retrieve_async(dispute_id)
        async with self._database.transaction() as connection:
            await note_that_stripe_was_asked(connection, undecided)
            return await news_of_disputes(
                connection,
                {
                    dispute.id: (dispute.status, dispute.to_dict()["payment_intent"])
                    for dispute in found.values()
                },
            )

    async def _opened(self, since: datetime, until: datetime) -> list[stripe.Dispute]:
        page = await self._disputes.list_async(
            {
                "created": {"gte": int(since.timestamp()), "lte": int(until.timestamp())},
                "limit": 100,
            }
        )
        found: list[stripe.Dispute] = []
        while not page.is_empty:
            activity.heartbeat()
            found += page.data
            page = await page.next_page_async()
        return found
