"""Holding Stripe and PostgreSQL against each other, both ways."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta

import stripe
from temporalio import activity

from activities.stripe_client import events_since, pages, undelivered
from database.engine import Database
from database.reconciliation import (
    abandoned_checkouts,
    attempt_statuses,
    our_orders,
    paid_sessions,
    record_drift,
    sessions_set_aside,
)
from domain.payment import PaymentReport, SessionStatus
from domain.reconciliation import GRACE, WINDOW, Drift, DriftKind, is_news
from domain.reports import report_of, report_of_event
from domain.stripe_event import DEBIT_ENDS, SESSION_EVENTS

# A session's time is Stripe's, an attempt's is PostgreSQL's, and `now` is Temporal's.
CLOCKS_MAY_DIFFER_BY = timedelta(hours=1)
MOST_REPORTS = 1000  # what is more comes next time


class Reconciliation:
    """Finds what fell between the owners of the truth."""

    def __init__(self, client: stripe.StripeClient, database: Database) -> None:
        self._client = client
        self._database = database

    @activity.defn
    async def unheard_reports(self, now: datetime) -> list[PaymentReport]:
        """Return what Stripe reports of our orders and they do not know, one for each session.

        That is what the events say that were not delivered. In case an event was lost on our
        side, it is also the last day's ends of delayed payments, and its paid sessions.
        """
        found: list[PaymentReport] = []
        async for reports in self._reports(now):
            found += await self._news_in(reports)
            if len(found) >= MOST_REPORTS:
                break
        return list({report.session_id: report for report in sorted(found, key=_weight)}.values())

    @activity.defn
    async def unbacked_orders(self, now: datetime) -> list[Drift]:
        """Return the PAID orders whose session Stripe does not say to be paid.

        Ours are read first: what is PAID here by now, Stripe's list says, however long that takes.
        """
        async with self._database.transaction() as connection:
            ours = await paid_sessions(connection, now - WINDOW + CLOCKS_MAY_DIFFER_BY, now - GRACE)
        paid: set[str] = set()
        async for reports in self._paid_sessions(now - WINDOW):
            paid |= {report.session_id for report in reports}
        return [
            Drift(order_id, DriftKind.UNBACKED_ORDER, f"Stripe does not say that {session} is paid")
            for session, order_id in ours.items()
            if session not in paid
        ]

    @activity.defn
    async def abandoned_checkouts(self, now: datetime) -> list[Drift]:
        """Return the orders that somebody should have closed or asked after a while ago."""
        async with self._database.transaction() as connection:
            return await abandoned_checkouts(connection, now - GRACE, now - WINDOW)

    @activity.defn
    async def record_drift(self, drift: Drift) -> bool:
        """Write a finding into the order's history; False when it stands there already."""
        async with self._database.transaction() as connection:
            return await record_drift(connection, drift)

    async def _reports(self, now: datetime) -> AsyncIterator[list[PaymentReport]]:
        for listed in (
            undelivered(self._client, SESSION_EVENTS, until=now),
            events_since(self._client, DEBIT_ENDS, now - WINDOW),
        ):
            async for events in listed:
                yield _ours(report_of_event(event) for event in events)
        async for reports in self._paid_sessions(now - WINDOW):
            yield reports

    async def _paid_sessions(self, since: datetime) -> AsyncIterator[list[PaymentReport]]:
        complete = await self._client.v1.checkout.sessions.list_async(
            {"created": {"gte": int(since.timestamp())}, "status": "complete", "limit": 100}
        )
        async for sessions in pages(complete):
            reports = _ours(report_of(session.to_dict()) for session in sessions)
            yield [report for report in reports if report.status is SessionStatus.PAID]

    async def _news_in(self, reports: list[PaymentReport]) -> list[PaymentReport]:
        async with self._database.transaction() as connection:
            ours = await our_orders(connection, reports)
            attempts = await attempt_statuses(connection, reports)
            aside = await sessions_set_aside(connection, reports)
        return [
            report
            for report in reports
            if report.order_id in ours
            and report.session_id not in aside
            and is_news(report, attempts.get(report.session_id))
        ]


def _ours(reports: Iterable[PaymentReport | None]) -> list[PaymentReport]:
    return [report for report in reports if report is not None]


def _weight(report: PaymentReport) -> tuple[bool, bool]:
    """Of two reports on a session the later one counts: a payment, and best one with its event."""
    return report.status is SessionStatus.PAID, report.event_id is not None
