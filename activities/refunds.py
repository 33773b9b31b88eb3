"""Giving money back that was captured for an order that can no longer be paid."""

import stripe
from sqlalchemy import func, update
from stripe.params import RefundCreateParams
from temporalio import activity

from activities.errors import refusal
from activities.stripe_client import is_repeated
from database.engine import Database
from database.history import record
from database.models import OrderRow, PaymentRow
from database.orders import lock_order
from database.refunds import late_key, open_late_refund, refund_by_key, store_answer
from domain.errors import RefundRefused
from domain.order import OrderStatus
from domain.payment import PaymentReport, PaymentStatus
from domain.refund import RefundStatus

ALREADY_REFUNDED = "charge_already_refunded"


class Refunds:
    """Late money goes back in full, once: https://docs.stripe.com/api/refunds."""

    def __init__(self, client: stripe.StripeClient, database: Database) -> None:
        self._refunds = client.v1.refunds
        self._database = database

    @activity.defn
    async def open_refund(self, report: PaymentReport) -> None:
        """Write down that a payment goes back; repeating it changes nothing."""
        async with self._database.transaction() as connection:
            await lock_order(connection, report.order_id)
            if await open_late_refund(connection, report):
                await record(
                    connection,
                    report.order_id,
                    "refund_opened",
                    actor="checkout",
                    session=report.session_id,
                    payment_intent=report.payment_intent,
                    event=report.event_id,
                )

    @activity.defn
    async def refund_late_payment(self, report: PaymentReport) -> RefundStatus:
        """Have Stripe give the payment of a report back, and write down what Stripe says.

        Raises ApplicationError of type `refund_refused`, not retryable, when Stripe refuses.
        """
        key = late_key(str(report.payment_intent))
        async with self._database.transaction() as connection:
            refund = await refund_by_key(connection, key)
        if refund.stripe_id or refund.status != RefundStatus.PENDING:
            return RefundStatus(refund.status)
        stripe_id, status = await self._give_back(refund.order_id, report, key)
        await self._store(report, refund.id, status, stripe_id)
        return status

    async def _give_back(
        self, order_id: str, report: PaymentReport, key: str
    ) -> tuple[str | None, RefundStatus]:
        params: RefundCreateParams = {
            "payment_intent": str(report.payment_intent),
            "metadata": {"orderId": order_id, "reason": "late payment"},
        }
        try:
            given = await self._create(params, key)
        except stripe.InvalidRequestError as error:
            if error.code == ALREADY_REFUNDED:  # somebody was faster, in Stripe's dashboard
                return None, RefundStatus.SUCCEEDED
            raise refusal(RefundRefused(f"Stripe refused the refund: {error.code}")) from error
        return given.id, RefundStatus(given.status or RefundStatus.PENDING)

    async def _create(self, params: RefundCreateParams, key: str) -> stripe.Refund:
        try:
            return await self._refunds.create_async(params, {"idempotency_key": key})
        except stripe.APIError as error:
            if not is_repeated(error):
                raise
        # Another key doubles nothing: what went back in full is refused a second time.
        another = f"{key}-{activity.info().attempt}"
        return await self._refunds.create_async(params, {"idempotency_key": another})

    async def _store(
        self, report: PaymentReport, refund_id: str, status: RefundStatus, stripe_id: str | None
    ) -> None:
        async with self._database.transaction() as connection:
            await lock_order(connection, report.order_id)
            await store_answer(connection, refund_id, status, stripe_id)
            await connection.execute(
                update(PaymentRow)
                .where(
                    PaymentRow.provider_ref == report.session_id,
                    PaymentRow.status != PaymentStatus.SUCCEEDED,
                )
                .values(
                    status=PaymentStatus.REFUNDED,
                    payment_intent=report.payment_intent,
                    updated_at=func.now(),
                )
            )
            await connection.execute(
                update(OrderRow)
                .where(OrderRow.id == report.order_id, OrderRow.status == OrderStatus.CANCELLED)
                .values(
                    amount_refunded_cents=func.least(report.amount_total, OrderRow.total_cents),
                    updated_at=func.now(),
                )
            )
            await record(
                connection,
                report.order_id,
                "late_payment_refunded",
                actor="checkout",
                reason=status,
                refund=stripe_id,
                payment_intent=report.payment_intent,
            )
