"""Payments that can be given back by calling the activities themselves, without Temporal."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import stripe
from sqlalchemy import insert, update
from temporalio.testing import ActivityEnvironment

from activities.attempts import Attempts
from activities.lost_refunds import LostRefunds
from activities.refund_requests import RefundRequests
from activities.refunds import Refunds
from activities.sessions import Sessions
from activities.settlement import Settlements
from database.books import books
from database.engine import Database
from database.models import PaymentRow, RefundRow
from database.payments import attempt_of, payments_of
from database.refunds import refunds_of
from domain.checkout import HoldTickets, PaidReport
from domain.ids import OrderId, PaymentId, RefundId, new_id
from domain.money import Cents
from domain.payment import Attempt, PaymentReport, PaymentStatus, Settlement
from domain.refund import Refund, RefundRequest
from tests.orders import Orders


@dataclass(frozen=True)
class Paid:
    """An order that was paid, and the report that paid it."""

    order_id: OrderId
    report: PaymentReport

    @property
    def intent(self) -> str:
        """Return Stripe's payment intent."""
        assert self.report.payment_intent
        return self.report.payment_intent


class Desk(Orders):
    """Whoever gives money back, and sees what Stripe has."""

    def __init__(
        self, database: Database, sdk: stripe.StripeClient, http: aiohttp.ClientSession, url: str
    ) -> None:
        super().__init__(database)
        self.attempts = Attempts(
            database, hold=timedelta(minutes=30), base_url="http://shop", livemode=False
        )
        self.sessions = Sessions(sdk, database)
        self.settlements = Settlements(database, processing=timedelta(days=14))
        self.requests = RefundRequests(database)
        self.refunds = Refunds(sdk, database)
        self.lost = LostRefunds(sdk, database)
        self._sdk = sdk
        self._http = http
        self._url = url

    async def paid(self) -> Paid:
        """Let an order be paid."""
        paid = await self.paid_at_stripe(await self.order())
        assert await self.settle(paid) is Settlement.PAID
        return paid

    async def paid_at_stripe(self, order_id: OrderId) -> Paid:
        """Let an order be paid, which does not hear of it yet."""
        attempt = await self.attempts.hold_tickets(HoldTickets(order_id, datetime.now(UTC)))
        assert attempt is not None
        return await self._pay(attempt)

    async def second_capture(self, paid: Paid) -> Paid:
        """Let an order be paid once more, in a session of an attempt that was closed before."""
        async with self.database.transaction() as connection:
            first = (await payments_of(connection, paid.order_id))[0]
            closed = dict(first._mapping) | {
                "id": new_id("pay").replace("_0", "_00"),  # sorts before the order's own
                "provider_ref": None,
                "payment_intent": None,
                "captured_cents": 0,
                "status": PaymentStatus.EXPIRED,
            }
            await connection.execute(insert(PaymentRow).values(closed))
        return await self._pay(replace(attempt_of(first), id=PaymentId(str(closed["id"]))))

    async def _pay(self, attempt: Attempt) -> Paid:
        session = await self.sessions.create_session(attempt)
        await self.sandbox("POST", f"sessions/{session.session_id}/pay", {})
        report = await ActivityEnvironment().run(self.sessions.check_session, attempt)
        return Paid(attempt.order_id, report)

    async def settle(self, paid: Paid) -> Settlement:
        """Hold a payment against its order."""
        return await self.settlements.mark_paid(PaidReport(paid.report, "stripe"))

    async def wrong(self, paid: Paid) -> list[str]:
        """Return what the books say is wrong with an order."""
        async with self.database.transaction() as connection:
            found = await books(connection, datetime(2000, 1, 1, tzinfo=UTC), datetime.now(UTC))
        return [why for subject, why in found.wrong if subject == paid.order_id]

    async def opened(self, paid: Paid, amount: int | None = None) -> Refund:
        """Write down that money goes back; Stripe hears nothing of it yet."""
        return await self.requests.open_refund(wanted(paid, amount))

    async def seen(self, paid: Paid) -> list[Refund]:
        """Return the refunds of an order."""
        async with self.database.transaction() as connection:
            return await refunds_of(connection, paid.order_id)

    async def at_stripe(self, paid: Paid) -> list[int]:
        """Return the amounts of the refunds that Stripe has of a payment, oldest first."""
        found = await self._sdk.v1.refunds.list_async({"payment_intent": paid.intent})
        return [refund.amount for refund in found.data][::-1]

    async def times_asked(self, request: str) -> int:
        """Return how many requests of a kind Stripe has answered."""
        return int((await self.sandbox("GET", "ledger", None))["requests"].get(request, 0))

    async def in_the_dashboard(self, paid: Paid, amount: int) -> None:
        """Let a person give money back in Stripe's dashboard."""
        await self.sandbox("POST", f"payments/{paid.intent}/refund", {"amount": amount})

    async def fault(self, match: str, kind: str, **more: Any) -> None:
        """Let Stripe's API fail once in one way."""
        fault = {"match": match, "kind": kind, "times": 1} | more
        await self.sandbox("PUT", "faults", {"faults": [fault]})

    async def sandbox(self, method: str, path: str, body: Any) -> Any:
        """Call the sandbox's admin API."""
        url = f"{self._url}/_sandbox/{path}"
        async with self._http.request(method, url, json=body) as response:
            assert response.ok, await response.text()
            return await response.json()

    async def age(self, refund: Refund, age: timedelta) -> None:
        """Let a refund not have been touched for so long."""
        async with self.database.transaction() as connection:
            await connection.execute(
                update(RefundRow)
                .where(RefundRow.id == refund.id)
                .values(updated_at=datetime.now(UTC) - age)
            )

    async def abandoned(self) -> list[RefundId]:
        """Return the refunds that the reconciler would take up now."""
        return [found.id for found in await self.lost.abandoned_refunds(datetime.now(UTC))]

    async def unheard(self, now: datetime) -> list[str | None]:
        """Return the payment intents that the reconciler would look at."""
        found = await ActivityEnvironment().run(self.lost.unheard_refunds, now)
        return [report.payment_intent for report in found]


def wanted(paid: Paid, amount: int | None = None) -> RefundRequest:
    """Return the request to give an amount back, or all that is left."""
    cents = None if amount is None else Cents(amount)
    return RefundRequest(RefundId(new_id("re")), paid.order_id, cents, "on request", "operator")


async def at_once(calls: Iterable[Any]) -> tuple[list[Any], list[BaseException]]:
    """Let everything happen at the same time; return the answers and the errors."""
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    return [outcome for outcome in outcomes if not isinstance(outcome, BaseException)], errors
