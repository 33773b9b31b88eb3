"""Orders together with the activities that move them on, called without Temporal."""

from datetime import UTC, datetime, timedelta

from activities.attempts import Attempts
from activities.settlement import Settlements
from database.engine import Database
from database.payments import store_session
from domain.checkout import CloseAttempt, CloseReason, HoldTickets, PaidReport
from domain.ids import OrderId, new_id
from domain.order import OrderStatus
from domain.payment import (
    Attempt,
    CheckoutSession,
    PaymentReport,
    SessionStatus,
    Settlement,
)
from tests.orders import Orders

NOW = datetime.now(UTC)


class Guarded(Orders):
    """Orders together with the activities that move them on."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        hold = timedelta(minutes=30)
        self.attempts = Attempts(database, hold=hold, base_url="http://shop", livemode=False)
        self.settlements = Settlements(database, processing=timedelta(days=14))

    async def attempt(self, order_id: OrderId) -> tuple[Attempt, PaymentReport]:
        """Hold an order's tickets; return the attempt and the report that would pay it."""
        attempt = await self.attempts.hold_tickets(HoldTickets(order_id, NOW))
        assert attempt is not None
        session = CheckoutSession(new_id("cs"), "http://pay", attempt.expires_at)
        async with self.database.transaction() as connection:
            await store_session(connection, attempt.id, session)
        return attempt, PaymentReport(
            order_id=order_id,
            session_id=session.session_id,
            status=SessionStatus.PAID,
            amount_total=attempt.amount_cents,
            currency=attempt.currency,
            livemode=False,
            payment_intent=new_id("pi"),
            event_id=new_id("evt"),
        )

    async def pay(self, report: PaymentReport) -> Settlement:
        """Settle a report."""
        return await self.settlements.mark_paid(PaidReport(report, "stripe"))

    async def cancel(self, attempt: Attempt) -> OrderStatus:
        """Cancel the order of an attempt."""
        closing = CloseAttempt(attempt.order_id, attempt.id, CloseReason.DEADLINE, "checkout")
        return await self.attempts.cancel_order(closing)
