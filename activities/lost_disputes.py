"""Disputes of which Stripe says more than we have heard; the reconciler asks for them."""

from collections.abc import AsyncIterator
from datetime import datetime

import stripe
from temporalio import activity

from activities.stripe_client import pages, undelivered
from database.disputes import note_that_stripe_was_asked, undecided_disputes, unheard_disputes
from database.engine import Database
from domain.dispute import DisputeReport, dispute_report_of
from domain.reconciliation import GRACE, WINDOW
from domain.stripe_event import DISPUTE_EVENTS


class LostDisputes:
    """Finds disputes whose events never reached us."""

    def __init__(self, client: stripe.StripeClient, database: Database) -> None:
        self._client = client
        self._database = database

    @activity.defn
    async def unheard_disputes(self, now: datetime) -> list[DisputeReport]:
        """Return what Stripe says of our payments' disputes and we do not know, each once.

        That is what the events say that were not delivered, the disputes of the last day, and once
        a day each that we know and that has no end.
        """
        found: dict[str, DisputeReport] = {}
        async for reports in self._reports(now):
            async with self._database.transaction() as connection:
                unheard = await unheard_disputes(connection, reports)
            found |= {report.id: report for report in unheard}
        return list(found.values())

    async def _reports(self, now: datetime) -> AsyncIterator[list[DisputeReport]]:
        since, until = int((now - WINDOW).timestamp()), int((now - GRACE).timestamp())
        async for events in undelivered(self._client, DISPUTE_EVENTS, now - GRACE):
            yield [dispute_report_of(event["data"]["object"]) for event in events]
        opened = await self._client.v1.disputes.list_async(
            {"created": {"gte": since, "lte": until}, "limit": 100}
        )
        async for disputes in pages(opened):
            yield [dispute_report_of(dispute.to_dict()) for dispute in disputes]
        yield await self._undecided(asked_before=now - WINDOW)

    async def _undecided(self, asked_before: datetime) -> list[DisputeReport]:
        async with self._database.statement() as connection:
            undecided = await undecided_disputes(connection, asked_before=asked_before)
        reports = []
        for dispute_id in undecided:
            activity.heartbeat()
            dispute = await self._client.v1.disputes.retrieve_async(dispute_id)
            reports.append(dispute_report_of(dispute.to_dict()))
        async with self._database.transaction() as connection:
            await note_that_stripe_was_asked(connection, undecided)
        return reports
